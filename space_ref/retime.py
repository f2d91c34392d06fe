"""Latent keypoints at another frame rate, as they come."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Retime:
    """Keypoints at one rate in, at another out, linear in time; at equal rates they pass unchanged.

    Args:
        fps: of what comes in. wanted: of what goes out. frames: how many shall go out.

    Raises:
        ValueError: a rate is not positive or there are no frames.
    """

    def __init__(self, fps: float, wanted: float, frames: int) -> None:
        if not (fps > 0 and wanted > 0 and frames > 0):
            raise ValueError(f"expected positive rates and frames, got {fps} to {wanted} fps, {frames} frames")
        self._ratio, self._frames = fps / wanted, frames
        self._done = self._first = 0
        self._held: Tensor | None = None

    @property
    def needed(self) -> int:
        """How many frames must come in."""
        # A rounding error must not ask for a frame beyond the end.
        return math.ceil((self._frames - 1) * self._ratio - 1e-9) + 1

    def push(self, keypoints: Tensor) -> Tensor:
        """Frames ``(n, K, 3)`` in, those ``(m, K, 3)`` that they complete out."""
        self._held = keypoints if self._held is None else torch.cat([self._held, keypoints])
        return self._emit(self._first + len(self._held) - 1)

    def finish(self) -> Tensor:
        """What is left when all have come in; the last one is held where too few came."""
        if self._held is None or not len(self._held):
            raise ValueError("no keypoints came in")
        return self._emit(math.inf)

    def _emit(self, last: float) -> Tensor:
        assert self._held is not None
        ready = self._frames if last == math.inf else min(self._frames, math.floor(last / self._ratio + 1e-9) + 1)
        if last < 0 or ready <= self._done:
            return self._held[:0]
        places = torch.arange(self._done, ready, dtype=torch.float64) * self._ratio - self._first
        most = len(self._held) - 1
        before = places.add(1e-9).floor().long().clamp(max=most)
        after = (before + 1).clamp(max=most)
        share = (places - before).clamp(0, 1).to(self._held)[:, None, None]
        made = torch.lerp(self._held[before], self._held[after], share)
        self._done = ready
        spent = min(max(math.floor(self._done * self._ratio + 1e-9) - self._first, 0), most)
        # A copy, so that spent frames are freed.
        self._held, self._first = self._held[spent:].clone(), self._first + spent
        return made
