"""One case through the variants of one model, in a worker: read the inputs, animate, write the videos."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.config import AUDIO_RATE
from bench.content import content_hashes
from bench.errors import BenchError
from bench.models import registry
from bench.models.base import Animation, Case, Context, Model, ModelError, Options
from bench.store import replacing, sha256_file
from datasets.media import MediaError, read_audio, replace_sound, write_video


@dataclass(frozen=True)
class Surroundings:
    """A `Context` that can be hashed and sent to a worker."""

    device: str
    sounds: tuple[tuple[str, Path], ...]
    speakers: tuple[tuple[str, str], ...]
    cases: str

    def open(self) -> Context:
        return Context(self.device, dict(self.sounds), dict(self.speakers), self.cases)


@dataclass(frozen=True)
class Variant:
    """A row of ``params.yaml`` that lacks the video of a case.

    Attributes:
        model: its name. options: as JSON. target: the video to write. recipe: digest of all that decides what is in it.
    """

    model: str
    options: str
    target: Path
    recipe: str


@dataclass(frozen=True)
class Job:
    """One case and the variants of one kind of model that miss it.

    They go through the same worker one after the other, so that what depends on the case alone (its sound, the tracked
    portrait, the tracked pose source) is worked out once.

    Attributes:
        kind: name of the registry entry. variants: in the order of ``params.yaml``.
        row: the case, see `bench.generate`. surroundings: of its case set. seed: of all chance.
    """

    kind: str
    variants: tuple[Variant, ...]
    row: dict[str, Any]
    surroundings: Surroundings
    seed: int


def options_json(options: Options) -> str:
    """Options in a form that can be compared."""
    return json.dumps(options, sort_keys=True)


def load_case(row: dict[str, Any]) -> Case:
    """Read the inputs of a case from its row."""
    from PIL import Image

    portrait = np.asarray(Image.open(row["portrait"]).convert("RGB"))
    samples = round(row["frames"] / row["fps"] * AUDIO_RATE)
    audio = np.zeros(samples, np.float32)
    if row["audio"] is not None:
        sound = read_audio(row["audio"], AUDIO_RATE)[:samples]
        audio[: len(sound)] = sound
    return Case(
        row["case"], row["protocol"], portrait, audio, row["audio"] is None, row["fps"], row["frames"], row["pose"],
        row["emotion"], row["intensity"], row["clip_video"],
    )  # fmt: skip


def run_job(job: Job) -> list[dict[str, Any]]:
    """A journal entry for each variant. What a model or its media cannot do is a failure; a full disk ends the run."""
    return [_run_variant(job, variant) for variant in job.variants]


def _run_variant(job: Job, variant: Variant) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "case": job.row["case"],
        "recipe": variant.recipe,
        "status": "ok",
        "detail": "",
        "sha256": None,
        "pictures": None,
        "sound": None,
    }
    start = time.perf_counter()
    try:
        case = load_case(job.row)
        _write(_model(job, variant).animate(case, job.seed), case, variant.target)
        entry["sha256"] = sha256_file(variant.target)
        entry["pictures"], entry["sound"] = content_hashes(variant.target)
    except ModelError as error:
        entry.update(status=error.status, detail=error.detail)
    except MediaError as error:
        if error.reason == "write_error":
            raise BenchError(f"{error.path}: {error.detail}") from error
        entry.update(status=error.reason, detail=f"{error.path.name}: {error.detail}")
    except BenchError:
        raise
    except Exception as error:
        # A model is foreign code: whatever it throws is this case's failure, named, and not the end of the run.
        entry.update(status="not_generated", detail=f"{type(error).__name__}: {error}")
    if entry["status"] != "ok":
        variant.target.unlink(missing_ok=True)
    entry["seconds"] = round(time.perf_counter() - start, 3)
    return entry


_OPEN: dict[str, dict[tuple[str, str, Surroundings], Model]] = {}
"""Models of the kind that this process is at; those of another one are let go, for they may fill the memory."""


def _model(job: Job, variant: Variant) -> Model:
    if job.kind not in _OPEN:
        _OPEN.clear()
    made = _OPEN.setdefault(job.kind, {})
    key = (variant.model, variant.options, job.surroundings)
    if key not in made:
        made[key] = registry.make(variant.model, json.loads(variant.options), job.surroundings.open())
    return made[key]


def _write(animation: Animation, case: Case, target: Path) -> None:
    if animation.file is not None:
        if not animation.file.is_file():
            raise ModelError("not_generated", f"{animation.file.name} is not a file")
        if animation.sound_of_its_own:
            replace_sound(animation.file, target, animation.audio, AUDIO_RATE)
            return
        with replacing(target) as temporary:
            shutil.copyfile(animation.file, temporary)
        return
    if animation.frames is None:
        raise ModelError("not_generated", "the model gave neither frames nor a file")
    write_video(target, animation.frames, case.fps, animation.audio, AUDIO_RATE, crf=animation.crf)
