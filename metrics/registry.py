"""Every metric by name. A new one is a `Metric` in its family's ``METRICS``; a new family is one line here."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from metrics.base import ARROWS, Bundle, Metric, Status, Unscorable

FAMILIES = (
    *("landmarks", "landmarks_68", "pose", "eyes", "sync", "lse", "emotion", "emotion_classifiers"),
    *("identity", "csim", "image", "perceptual", "distribution", "fid", "fvd", "theval", "warped"),
)
"""Modules of this package, in the order of tables."""


class UnknownMetricError(KeyError):
    """No metric has that name."""

    def __init__(self, name: str, known: list[str]) -> None:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
        super().__init__(f"unknown metric {name!r}{hint}")

    def __str__(self) -> str:
        return str(self.args[0])


@lru_cache(maxsize=1)
def _registered() -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for family in FAMILIES:
        for metric in import_module(f"metrics.{family}").METRICS:
            if metric.name in found:
                raise ValueError(f"two metrics are called {metric.name!r}")
            found[metric.name] = replace(metric, per_clip=finite(metric.name, metric.per_clip))
    return found


def finite(name: str, per_clip: Callable[[Bundle], Any]) -> Callable[[Bundle], Any]:
    """The same per-clip function, but a value that is not finite becomes ``undefined``: no NaN ever enters a mean."""

    def checked(bundle: Bundle) -> Any:
        value = per_clip(bundle)
        parts = value if isinstance(value, tuple) else (value,)
        if not all(np.all(np.isfinite(part)) for part in parts):
            raise Unscorable(Status.UNDEFINED, f"{name} is not a finite number for this clip; its features hold NaN")
        return value

    return checked


def all_metrics() -> dict[str, Metric]:
    """All metrics by name, in the order of tables."""
    return dict(_registered())


def get(name: str) -> Metric:
    """The metric of that name.

    Raises:
        UnknownMetricError: a `KeyError` that names the nearest metric.
    """
    try:
        return _registered()[name]
    except KeyError:
        raise UnknownMetricError(name, list(_registered())) from None


def describe() -> str:
    """A Markdown table of all metrics: what ``docs/metrics.md`` shows."""
    lines = [
        "| name | title | unit | better | reads | kind | what it says | source |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for metric in _registered().values():
        reads = ", ".join(metric.needs)
        kinds = (("paired", metric.paired), ("portrait", metric.portrait), ("corpus", metric.corpus))
        kind = " ".join(word for word, on in kinds if on)
        cells = [
            f"`{metric.name}`", metric.title, metric.unit, ARROWS[metric.better], reads, kind, metric.summary,
            metric.source,
        ]  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
