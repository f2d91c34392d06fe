"""Scenes and face tracks by the rules of syncnet_python's ``run_pipeline.py``, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.features.s3fd_boxes import intersection_over_union
from metrics.features.syncnet_protocol import TrackRule

Boxes = NDArray[np.float64]

SCENE_WIDTHS = ((3200, 12), (2100, 8), (1700, 6), (1200, 5), (900, 4), (600, 3))
"""From this width on every k-th pixel is looked at for cuts (PySceneDetect 0.5, which the original pins)."""


@dataclass(frozen=True)
class BoxTrack:
    """One face over time.

    Attributes:
        first: frame of its first box. boxes: ``(K, 4)`` left, top, right, bottom in pixels, one a frame, gaps bridged.
    """

    first: int
    boxes: Boxes


class SceneCuts:
    """Finds cuts in a stream of frames: where hue, saturation and value change at once by more than a threshold."""

    def __init__(self, rule: TrackRule) -> None:
        self.rule = rule
        self.cuts: list[int] = []
        self.count = 0
        self._last: NDArray[np.int16] | None = None

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Look at the next RGB frame ``(H, W, 3)``."""
        step = next((step for width, step in SCENE_WIDTHS if frame.shape[1] >= width), 1)
        colours = cv2.cvtColor(np.ascontiguousarray(frame[::step, ::step]), cv2.COLOR_RGB2HSV).astype(np.int16)
        if self._last is not None and self._last.shape == colours.shape:
            change = float(np.abs(colours - self._last).mean())
            far = not self.cuts or self.count - self.cuts[-1] >= self.rule.scene_frames
            if change >= self.rule.scene_threshold and far:
                self.cuts.append(self.count)
        self._last = colours
        self.count += 1

    def scenes(self) -> list[tuple[int, int]]:
        """First frame of each scene and the one after its last."""
        bounds = [0, *self.cuts, self.count]
        return list(pairwise(bounds))


def box_tracks(faces: Sequence[Boxes], scenes: Sequence[tuple[int, int]], rule: TrackRule) -> list[BoxTrack]:
    """Tracks of all scenes that are long and large enough, in order.

    Args:
        faces: detections of each frame, ``(N, 4+)``, most probable first. scenes: as of `SceneCuts.scenes`.
    """
    tracks = []
    for begin, end in scenes:
        if end - begin >= rule.min_frames:
            tracks += _scene_tracks(faces[begin:end], begin, rule)
    return tracks


def _scene_tracks(faces: Sequence[Boxes], begin: int, rule: TrackRule) -> list[BoxTrack]:
    left = [list(boxes[:, :4]) for boxes in faces]
    tracks: list[BoxTrack] = []
    while True:
        frames, boxes = _take_track(left, rule)
        if not frames:
            return tracks
        if len(frames) <= rule.min_frames:
            continue
        every = np.arange(frames[0], frames[-1] + 1)
        filled = np.stack([np.interp(every, frames, column) for column in np.stack(boxes).T], axis=1)
        if float(np.max(np.mean(filled[:, 2:] - filled[:, :2], axis=0))) > rule.min_size:
            tracks.append(BoxTrack(begin + frames[0], filled))


def _take_track(left: list[list[Boxes]], rule: TrackRule) -> tuple[list[int], list[Boxes]]:
    """Takes the next track out of the faces that are left: its frames and boxes; empty where no face is left.

    A frame whose face was taken is not looked at further, so a frame gives one face at most. (The original goes on behind
    the neighbour of the face it took; after suppression at 0.1 no other face there overlaps the track by half.)
    """
    frames: list[int] = []
    boxes: list[Boxes] = []
    for frame, candidates in enumerate(left):
        if frames and frame - frames[-1] > rule.max_gap:
            break
        for k, box in enumerate(candidates):
            if not frames or intersection_over_union(boxes[-1][None], box)[0] > rule.overlap:
                frames.append(frame)
                boxes.append(box)
                del candidates[k]
                break
    return frames, boxes
