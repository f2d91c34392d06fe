"""Scores damaged clips as the suite scores a model: extracted once, compared with the clip, a value or a reason each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.assets import AssetStore
from bench.content import Video
from bench.extract import extract
from bench.features import FeatureStore
from bench.loader import Loader
from bench.plan import Plan
from bench.progress import watched
from bench.scoring import obstacles
from bench.validity.make import Damaged
from bench.validity.subjects import Subject
from metrics.base import Bundle, Metric, Unscorable

CLEAN = ("", 0.0)
"""The condition of a clip that nothing was done to."""
Condition = tuple[str, float]
"""A damage's name and level."""


@dataclass(frozen=True)
class Measured:
    """All outcomes of one dataset.

    Attributes:
        dataset: its name. subjects: the clips, in order.
        outcomes: metric name -> condition -> for each clip its value (or a corpus metric's sample), or why there is none.
        waiting: metrics that cannot run here, and why.
    """

    dataset: str
    subjects: tuple[Subject, ...]
    outcomes: Mapping[str, Mapping[Condition, tuple[Any, ...]]]
    waiting: Mapping[str, Unscorable]


def measure(
    subjects: Sequence[Subject], damaged: Sequence[Damaged], chosen: Sequence[Metric], plan: Plan, store: FeatureStore,
    assets: AssetStore, workers: int,
) -> list[Measured]:  # fmt: skip
    """Extract what is missing of clips and damaged clips, and score them; one entry a dataset."""
    real = {subject.video: Video.of(subject.video) for subject in subjects}
    videos = [(each, Video.of(each.path, real[each.subject.video])) for each in damaged]
    itself = {subject.video: real[subject.video].beside(real[subject.video]) for subject in subjects}
    extract([*real.values(), *itself.values(), *(video for _, video in videos)], plan, store, workers, "measure")
    waiting = obstacles(chosen, plan, assets)
    able = [metric for metric in chosen if metric.name not in waiting]
    loader = Loader(plan, store)
    found: dict[str, dict[tuple[str, Condition], Mapping[str, Any]]] = {}
    todo = [(subject, CLEAN, itself[subject.video]) for subject in subjects]
    todo += [(each.subject, (each.damage, each.level), video) for each, video in videos]
    for subject, condition, video in watched(todo, "score", len(todo)):
        bundle = Bundle(loader.features(video), loader.reference(real[subject.video]), subject.labels)
        scores = {metric.name: _outcome(metric, bundle) for metric in able}
        found.setdefault(subject.dataset, {})[subject.clip, condition] = scores
    return [_collected(name, subjects, scores, able, waiting) for name, scores in found.items()]


def _outcome(metric: Metric, bundle: Bundle) -> Any:
    try:
        return metric.per_clip(bundle)
    except Unscorable as error:
        return error


def _collected(
    dataset: str, subjects: Sequence[Subject], scores: Mapping[tuple[str, Condition], Mapping[str, Any]],
    able: Sequence[Metric], waiting: Mapping[str, Unscorable],
) -> Measured:  # fmt: skip
    own = tuple(subject for subject in subjects if subject.dataset == dataset)
    conditions = dict.fromkeys(condition for _, condition in scores)
    outcomes = {
        metric.name: {
            condition: tuple(scores.get((subject.clip, condition), {}).get(metric.name) for subject in own)
            for condition in conditions
        }
        for metric in able
    }
    return Measured(dataset, own, outcomes, waiting)
