"""Fréchet distance between Gaussians, exact for few and for many samples, and cheap under bootstrap weights.

``d² = |μ1 - μ2|² + tr Σ1 + tr Σ2 - 2 tr (Σ1 Σ2)^½`` (Dowson & Landau 1982; Heusel et al. 2017). The last trace is the
sum of the singular values of ``A Bᵀ`` for any factors ``Σ1 = AᵀA``, ``Σ2 = BᵀB``. With fewer samples n than
dimensions d the centred samples are such factors and ``A Bᵀ`` is only n × n (the Gram route); otherwise ``L1ᵀ Σ2 L1``
with a square factor L1 has their squares as eigenvalues (the eigenvalue route). Neither takes a matrix square root,
so no imaginary part has to be dropped.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpstrf

from metrics.base import FloatArray

MAX_GRAM_ROWS = 6000
"""Above this many frames a side the Gram matrix would take more than 300 MB; the eigenvalue route serves then."""

Sample = NDArray[np.floating]
"""Feature vectors of the sampled frames of one clip, ``(n_i, d)``."""


@dataclass(frozen=True)
class GaussianState:
    """What a Fréchet distance needs to know of a stream of samples: count, sum, sum of outer products, in float64.

    Attributes:
        count: weighted number of samples. total: ``(d,)``. outer: ``(d, d)``.
    """

    count: float
    total: NDArray[np.float64]
    outer: NDArray[np.float64]

    @classmethod
    def empty(cls, dimensions: int) -> GaussianState:
        return cls(0.0, np.zeros(dimensions), np.zeros((dimensions, dimensions)))

    def update(self, rows: FloatArray, weight: float = 1.0) -> GaussianState:
        """A new state with rows ``(n, d)`` added, each `weight` times."""
        data = finite_rows(rows)
        return GaussianState(
            self.count + weight * len(data),
            self.total + weight * data.sum(axis=0),
            self.outer + weight * (data.T @ data),
        )

    def merge(self, other: GaussianState) -> GaussianState:
        """The state of both streams; the order does not matter beyond rounding."""
        return GaussianState(self.count + other.count, self.total + other.total, self.outer + other.outer)

    @property
    def mean(self) -> NDArray[np.float64]:
        return self.total / self.count

    @property
    def covariance(self) -> NDArray[np.float64]:
        """``(d, d)``, divided by n - 1. Needs a count above 1."""
        if self.count <= 1:
            raise ValueError(f"a covariance needs more than one sample, got {self.count:g}")
        return (self.outer - np.outer(self.total, self.mean)) / (self.count - 1)


def finite_rows(rows: FloatArray) -> NDArray[np.float64]:
    """Rows ``(n, d)`` as float64.

    Raises:
        ValueError: for another shape, or where a value is not finite (the row is named).
    """
    data = np.asarray(rows, dtype=np.float64)
    if data.ndim != 2:
        raise ValueError(f"expected samples as rows (n, d), got shape {data.shape}")
    bad = np.flatnonzero(~np.all(np.isfinite(data), axis=1))
    if len(bad):
        raise ValueError(f"sample {bad[0]} of {len(data)} is not finite")
    return data


def frechet(first: GaussianState, second: GaussianState) -> float:
    """Fréchet distance of two streams, by the eigenvalue route. Range 0..inf."""
    one, two = first.covariance, second.covariance
    difference = first.mean - second.mean
    return _distance(difference, float(np.trace(one)), float(np.trace(two)), root_trace_eigen(one, two))


def root_trace_eigen(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """``tr (Σ1 Σ2)^½`` of two covariances ``(d, d)`` by symmetric eigenvalues."""
    try:
        factor = np.linalg.cholesky(one)
    except np.linalg.LinAlgError:
        factor = _singular_factor(one)
    inner = factor.T @ two @ factor
    return float(np.sum(np.sqrt(np.clip(np.linalg.eigvalsh((inner + inner.T) / 2), 0, None))))


def _singular_factor(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(d, rank)`` F with ``F Fᵀ`` the covariance, for fewer samples than dimensions or constant features.

    By Cholesky's decomposition with pivots, which stops where only rounding is left: a quarter of the work of eigenvectors.
    """
    lower, pivots, rank, _ = dpstrf(covariance, lower=1)
    factor = np.empty((len(covariance), rank))
    factor[pivots - 1] = np.tril(lower)[:, :rank]
    return factor


def root_trace_gram(cross: NDArray[np.float64]) -> float:
    """``tr (Σ1 Σ2)^½`` from ``A Bᵀ`` ``(n, m)`` with ``Σ1 = AᵀA``, ``Σ2 = BᵀB``."""
    return float(np.sum(np.linalg.svd(cross, compute_uv=False)))


def _distance(difference: NDArray[np.float64], trace_one: float, trace_two: float, root: float) -> float:
    # Rounding can leave -1e-12 where both are equal; a squared distance is never negative.
    return max(0.0, float(difference @ difference) + trace_one + trace_two - 2 * root)


class CorpusAggregate(Protocol):
    """The aggregate of a corpus metric: work that all bootstrap replicates share is done once, in `prepare`."""

    def __call__(self, samples: Sequence[Any], weights: FloatArray) -> float: ...

    def prepare(self, samples: Sequence[Any]) -> Callable[[FloatArray], float]:
        """A function from clip weights ``(n,)`` to the value."""
        ...

    def refusal(self, samples: Sequence[Any]) -> str | None:
        """Why these clips have no value (a sentence), or None if they have."""
        ...


