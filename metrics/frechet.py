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
from metrics.corpus_rows import ClipRows, both_sides, finite_rows
from metrics.frechet_sides import CrossGram, Side

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
        return self._prepare(*both_sides(samples))

    @abstractmethod
    def _prepare(self, generated: ClipRows, reference: ClipRows) -> Callable[[FloatArray], float]:
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

    def _prepare(self, generated: ClipRows, reference: ClipRows) -> Callable[[FloatArray], float]:
        sides = generated, reference
        frames = [int(rows.counts.sum()) for rows in sides]
        origin = sum(part.sum(axis=0) for rows in sides for part in rows) / sum(frames)
        first, second = (Side(rows, origin) for rows in sides)
        dimensions = len(origin)
        held = generated.held and reference.held
        gram = (
            CrossGram(first, second) if held and min(frames) < 2 * dimensions and max(frames) <= MAX_GRAM_ROWS else None
        )

        def value(weights: FloatArray) -> float:
            weights = np.asarray(weights, dtype=np.float64)
            if np.count_nonzero(weights) < self.MIN_CLIPS:
                return float("nan")
            one, two = first.weigh(weights), second.weigh(weights)
            if one.count <= 1 or two.count <= 1:
                return float("nan")
            if gram is not None and min(one.frames, two.frames) < dimensions:
                root = root_trace_gram(gram.centred(one, two))
            else:
                root = root_trace_eigen(first.covariance(one), second.covariance(two))
            return _distance(one.mean - two.mean, one.trace, two.trace, root)

        return value
