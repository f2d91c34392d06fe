"""Mean and covariance of one side of a Fréchet distance, whatever the weights of its clips.

Sums of each clip are kept, so that a weight costs no second look at its frames. The sum of outer products is kept too where it is
smaller than the frames (head motion: 6 numbers a frame, hundreds of frames a clip); else the frames are gone through in blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.corpus_rows import ClipRows, Rows


@dataclass(frozen=True)
class Weighed:
    """A side under weights of its clips.

    Attributes:
        weights: of the clips ``(K,)``. count: weighted number of frames. mean: ``(d,)``, from the common origin.
        trace: of the covariance. frames: how many different frames have a weight.
    """

    weights: NDArray[np.float64]
    count: float
    mean: NDArray[np.float64]
    trace: float
    frames: int


class Side:
    """All frames of one side, seen from an origin that both sides share: it changes nothing and keeps sums free of cancellation."""

    def __init__(self, rows: ClipRows, origin: NDArray[np.float64]) -> None:
        self.rows = rows
        self.origin = origin
        dimensions = len(origin)
        self.totals = np.empty((len(rows), dimensions))
        self.squares = np.empty(len(rows))
        outer = np.empty((len(rows), dimensions, dimensions)) if dimensions < rows.counts.mean() else None
        for clip, part in enumerate(rows):
            moved = part - origin
            self.totals[clip] = moved.sum(axis=0)
            self.squares[clip] = np.einsum("nd,nd->", moved, moved)
            if outer is not None:
                outer[clip] = moved.T @ moved
        self.covariance: Callable[[Weighed], NDArray[np.float64]] = (
            self._from_frames if outer is None else lambda weighed: _from_states(outer, weighed)
        )

    def weigh(self, weights: NDArray[np.float64]) -> Weighed:
        """Count, mean and trace under these weights; the mean is 0 where nothing has a weight."""
        count = float(weights @ self.rows.counts)
        mean = weights @ self.totals / count if count > 0 else np.zeros(len(self.origin))
        trace = (float(weights @ self.squares) - count * float(mean @ mean)) / (count - 1) if count > 1 else 0.0
        return Weighed(weights, count, mean, trace, int(self.rows.counts[weights > 0].sum()))

    def _from_frames(self, weighed: Weighed) -> NDArray[np.float64]:
        total = np.zeros((len(self.origin), len(self.origin)))
        for clips, part in self.rows.blocks(np.flatnonzero(weighed.weights)):
            scale = np.sqrt(np.repeat(weighed.weights[clips], self.rows.counts[clips]) / (weighed.count - 1))
            centred = (part - (self.origin + weighed.mean)) * scale[:, None]
            total += centred.T @ centred
        return total


def _from_states(outer: NDArray[np.float64], weighed: Weighed) -> NDArray[np.float64]:
    summed = np.tensordot(weighed.weights, outer, axes=1)
    covariance: NDArray[np.float64] = (summed - weighed.count * np.outer(weighed.mean, weighed.mean)) / (
        weighed.count - 1
    )
    return covariance


class CrossGram:
    """Inner products of all frames of one side with all of the other, ``X Yᵀ``, for few frames."""

    def __init__(self, first: Side, second: Side) -> None:
        self.sides = first, second
        self.rows = [np.concatenate(list(side.rows)) - side.origin for side in self.sides]
        self.clips = [np.repeat(np.arange(len(side.rows)), side.rows.counts) for side in self.sides]
        self.products: Rows = self.rows[0] @ self.rows[1].T

    def centred(self, one: Weighed, two: Weighed) -> NDArray[np.float64]:
        """``A Bᵀ`` of the weighted, centred frames, of which ``AᵀA`` and ``BᵀB`` are the covariances, without touching d again."""
        weights = [side.weights[clips] for side, clips in zip((one, two), self.clips, strict=True)]
        # Frames of clips that a replicate leaves out drop out of the matrices: a third of the work remains.
        used = [np.flatnonzero(weight) for weight in weights]
        rows, columns = self.rows[0][used[0]] @ two.mean, self.rows[1][used[1]] @ one.mean
        cross = self.products[np.ix_(used[0], used[1])] - rows[:, None] - columns[None, :] + float(one.mean @ two.mean)
        scales = [
            np.sqrt(weight[index] / (side.count - 1))
            for weight, index, side in zip(weights, used, (one, two), strict=True)
        ]
        return np.asarray(cross * scales[0][:, None] * scales[1][None, :])
