"""Writing a clip's files as the real data sets lay them out, each whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.media import atomic_file, write_audio, write_video
from datasets.puppet.animate import Performance, draw
from datasets.puppet.renderer import PortraitMesh
from datasets.puppet.speech import RATE


def write_clip(performance: Performance, mesh: PortraitMesh, root: Path) -> None:
    """Draw and write one clip; the truth comes last, so a clip that has it is complete.

    Raises:
        MediaError: a file cannot be written.
    """
    clip = performance.plan
    for path in clip.files(root):
        path.parent.mkdir(parents=True, exist_ok=True)
    sound = performance.utterance.samples
    write_audio(root / clip.audio, sound, RATE)
    write_video(root / clip.video, draw(performance, mesh), clip.fps, sound if clip.muxed else None, RATE)
    if clip.boxes is not None:
        with atomic_file(root / clip.boxes) as beside:
            beside.write_text("".join(face_boxes(performance)), encoding="ascii")
    with atomic_file(root / clip.truth) as beside, beside.open("wb") as file:
        arrays: dict[str, NDArray[np.generic]] = performance.truth()
        np.savez_compressed(file, **arrays)


def face_boxes(performance: Performance) -> Iterator[str]:
    """The lines of VoxCeleb2's text file: a header, then a row a frame with the face's box in shares of the frame."""
    clip = performance.plan
    yield f"Identity  : \t{clip.video.parts[-3]}\n"
    yield f"Reference : \t{clip.video.parts[-2]}\n"
    # Offset between sound and lips in frames, and two detectors' confidences: by construction none, and sure.
    yield "Offset    : \t0\n"
    yield "FV Conf   : \t20.000\t(1)\n"
    yield "ASD Conf  : \t5.000\n"
    yield "\n"
    yield "FRAME \tX \tY \tW \tH \n"
    low = np.clip(performance.vertices[:, :468, :2].min(axis=1) / clip.size, 0.0, 1.0)
    high = np.clip(performance.vertices[:, :468, :2].max(axis=1) / clip.size, 0.0, 1.0)
    for number, ((left, top), (right, bottom)) in enumerate(zip(low, high, strict=True)):
        yield f"{number:06d} \t{left:.3f} \t{top:.3f} \t{right - left:.3f} \t{bottom - top:.3f} \n"
