"""What `prepare` says of each clip beside cutting it: how large, sharp, bright and steady the face is, how loud the sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.store import write_bytes
from datasets.frame_buffer import FrameBuffer
from datasets.standardize import Crop, CropPath
from metrics.base import FaceTrack

Frame = NDArray[np.uint8]

FOLDER = "quality"
THUMBNAIL = 128
"""Pixels along a side."""
FACE = 128
"""Pixels along a side to which a face is scaled before its sharpness is measured."""
PER_SECOND = 2
"""Frames whose sharpness and brightness are measured."""
QUIET = -50.0
"""Decibels below full scale: a stretch of 20 ms below that is silence."""
_STRETCH = 0.02

QUALITY_COLUMNS = {
    "clip": "str", "status": "str", "detail": "str", "warnings": "str", "present": "Float64", "faces": "Int64",
    "face_pixels": "Float64", "face_share": "Float64", "outside": "Float64", "zoom": "Float64", "sharpness": "Float64",
    "brightness": "Float64", "source_fps": "Float64", "repeated": "Float64", "loudness": "Float64", "silence": "Float64", "clipped": "Float64",
    "av_offset": "Float64", "sync_confidence": "Float64",
}  # fmt: skip
"""``quality.parquet``: one row a clip, rejected ones too (their ``status`` is the reason, their numbers are null).

present: share of frames with the face. faces: how many are tracked. face_pixels: longer side of the face box in source
pixels, median. face_share: its area over that of the source frame, median. outside: share of frames whose face box leaves
the crop. zoom: pixels of the standard clip a source pixel. sharpness: variance of the Laplacian of the grey levels of the
face scaled to 128x128, median (Pech-Pacheco et al., ICPR 2000). brightness: mean grey level of the face, 0..255.
source_fps: median rate of the source. repeated: share of the clip's frames that show the same source frame as the one
before. loudness: RMS in dB of full scale. silence: share of 20 ms stretches below -50 dB.
clipped: share of samples at full scale. These three are null without sound.
av_offset, sync_confidence: SyncNet's offset in frames of 40 ms, positive where the sound comes before the lips, and LSE-C, by
`bench.quality_sync`; null where its weights are not here or it has no answer.
"""

_LIMITS: dict[str, tuple[str, float, bool]] = {
    "face_lost": ("present", 0.95, False), "several_faces": ("faces", 1, True), "small_face": ("face_pixels", 64, False),
    "leaves_crop": ("outside", 0.05, True), "enlarged": ("zoom", 2.0, True), "blurred": ("sharpness", 40.0, False),
    "repeats_frames": ("repeated", 0.1, True),
    "dark": ("brightness", 50.0, False), "glaring": ("brightness", 220.0, True), "quiet": ("loudness", -40.0, False),
    "silent": ("silence", 0.8, True), "clipping": ("clipped", 0.001, True),
    "sound_early": ("av_offset", 3.0, True), "sound_late": ("av_offset", -3.0, False), "weak_sync": ("sync_confidence", 2.0, False),
}  # fmt: skip
"""Warning: column, limit, and whether it is above (else below) the limit that it warns."""


@dataclass(frozen=True)
class Shown:
    """What a standard clip was made of.

    Attributes:
        buffer: source frames. numbers: ``(T,)`` which of them each frame of the clip shows. crop, size: how it was cut.
    """

    buffer: FrameBuffer
    numbers: Sequence[int]
    crop: Crop | CropPath
    size: int

    def cut(self, index: int) -> Frame:
        """A frame of the clip."""
        return self.crop.cut(self.buffer[self.numbers[index]], index, self.size)


def measure(track: FaceTrack, faces: int, shown: Shown, sound: NDArray[np.float32] | None, rate: int) -> dict[str, Any]:
    """The numbers of `QUALITY_COLUMNS` for one clip.

    Args:
        track: of the chosen face, one row a frame of the clip, in source pixels. faces: how many were tracked.
        sound: ``(S,)`` of the clip at `rate`; None without.
    """
    points = track.landmarks[track.present, :, :2]
    low, high = points.min(axis=1), points.max(axis=1)
    sides = high - low
    corners = np.full((len(track), 2, 2), np.nan)
    corners[track.present] = np.stack([low, high], axis=1)
    there = shown.crop.seen(corners)[track.present]
    step = max(1, round(track.fps / PER_SECOND))
    sharpness, brightness = [], []
    for index in range(step // 2, len(track), step):
        if track.present[index] and (grey := _face(shown.buffer[shown.numbers[index]], corners[index])) is not None:
            sharpness.append(float(cv2.Laplacian(grey, cv2.CV_64F).var()))
            brightness.append(float(grey.mean()))
    return {
        "present": float(track.present.mean()), "faces": faces,
        "face_pixels": float(np.median(sides.max(axis=1))),
        "face_share": float(np.median(sides.prod(axis=1)) / (track.width * track.height)),
        "outside": float(((there < 0) | (there > 1)).any(axis=(1, 2)).mean()),
        "zoom": shown.size / shown.crop.mean_side,
        "sharpness": float(np.median(sharpness)) if sharpness else None,
        "brightness": float(np.median(brightness)) if brightness else None,
        "source_fps": _rate(shown.buffer.times),
        "repeated": float(np.mean(np.diff(shown.numbers) == 0)) if len(shown.numbers) > 1 else 0.0,
        **_heard(sound, rate),
    }  # fmt: skip


def warnings(row: dict[str, Any]) -> list[str]:
    """What a person should look at in a clip with these numbers."""
    known = {column: value for column, value in row.items() if not pd.isna(value)}
    found = [] if "loudness" in known else ["no_sound"]
    for name, (column, limit, above) in _LIMITS.items():
        if column in known and (known[column] > limit if above else known[column] < limit):
            found.append(name)
    return found


def quality_table(entries: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows of ``quality.parquet`` from the journal's entries, in their order."""
    rows = []
    for entry in entries:
        row = {"clip": entry["clip"], "status": entry["status"], "detail": entry["detail"], "warnings": ""}
        if entry["status"] == "ok":
            row |= entry["quality"]
            row["warnings"] = " ".join(warnings(entry["quality"]))
        rows.append(row)
    return pd.DataFrame(rows, columns=list(QUALITY_COLUMNS))


