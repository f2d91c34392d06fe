"""What each metric must do under each damage, read from ``expectations.yaml``, and where it does otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from bench.errors import BenchError, unknown
from bench.validity.catalogue import DAMAGES, Damage
from bench.validity.response import Response, Verdict
from metrics import registry
from metrics.base import Metric

FILE = Path(__file__).with_name("expectations.yaml")
LIKELY = 0.7
"""Spearman correlation from which a response that no interval confirms is taken to be hidden by too few clips."""
Expectation = Literal["worse", "hold", "may"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    metrics: list[str]
    worse: list[str] = []
    hold: list[str] = []


def load(path: Path) -> Mapping[tuple[str, str], Expectation]:
    """Expectation by metric and damage name; a pair that is not named may move.

    Raises:
        BenchError: an unknown metric, damage or key, a metric that is named twice, or both expectations of one damage.
    """
    try:
        entries = [_Entry.model_validate(each) for each in yaml.safe_load(path.read_text(encoding="utf-8"))]
    except (ValidationError, yaml.YAMLError, TypeError) as error:
        raise BenchError(f"{path}: a list of entries with metrics, worse and hold was expected: {error}") from error
    metrics = registry.all_metrics()
    found: dict[tuple[str, str], Expectation] = {}
    seen: set[str] = set()
    for entry in entries:
        for metric in entry.metrics:
            if metric not in metrics:
                raise unknown("metric", metric, metrics)
            if metric in seen:
                raise BenchError(f"{path}: metric {metric!r} stands in two entries; put it into one")
            seen.add(metric)
            worse, hold = _damages(entry.worse), _damages(entry.hold)
            if both := worse & hold:
                raise BenchError(f"{path}: {metric!r} must get worse and must hold under {', '.join(sorted(both))}")
            found.update({(metric, name): "worse" for name in worse})
            found.update({(metric, name): "hold" for name in hold})
    return found


@cache
def expectations() -> Mapping[tuple[str, str], Expectation]:
    """Those of the suite."""
    return load(FILE)


def expected(metric: str, damage: Damage) -> Expectation:
    """What that metric must do under that damage."""
    return expectations().get((metric, damage.name), "may")


def undeclared(metrics: Sequence[Metric]) -> list[Metric]:
    """Metrics with a direction that the file does not name: nothing is asked of them."""
    named = {metric for metric, _ in expectations()}
    return [metric for metric in metrics if metric.better != "none" and metric.name not in named]


def departs(response: Response) -> bool:
    """Whether a metric does otherwise than it must; without a clean value or an interval there is nothing to say."""
    must = expected(response.metric.name, response.damage)
    if response.verdict is Verdict.FEW or not np.isfinite(response.clean):
        return False
    if must == "worse":
        return response.verdict is not Verdict.WORSE
    if must == "hold":
        return response.verdict in (Verdict.WORSE, Verdict.UNEVEN, Verdict.BETTER)
    return False


def weakly_as_expected(response: Response) -> bool:
    """Whether it must get worse, and its means do, though not so that these few clips could tell."""
    must = expected(response.metric.name, response.damage)
    return must == "worse" and response.verdict is Verdict.SILENT and response.rho >= LIKELY


def _damages(names: Sequence[str]) -> set[str]:
    groups = {each.group for each in DAMAGES}
    known = {each.name for each in DAMAGES}
    found: set[str] = set()
    for name in names:
        if name not in groups | known:
            raise unknown("damage", name, groups | known)
        found |= {each.name for each in DAMAGES if name in (each.name, each.group)}
    return found
