"""Small copies of the example cases' videos, which every browser plays and a page can carry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.config import ReportConfig
from bench.errors import BenchError
from bench.parallel import run
from bench.progress import watched
from bench.report.results import CaseSetResults
from bench.report_tables import context_of
from datasets.media import MediaError, read_audio, read_frames, write_video

PREVIEW_SIDE, PREVIEW_FPS, PREVIEW_SECONDS, PREVIEW_CRF = 256, 25.0, 10.0, 27


def previews(
    config: ReportConfig, results: Sequence[CaseSetResults], scratch: Path
) -> tuple[dict[tuple[str, str, str, str, str], Path], dict[str, list[str]]]:
    """Small H.264 copies of the chosen cases' videos, which every browser plays and a page can carry."""
    jobs = []
    shown: dict[str, list[str]] = {}
    for item in results:
        names = list(item.table["case"])
        # Evenly through the table: it is ordered by speaker and emotion, so the examples differ.
        picks = [
            names[i] for i in np.unique(np.linspace(0, len(names) - 1, min(config.examples, len(names))).astype(int))
        ]
        shown[str(item.cases)] = picks
        for model in item.models:
            jobs += [
                ((*context_of(item.cases).values(), case, model.model), model.videos[case])
                for case in picks
                if case in model.videos
            ]
    copies = [(key, video, scratch / f"{number}.mp4") for number, (key, video) in enumerate(jobs)]
    made = watched(run(_preview, copies, len(os.sched_getaffinity(0)), threads=True), "previews", len(copies))
    return {key: target for (key, _, target), good in made if good}, shown


def _preview(job: tuple[tuple[str, str, str, str, str], Path, Path]) -> bool:
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
    return cv2.resize(frame, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