def thumbnail_path(folder: Path, clip: str) -> Path:
    """Of a clip, in the folder of its split."""
    return folder / FOLDER / "thumbnails" / f"{clip}.jpg"


def write_thumbnail(folder: Path, clip: str, picture: Frame) -> None:
    """A small square JPEG of a frame, with black bars where the frame is not square."""
    height, width = picture.shape[:2]
    scale = THUMBNAIL / max(height, width)
    small = cv2.resize(
        picture, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    square = np.zeros((THUMBNAIL, THUMBNAIL, 3), np.uint8)
    top, left = (THUMBNAIL - small.shape[0]) // 2, (THUMBNAIL - small.shape[1]) // 2
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    _, data = cv2.imencode(".jpg", cv2.cvtColor(square, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    write_bytes(thumbnail_path(folder, clip), data.tobytes())


def _face(picture: Frame, corners: NDArray[np.float64]) -> NDArray[np.uint8] | None:
    (left, top), (right, bottom) = np.clip(np.round(corners), 0, picture.shape[1::-1]).astype(int)
    if right - left < 2 or bottom - top < 2:
        return None
    grey = cv2.cvtColor(picture[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    how = cv2.INTER_AREA if min(grey.shape) > FACE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (FACE, FACE), interpolation=how), np.uint8)


def _rate(times: Sequence[tuple[float, float]]) -> float | None:
    steps = np.diff([begins for begins, _ in times])
    return float(1 / np.median(steps)) if len(steps) and np.median(steps) > 0 else None


def _heard(sound: NDArray[np.float32] | None, rate: int) -> dict[str, float | None]:
    if sound is None or not len(sound):
        return {"loudness": None, "silence": None, "clipped": None}
    samples = sound.astype(np.float64)
    length = round(_STRETCH * rate)
    stretches = samples[: len(samples) // length * length].reshape(-1, length)
    power = (stretches**2).mean(axis=1)
    return {
        "loudness": _decibels(float((samples**2).mean())),
        "silence": float((power < 10 ** (QUIET / 10)).mean()) if len(power) else None,
        "clipped": float((np.abs(samples) > 0.999).mean()),
    }


def _decibels(power: float) -> float:
    return float(10 * np.log10(max(power, 1e-12)))
