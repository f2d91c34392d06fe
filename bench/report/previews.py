"""Small copies of the example cases' videos, which every browser plays and a page can carry."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import cv2

from bench.errors import BenchError
from bench.parallel import run
from bench.progress import watched
from bench.report.results import CaseSetResults
from datasets.media import MediaError, read_audio, read_frames, write_video

PREVIEW_SIDE, PREVIEW_FPS, PREVIEW_SECONDS, PREVIEW_CRF = 256, 25.0, 10.0, 27


Key = tuple[str, str, str, str, str]
"""Dataset, split, protocol, case, model."""


def previews(results: Sequence[CaseSetResults], shown: Mapping[str, Sequence[str]], scratch: Path) -> dict[Key, Path]:
    """H.264 copies in the folder `scratch` of the videos of the cases `shown`, by case set; those that can be decoded."""
    jobs = [
        ((item.cases.dataset, item.cases.split, item.cases.protocol, case, model.model), model.videos[case])
        for item in results
        for model in item.models
        for case in shown[str(item.cases)]
        if case in model.videos
    ]
    copies = [(key, video, scratch / f"{number}.mp4") for number, (key, video) in enumerate(jobs)]
    made = watched(run(_preview, copies, len(os.sched_getaffinity(0)), threads=True), "previews", len(copies))
    return {key: target for (key, _, target), good in made if good}


def _preview(job: tuple[Key, Path, Path]) -> bool:
    _, video, target = job
    try:
        sound = read_audio(video)[: round(PREVIEW_SECONDS * 16000)]
    except MediaError:
        sound = None
    frames = (_shrunk(frame) for frame in islice(read_frames(video, PREVIEW_FPS), round(PREVIEW_SECONDS * PREVIEW_FPS)))
    try:
        write_video(target, frames, PREVIEW_FPS, sound, crf=PREVIEW_CRF)
    except MediaError as error:
        if error.reason == "write_error":
            raise BenchError(f"{error.path}: {error.detail}") from error
        return False  # The failure stands in the score table already; there is just nothing to show.
    return True


def _shrunk(frame: Any) -> Any:
    height, width = frame.shape[:2]
    scale = PREVIEW_SIDE / max(height, width)
    if scale >= 1:
        return frame
    return cv2.resize(
        frame, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    )
