"""A folder of results with real small videos: three models on two speakers' clips, with scores of two metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.config import CaseSet
from bench.store import CASE_COLUMNS, CLIP_COLUMNS, GENERATED_COLUMNS, SCORE_COLUMNS, write_table
from bench.workspace import Workspace
from datasets.media import write_video

CASES = CaseSet.parse("d/test/self")
MODELS = ("space-secret", "viseme-secret", "folder-secret")
RATE, FPS = 16000, 25


def speech(frames: int, seed: int) -> NDArray[np.float32]:
    """Noise whose loudness goes up and down as speech does, ``(S,)``."""
    rng = np.random.default_rng(seed)
    loud = np.repeat(rng.random(frames), RATE // FPS)
    return (0.3 * loud * rng.standard_normal(len(loud))).astype(np.float32)


@pytest.fixture(scope="session")
def make_results(
    tmp_path_factory: pytest.TempPathFactory, counted: Callable[..., list[NDArray[np.uint8]]]
) -> Callable[..., Workspace]:
    """``make_results(cases=6, frames=16, lengths={("m", "c0"): 15}, failed={("m", "c1")}, shift={"m": 4}, scores=False)``.

    Videos carry their frame numbers and the clip's sound; `shift` is by how many frames a model's sound comes later.
    """

    def make(
        cases: int = 6, frames: int = 16, models: tuple[str, ...] = MODELS, size: Mapping[str, tuple[int, int]] | None = None,
        lengths: Mapping[tuple[str, str], int] | None = None, failed: frozenset[tuple[str, str]] = frozenset(),
        shift: Mapping[str, int] | None = None, scores: bool = False, silent: frozenset[str] = frozenset(),
    ) -> Workspace:  # fmt: skip
        space = Workspace(tmp_path_factory.mktemp("results") / "out")
        clips, asked = [], []
        made: dict[str, list[dict[str, Any]]] = {model: [] for model in models}
        folder = space.clips("d", "test")
        folder.mkdir(parents=True)
        for number in range(cases):
            name = f"c{number}"
            sound = None if name in silent else speech(frames, number)
            clip = folder / f"{name}.mp4"
            write_video(clip, counted(frames), FPS, sound, RATE)
            labels = {
                "speaker": f"s{number % 2}",
                "emotion": ("happy", "sad", "angry")[number % 3],
                "level": 1 + number % 3,
            }
            clips.append({
                **dict.fromkeys(CLIP_COLUMNS), **labels, "clip": name, "dataset": "d", "split": "test", "video": space.relative(clip),
                "audio": None if sound is None else name, "frames": frames, "fps": 25.0, "seconds": frames / 25,
            })  # fmt: skip
            asked.append({
                **dict.fromkeys(CASE_COLUMNS), **labels, "case": name, "clip": name, "audio": clips[-1]["audio"], "protocol": "self",
            })  # fmt: skip
            for model in models:
                row = {**dict.fromkeys(GENERATED_COLUMNS), "case": name, "model": model, "version": "1", "seconds": 0.0}
                if (model, name) in failed:
                    made[model].append({**row, "status": "no_face", "detail": "no face in the portrait"})
                    continue
                long = (lengths or {}).get((model, name), frames)
                heard = (
                    None
                    if sound is None
                    else np.roll(sound, (shift or {}).get(model, 0) * RATE // FPS)[: long * RATE // FPS]
                )
                height, width = (size or {}).get(model, (48, 64))
                target = space.videos(CASES, model) / f"{name}.mp4"
                target.parent.mkdir(parents=True, exist_ok=True)
                write_video(target, counted(long, height, width), FPS, heard, RATE)
                made[model].append({**row, "video": space.relative(target), "status": "ok", "detail": ""})
        write_table(space.clips_table("d", "test"), clips, CLIP_COLUMNS)
        write_table(space.cases_table(CASES), asked, CASE_COLUMNS)
        for model, rows in made.items():
            write_table(space.generated_table(CASES, model), rows, GENERATED_COLUMNS)
            if scores:
                _write_scores(space, model, cases)
        return space

    return make


def _write_scores(space: Workspace, model: str, cases: int) -> None:
    """m_ld (lower is better) grows with the case for the first model, psnr (higher is better) as well: they disagree most at the ends."""
    first = model == MODELS[0]
    rows = [
        {
            "case": f"c{number}", "model": model, "version": "1", "metric": metric, "protocol_id": "p",
            "value": start + (0.001 * number if first else 0.0), "status": "ok", "detail": "",
        }
        for metric, start in (("m_ld", 0.05), ("psnr", 25.0))
        for number in range(cases)
    ]  # fmt: skip
    write_table(space.scores_table(CASES, model), rows, SCORE_COLUMNS)
