"""Cases through a model, in a worker: read the inputs, animate, write the videos. One case and its variants, or many at once."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.config import AUDIO_RATE
from bench.content import content_hashes
from bench.errors import BenchError
from bench.models import registry
from bench.models.base import Animation, AnyModel, Case, Context, ManyModel, Model, ModelError, Options
from bench.store import read_table, records, replacing, sha256_file
from bench.workspace import Workspace
from datasets.media import MediaError, read_audio, replace_sound, write_video
from metrics.base import Status


@dataclass(frozen=True)
class Surroundings:
    """What a `Context` is made of, as small as it must be to go to a worker with every job.

    Attributes:
        device: of networks. cases: name of the case set. root: of the workspace. table: of its cases, below the root.
        digest: of the table, so that another one is another context. run: another word in every command.
    """

    device: str
    cases: str
    root: Path
    table: Path
    digest: str
    run: str

    def open(self, logs: Path | None = None) -> Context:
        return Context(self.device, *_told(self), self.cases, logs)


@lru_cache(maxsize=8)
def _told(surroundings: Surroundings) -> tuple[dict[str, Path], dict[str, str]]:
    """Sound file and speaker of every case of the table."""
    table, workspace = read_table(surroundings.table, "space-bench prepare"), Workspace(surroundings.root)
    sounds = {row.case: workspace.resolve(row.audio) for row in records(table) if pd.notna(row.audio)}
    return sounds, dict(zip(table["case"], table["speaker"], strict=True))


@dataclass(frozen=True)
class Variant:
    """A video that a row of ``params.yaml`` lacks.

    Attributes:
        model: name of the row. options: as JSON. row: the case, see `bench.generate`. target: the video to write.
        recipe: digest of all that decides what is in it.
    """

    model: str
    options: str
    row: dict[str, Any]
    target: Path
    recipe: str

    @property
    def case(self) -> str:
        return str(self.row["case"])


@dataclass(frozen=True)
class Job:
    """One case and the variants of one kind of model that miss it; or many cases of a model that takes them in one go.

    Variants of a case go through the same worker one after the other, so that what depends on the case alone (its sound,
    the tracked portrait, the tracked pose source) is worked out once.

    Attributes:
        kind: name of the registry entry. variants: in the order of ``params.yaml``.
        surroundings: of their case set. seed: of all chance.
    """

    kind: str
    variants: tuple[Variant, ...]
    surroundings: Surroundings
    seed: int

    @property
    def frames(self) -> int:
        """Frames of the longest video."""
        return max(int(variant.row["frames"]) for variant in self.variants)


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
    groups = groupby(job.variants, key=lambda variant: (variant.model, variant.options))
    return [entry for _, group in groups for entry in _run_model(job, list(group))]


def _run_model(job: Job, variants: Sequence[Variant]) -> list[dict[str, Any]]:
    """The variants of one model."""
    start = time.perf_counter()
    try:
        model = _model(job, variants[0])
    except ModelError as error:
        return [failed(variant.case, variant.recipe, error) for variant in variants]
    if isinstance(model, ManyModel):
        entries = _run_many(model, variants, job.seed)
    else:
        entries = [_run_one(model, variant, job.seed) for variant in variants]
    seconds = round((time.perf_counter() - start) / len(variants), 3)
    for variant, entry in zip(variants, entries, strict=True):
        if entry["status"] != "ok":
            variant.target.unlink(missing_ok=True)
        entry["seconds"] = seconds
        if entry["status"] == "weights_missing":
            _OPEN[job.kind][_key(job, variant)] = ModelError(entry["status"], entry["detail"])
    return entries


def _run_one(model: Model, variant: Variant, seed: int) -> dict[str, Any]:
    entry = _blank(variant.case, variant.recipe)
    with _failing(entry):
        case = load_case(variant.row)
        _take(model.animate(case, seed), case, variant, entry)
    return entry


def _run_many(model: ManyModel, variants: Sequence[Variant], seed: int) -> list[dict[str, Any]]:
    """All cases in one go; what becomes of one of them is not the others' concern."""
    by_case = {variant.case: variant for variant in variants}
    entries = {variant.case: _blank(variant.case, variant.recipe) for variant in variants}

    def readable() -> Iterator[Case]:
        for variant in variants:
            case: Case | None = None
            with _failing(entries[variant.case]):
                case = load_case(variant.row)
            if case is not None:
                yield case

    whole: dict[str, Any] = {"status": "not_generated", "detail": "the model gave no answer for this case"}
    with _failing(whole), closing(model.animate_many(readable(), seed)) as answers:
        for case, answer in answers:
            with _failing(entries[case.name]):
                if isinstance(answer, ModelError):
                    raise answer
                _take(answer, case, by_case[case.name], entries[case.name])
    for entry in entries.values():
        if entry["status"] == "ok" and entry["sha256"] is None:
            entry.update(status=whole["status"], detail=whole["detail"])
    return list(entries.values())


