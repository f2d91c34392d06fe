"""Where the face is: boxes found, padded and smoothed as in Wav2Lip's ``inference.py``.

A box is four whole numbers: left, top, right, bottom in pixels, the last two just beyond it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from metrics.features.s3fd import MEAN_BGR, S3FD
from metrics.features.s3fd_boxes import decode_boxes
from metrics.features.syncnet_crop import MESH_POINTS

CONFIDENCE = 0.5
"""A face's probability must be above."""
WINDOW = 5
"""Frames whose boxes are averaged."""

Box = NDArray[np.int64]
Picture = NDArray[np.uint8]


def s3fd_box(network: S3FD, frame: Picture) -> Box | None:
    """Box of the most probable face of an RGB frame ``(H, W, 3)``, its decimals cut off; None where there is none.

    The public code turns the frame to RGB and takes from it the mean colour in the order of BGR. So it is kept here,
    although the network was trained on BGR: boxes are to be those that the published method works with.
    """
    weight = network.fc6.weight
    picture = torch.from_numpy(np.ascontiguousarray(frame)).to(weight.device, weight.dtype).permute(2, 0, 1)
    mean = torch.tensor(MEAN_BGR, dtype=weight.dtype, device=weight.device)[:, None, None]
    with torch.inference_mode():
        found = decode_boxes(network((picture - mean)[None]), CONFIDENCE)
    # Of overlapping boxes the most probable stays, so the first one needs no suppression.
    return np.maximum(found[0, :4], 0).astype(np.int64) if len(found) else None


def mesh_box(landmarks: NDArray[np.floating]) -> Box:
    """Box around the mesh ``(478, 3)`` without its irises: forehead, cheeks and chin, which S3FD was taught to box."""
    points = landmarks[:MESH_POINTS, :2]
    return np.maximum(np.concatenate([points.min(axis=0), points.max(axis=0)]), 0).astype(np.int64)


def padded(box: Box, pads: Sequence[int], width: int, height: int) -> Box:
    """The box grown by `pads` (top, bottom, left, right, in pixels; less than 0 shrinks) and cut to the frame."""
    top, bottom, left, right = pads
    grown = box + np.array([-left, -top, right, bottom])
    return np.concatenate([np.maximum(grown[:2], 0), np.minimum(grown[2:], [width, height])])


def smoothed(boxes: Iterable[Box]) -> Iterator[Box]:
    """Each box averaged with the four that follow, as a stream that runs four boxes behind.

    As in the public code, means are cut to whole numbers and put in the place of the box, so that the last four boxes,
    which share one window, are averaged with means. With fewer than five boxes in all, the window's beginning counts from
    the end, as a negative slice does.
    """
    held: list[Box] = []
    filled = False
    for box in boxes:
        held = [*held[1 - WINDOW :], box]
        filled = len(held) == WINDOW
        if filled:
            held[0] = _mean(held)
            yield held[0]
    for k in range(1 if filled else 0, len(held)):
        held[k] = _mean(held[len(held) - WINDOW :])
        yield held[k]


def _mean(boxes: Sequence[Box]) -> Box:
    return np.mean(boxes, axis=0).astype(np.int64)