class PairAggregate(ABC):
    """What the corpus metrics on pairs ``(generated (n_i, d), reference (m_i, d))`` share."""

    MIN_CLIPS: ClassVar[int] = 2
    PROTOCOL: ClassVar[dict[str, Any]]
    """What of the distance changes the number, for a metric's protocol."""

    def __call__(self, samples: Sequence[tuple[Sample, Sample]], weights: FloatArray) -> float:
        return self.prepare(samples)(np.asarray(weights, dtype=np.float64))

    def refusal(self, samples: Sequence[tuple[Sample, Sample]]) -> str | None:
        if len(samples) < self.MIN_CLIPS:
            return f"a distance between distributions needs at least {self.MIN_CLIPS} clips, got {len(samples)}"
        return None

    def prepare(self, samples: Sequence[tuple[Sample, Sample]]) -> Callable[[FloatArray], float]:
        if self.refusal(samples) is not None:
            return _not_a_number
        generated, reference = ([finite_rows(pair[side]) for pair in samples] for side in (0, 1))
        return self._prepare(generated, reference)

    @abstractmethod
    def _prepare(
        self, generated: list[NDArray[np.float64]], reference: list[NDArray[np.float64]]
    ) -> Callable[[FloatArray], float]:
        """Do what all weights share, and return the distance as a function of the weights ``(n,)``."""


def _not_a_number(weights: FloatArray) -> float:
    return float("nan")


class FrechetAggregate(PairAggregate):
    """Fréchet distance between all generated and all reference frames of weighted clips; NaN for fewer than 2 clips.

    Every frame of a clip carries the clip's weight, as if the clip stood so many times in the list.
    """

    PROTOCOL: ClassVar[dict[str, Any]] = {
        "distance": "Fréchet between Gaussians, squared form; covariance / (n - 1), float64, Gram route for n < d, else"
        " eigenvalues",
        "minimum": "2 clips",
    }

    def _prepare(
        self, generated: list[NDArray[np.float64]], reference: list[NDArray[np.float64]]
    ) -> Callable[[FloatArray], float]:
        # One common origin for both sides changes nothing and keeps the sums of squares free of cancellation.
        origin = np.mean(np.concatenate([*generated, *reference]), axis=0)
        first, second = _Side(generated, origin), _Side(reference, origin)
        dimensions = len(origin)
        sizes = len(first.rows), len(second.rows)
        gram = first.rows @ second.rows.T if min(sizes) < 2 * dimensions and max(sizes) <= MAX_GRAM_ROWS else None

        def value(weights: FloatArray) -> float:
            weights = np.asarray(weights, dtype=np.float64)
            if np.count_nonzero(weights) < self.MIN_CLIPS:
                return float("nan")
            one, two = first.weigh(weights), second.weigh(weights)
            if one.count <= 1 or two.count <= 1:
                return float("nan")
            if gram is not None and min(len(one.used), len(two.used)) < dimensions:
                root = root_trace_gram(_centred_cross(gram, first.rows, second.rows, one, two))
            else:
                root = root_trace_eigen(first.covariance(one), second.covariance(two))
            return _distance(one.mean - two.mean, one.trace, two.trace, root)

        return value


@dataclass(frozen=True)
class _Weighed:
    used: NDArray[np.int64]
    weights: NDArray[np.float64]
    count: float
    mean: NDArray[np.float64]
    trace: float


class _Side:
    """All frames of one side in one matrix, and which clip each belongs to."""

    def __init__(self, clips: list[NDArray[np.float64]], origin: NDArray[np.float64]) -> None:
        self.rows = np.concatenate(clips) - origin
        self.clip = np.repeat(np.arange(len(clips)), [len(rows) for rows in clips])
        self.squares = np.einsum("nd,nd->n", self.rows, self.rows)

    def weigh(self, clip_weights: NDArray[np.float64]) -> _Weighed:
        weights = clip_weights[self.clip]
        # Frames of clips that a replicate leaves out drop out of the matrices: a third of the work remains.
        used = np.flatnonzero(weights)
        weights = weights[used]
        count = float(np.sum(weights))
        mean = weights @ self.rows[used] / count if count > 0 else np.zeros(self.rows.shape[1])
        trace = (float(weights @ self.squares[used]) - count * float(mean @ mean)) / (count - 1) if count > 1 else 0.0
        return _Weighed(used, weights, count, mean, trace)

    def covariance(self, weighed: _Weighed) -> NDArray[np.float64]:
        centred = (self.rows[weighed.used] - weighed.mean) * np.sqrt(weighed.weights / (weighed.count - 1))[:, None]
        return centred.T @ centred


def _centred_cross(
    gram: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64], one: _Weighed, two: _Weighed
) -> NDArray[np.float64]:
    """``A Bᵀ`` of the weighted, centred samples from the uncentred ``X Yᵀ``, without touching d again."""
    cross = gram[np.ix_(one.used, two.used)]
    rows, columns = first[one.used] @ two.mean, second[two.used] @ one.mean
    cross = cross - rows[:, None] - columns[None, :] + float(one.mean @ two.mean)
    scale_one, scale_two = (np.sqrt(side.weights / (side.count - 1)) for side in (one, two))
    return cross * scale_one[:, None] * scale_two[None, :]
