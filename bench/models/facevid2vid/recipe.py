"""What the public demo does with the keypoints of the driving video, and the video of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from scipy.spatial import ConvexHull
from torch import Tensor

from bench.models.facevid2vid.portraits import Picture, Portrait

MOTIONS = ("absolute", "relative")


@torch.inference_mode()
def animate(portrait: Portrait, frames: Iterable[Picture], motion: str, batch: int) -> Iterator[Picture]:
    """The portrait as the frames of a video say, one picture a frame; `batch` at a time, none is kept.

    Args:
        motion: ``absolute`` takes the keypoints as they are; ``relative`` moves the portrait's as they have moved since the
            first frame, see `since`.
    """
    left, first = iter(frames), None
    while some := list(islice(left, batch)):
        keypoints = portrait.follow(some)
        if motion == "relative":
            first = keypoints[:1] if first is None else first
            keypoints = since(first, keypoints, portrait.keypoints)
        yield from portrait.draw(keypoints)


def since(first: Tensor, keypoints: Tensor, source: Tensor) -> Tensor:
    """Keypoints ``(B, K, 3)`` of the source, moved as the driving ones have since ``first``, larger where its face is larger.

    ``normalize_kp`` of the public code, with ``--adapt_scale``: the square root of the volumes' ratio, as published.
    """
    return source + (keypoints - first) * math.sqrt(_volume(source) / _volume(first))


def _volume(keypoints: Tensor) -> float:
    return float(ConvexHull(np.asarray(keypoints[0].cpu(), np.float64)).volume)
