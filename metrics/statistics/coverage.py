"""How many of the cases that a metric was asked for have a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from metrics.base import Status


@dataclass(frozen=True)
class Coverage:
    """How many of the cases that a metric was asked for have a value."""

    scored: int
    asked: int

    @property
    def share(self) -> float:
        """0..1; NaN if the metric applies to no case."""
        return self.scored / self.asked if self.asked else float("nan")

    def __str__(self) -> str:
        return f"{self.scored}/{self.asked}"


def coverage(statuses: Iterable[str]) -> Coverage:
    """Count ``ok`` among all statuses but ``not_applicable``, whose question was never asked."""
    asked = [Status(status) for status in statuses if status != Status.NOT_APPLICABLE]
    return Coverage(sum(status is Status.OK for status in asked), len(asked))
