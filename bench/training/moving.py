"""Sample videos of a run: points that move, and pictures of a clip that is driven, beside what they should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from datasets.media import MediaError, write_video

SIDE = 192
"""Pixels along a side of each cell."""
HEADER = 20
"""Pixels above each column for its name."""
FPS = 25.0

Picture = NDArray[np.uint8]


def labelled(name: str, cells: Sequence[Picture], side: int) -> Picture:
    """A column ``(H, side, 3)``: its name, then square cells, brought to one size."""
    header = np.full((HEADER, side, 3), 255, np.uint8)
    cv2.putText(header, name, (2, HEADER - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    resized = [np.asarray(cv2.resize(cell, (side, side), interpolation=cv2.INTER_NEAREST), np.uint8) for cell in cells]
    return np.concatenate([header, *resized])


def shown(pictures: NDArray[np.float32]) -> Picture:
    """``(..., 3, H, W)`` in 0..1 -> ``(..., H, W, 3)`` uint8."""
    return np.moveaxis(np.round(np.clip(pictures, 0, 1) * 255).astype(np.uint8), -3, -1)


def write_points(path: Path, points: Mapping[str, NDArray[np.float32]]) -> None:
    """A video with a row for each sequence and a column for each name; a frame with NaN shows nothing.

    Args:
        points: by name ``(B, T, P, 2 or 3)``, y downwards; one frame of reference serves all columns of a row.
    """
    sequences = [np.stack([value[row] for value in points.values()]) for row in range(len(next(iter(points.values()))))]
    frames = [_fitted(rows[..., :2]) for rows in sequences]

    def drawn() -> Iterator[Picture]:
        for time in range(frames[0].shape[1]):
            columns = [
                labelled(name, [_dots(row[column, time]) for row in frames], SIDE) for column, name in enumerate(points)
            ]
            yield np.concatenate(columns, axis=1)

    _write(path, drawn())


def write_driven(path: Path, pictures: Mapping[str, NDArray[np.float32]]) -> None:
    """A video of one clip, a column for each name: pictures ``(T, 3, H, W)`` in 0..1."""
    columns = {name: shown(value) for name, value in pictures.items()}
    count = len(next(iter(columns.values())))
    _write(
        path,
        (np.concatenate([labelled(n, [p[time]], SIDE) for n, p in columns.items()], axis=1) for time in range(count)),
    )


def _write(path: Path, frames: Iterator[Picture]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_video(path, frames, FPS)
    except MediaError as error:
        raise BenchError(f"{path}: {error.detail}") from error


def _fitted(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """``(N, T, P, 2)`` -> pixels of a cell; the box around all of them fills it but for a margin."""
    low, high = np.nanmin(points, axis=(0, 1, 2)), np.nanmax(points, axis=(0, 1, 2))
    scale = 0.9 * SIDE / max(float((high - low).max()), 1e-6)
    return np.asarray((points - (low + high) / 2) * scale + SIDE / 2, np.float32)


def _dots(points: NDArray[np.float32]) -> Picture:
    cell = np.full((SIDE, SIDE, 3), 255, np.uint8)
    if np.isfinite(points).all():
        for x, y in points:
            cv2.circle(cell, (round(float(x)), round(float(y))), 1, (30, 30, 30), -1, cv2.LINE_AA)
    return cell
