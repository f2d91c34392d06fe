"""What the metrics said of one case, kept by content beside the features: a run that changes nothing computes nothing.

A file holds every metric's value or failure, the curves and the predicted emotions of one video beside one reference. Its address
hashes their contents, the labels, the protocols of metrics and features, and the source code that computes: after any change of
code scores are computed anew (features are not).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import datasets.media
import metrics
from bench.content import Video
from bench.features import FeatureStore
from bench.plan import Plan
from bench.store import sha256_file
from metrics.base import Labels, Metric, Status, Unscorable, protocol_id

Outcome = float | Unscorable | None
"""A value; why there is none; None for a clip that takes part in a corpus metric."""


@dataclass(frozen=True)
class Outcomes:
    """All that is known of one case.

    Attributes:
        of_metrics: by metric name. curves: equally long columns by name, empty without a face track.
        emotions: rows asked, predicted, classifier, probability.
    """

    of_metrics: Mapping[str, Outcome]
    curves: Mapping[str, NDArray[np.float64]]
    emotions: Sequence[Mapping[str, Any]]


class OutcomeCache:
    """Reads and writes `Outcomes` of some metrics under one plan.

    Args:
        identities: score protocol id by metric name, of the metrics that are computed.
    """

    def __init__(self, identities: Mapping[str, str], plan: Plan, store: FeatureStore) -> None:
        self.plan = plan
        self.store = store
        self.names = frozenset(identities)
        self.identity = protocol_id(
            "outcomes",
            {
                "metrics": dict(identities),
                "features": dict(plan.features),
                "portraits": dict(plan.portraits),
                "code": code(),
            },
        )

    def key(self, video: Video, reference: Video | None, labels: Labels, portrait: Path | None) -> str:
        """Hash of all that is looked at of a case."""
        seen: list[Any] = [video.pictures, video.sound, video.reference_pictures, asdict(labels)]
        seen.append(None if reference is None else [reference.pictures, reference.sound])
        seen.append(sha256_file(portrait) if portrait is not None and self.plan.portraits else None)
        return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()

    def load(self, key: str) -> Outcomes | None:
        """What was kept, or None."""
        if not self.store.has(self.identity, key):
            return None
        try:
            arrays, meta = self.store.load(self.identity, key)
        except Unscorable:  # A damaged file, removed by now.
            return None
        found = {name: _unpacked(value) for name, value in meta["metrics"].items()}
        return Outcomes(found, arrays, meta["emotions"])

    def save(self, key: str, outcomes: Outcomes) -> None:
        """Keep it, unless something went wrong that the next run may do better."""
        failures = [value for value in outcomes.of_metrics.values() if isinstance(value, Unscorable)]
        if any(failure.status is Status.ERROR for failure in failures):
            return
        packed = {name: _packed(value) for name, value in outcomes.of_metrics.items()}
        self.store.save(
            self.identity,
            key,
            outcomes.curves,
            {"metrics": packed, "emotions": [dict(row) for row in outcomes.emotions]},
        )


class EstimateCache:
    """What a corpus metric gave for a set of clips: value, interval and notes, by the clips' contents and speakers."""

    def __init__(self, store: FeatureStore, metric: Metric, identity: str, settings: Mapping[str, Any]) -> None:
        self.store = store
        self.identity = protocol_id(metric.name, {"scores": identity, "code": code(), **settings})

    def load(self, clips: Sequence[tuple[str, str]]) -> dict[str, Any] | None:
        """Entries of the summary, or None. `clips`: key of the case and speaker, in order."""
        if not self.store.has(self.identity, _clips_key(clips)):
            return None
        try:
            found: dict[str, Any] = self.store.load(self.identity, _clips_key(clips))[1]["entry"]
        except Unscorable:
            return None
        return found

    def save(self, clips: Sequence[tuple[str, str]], entry: Mapping[str, Any]) -> None:
        self.store.save(self.identity, _clips_key(clips), {}, {"entry": dict(entry)})


@cache
def code() -> str:
    """Hash of the source that turns features into scores, and of the libraries whose change may move a digit."""
    digest = hashlib.sha256(" ".join(version(name) for name in ("numpy", "scipy", "av")).encode())
    folders = [Path(package.__path__[0]) for package in (metrics, datasets.media)]
    own = [
        Path(__file__).with_name(f"{name}.py")
        for name in ("outcomes", "scoring", "loader", "summary", "details", "features")
    ]
    files = [*own, *(file for folder in folders for file in folder.rglob("*.py"))]
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _clips_key(clips: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256(json.dumps(list(clips)).encode()).hexdigest()


def _packed(value: Outcome) -> Any:
    return [value.status.value, value.detail] if isinstance(value, Unscorable) else value


def _unpacked(value: Any) -> Outcome:
    return Unscorable(Status(value[0]), value[1]) if isinstance(value, list) else value