def failed(case: str, recipe: str, error: ModelError) -> dict[str, Any]:
    """The journal entry of a case for which a model could not even be made."""
    return _blank(case, recipe) | {"status": error.status, "detail": error.detail, "seconds": 0.0}


def _blank(case: str, recipe: str) -> dict[str, Any]:
    return {
        "case": case, "recipe": recipe, "status": "ok", "detail": "", "sha256": None, "pictures": None, "sound": None,
    }  # fmt: skip


@contextmanager
def _failing(entry: dict[str, Any]) -> Iterator[None]:
    """Turn what goes wrong into the entry's status and detail."""
    try:
        yield
    except ModelError as error:
        entry.update(status=error.status, detail=error.detail)
        if error.status not in frozenset(Status):
            # A word of the model's own: the list of reasons is closed.
            entry.update(status=Status.NOT_GENERATED.value, detail=f"{error.status}: {error.detail}")
    except MediaError as error:
        if error.reason == "write_error":
            raise BenchError(f"{error.path}: {error.detail}") from error
        entry.update(status=error.reason, detail=f"{error.path.name}: {error.detail}")
    except BenchError:
        raise
    except (Exception, SystemExit) as error:
        # A model is foreign code: whatever it throws is this case's failure, named, and not the end of the run. Scripts
        # that became models call exit() where they should raise.
        entry.update(status="not_generated", detail=f"{type(error).__name__}: {error}")


def _take(animation: Animation, case: Case, variant: Variant, entry: dict[str, Any]) -> None:
    _write(animation, case, variant.target)
    entry["sha256"] = sha256_file(variant.target)
    entry["pictures"], entry["sound"] = content_hashes(variant.target)


_OPEN: dict[str, dict[tuple[str, str, Surroundings], AnyModel | ModelError]] = {}
"""Models of the kind that this process is at; those of another one are let go, for they may fill the memory, and so are
those of another command, for a worker may outlive it and weights may be replaced. A model that lacks its weights is
remembered as that: each case would build its networks anew to find out."""


def _model(job: Job, variant: Variant) -> AnyModel:
    if job.kind not in _OPEN or any(key[-1].run != job.surroundings.run for key in _OPEN[job.kind]):
        _OPEN.clear()
    made = _OPEN.setdefault(job.kind, {})
    key = _key(job, variant)
    if key not in made:
        context = job.surroundings.open(logs=variant.target.parent / "logs")
        made[key] = registry.make(variant.model, json.loads(variant.options), context)
    found = made[key]
    if isinstance(found, ModelError):
        raise ModelError(found.status, found.detail)
    return found


def _key(job: Job, variant: Variant) -> tuple[str, str, Surroundings]:
    return variant.model, variant.options, job.surroundings


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
    write_video(target, _ending(animation.frames, case), case.fps, animation.audio, AUDIO_RATE, crf=animation.crf)


def _ending(frames: Iterable[NDArray[np.uint8]], case: Case) -> Iterator[NDArray[np.uint8]]:
    """The frames of a model, which may go on for ever and fill the disk. Twice as long as asked, and a second, is let pass."""
    most = 2 * case.frames + round(case.fps)
    for number, frame in enumerate(frames):
        if number == most:
            raise ModelError(
                Status.UNFIT_VIDEO.value, f"more than {most} frames came for a case of {case.frames}: does it end?"
            )
        yield frame
