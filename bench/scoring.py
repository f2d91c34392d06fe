"""The heart of ``score`` and ``evaluate``: items (a video, its reference, its labels) -> rows, summary, curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.assets import AssetError, AssetStore
from bench.config import AUDIO_RATE
from bench.content import Video
from bench.errors import unknown
from bench.features import FeatureStore, phonemes_from, track_from
from bench.models.unasked import not_asked
from bench.plan import Plan, plan
from bench.portraits import portrait_features
from bench.store import CURVE_COLUMNS
from datasets.media import MediaError, read_audio
from metrics import registry, statistics
from metrics.base import Bundle, Features, Labels, Metric, Status, Unscorable, protocol_id
from metrics.frechet import FrechetAggregate, PairAggregate
from metrics.sample_size import size_effect

REPLICATES = 1000
CORPUS_REPLICATES = 200
"""Resamples of a metric that has only an aggregate: each costs a matrix decomposition."""
LEAST_SIZED, SUBSETS = 8, 5
"""Clips from which on Fréchet distances are computed for a quarter and half of them too, and of how many random subsets."""
FEW_SPEAKERS = 5
OTHER_SPEAKER = frozenset({"landmarks", "image", "identity"})
"""Groups whose comparison with the reference means nothing when the portrait shows another person."""


@dataclass(frozen=True)
class Item:
    """One case to score.

    Attributes:
        case: its name. labels: what was asked.
        video: the generated video, or why there is none.
        reference: the clip that it is judged against, or None.
        portrait: the picture that the model animated, where it is known.
        ignored: what the case asks for and the model ignores, see `bench.models.unasked`.
    """

    case: str
    labels: Labels
    video: Video | Unscorable
    reference: Video | None
    portrait: Path | None = None
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Scores:
    """What the items of one model gave.

    Attributes:
        rows: score rows without model and version: case, metric, protocol_id, value, status, detail. The row of a
            corpus metric's own value has the case ``*``.
        summary: aggregate, interval, n, asked, coverage by metric name.
        curves: per-frame curves of every case (`CURVE_COLUMNS` without model).
        emotions: asked and predicted emotions (`EMOTION_COLUMNS` without model).
    """

    rows: list[dict[str, Any]]
    summary: dict[str, dict[str, Any]]
    curves: pd.DataFrame
    emotions: list[dict[str, Any]]


def chosen_metrics(names: Sequence[str]) -> list[Metric]:
    """The metrics of these names, or all.

    Raises:
        BenchError: a name is not known; the nearest one is suggested.
    """
    known = registry.all_metrics()
    for name in names:
        if name not in known:
            raise unknown("metric", name, known)
    return [known[name] for name in names] if names else list(known.values())


def missing_weights(metric: Metric, assets: AssetStore) -> tuple[str, ...]:
    """Assets without which the metric cannot run here: its own, and those of the networks whose features it reads."""
    from metrics.features.registry import ASSETS

    names = (*metric.weights, *(asset for feature in metric.needs for asset in ASSETS.get(feature, ())))
    return tuple(name for name in dict.fromkeys(names) if not assets.has(name))


def feature_plan(chosen: Sequence[Metric], fps: float, device: str, assets: AssetStore) -> Plan:
    """The extraction plan that serves these metrics with what is at hand. Damaged weights refuse what needs them, no more."""
    from metrics.features.registry import ASSETS

    able = [metric for metric in chosen if not missing_weights(metric, assets)]
    names = sorted({name for metric in able for name in metric.needs} - {"audio"} | {"track"})
    files: dict[str, Path] = {}
    damaged: dict[str, str] = {}
    for asset in dict.fromkeys(asset for name in names for asset in ASSETS.get(name, ())):
        try:
            files[asset] = assets.path(asset)
        except AssetError as error:
            damaged[asset] = str(error)
    refused = {
        name: (Status.WEIGHTS_MISSING, damaged[asset])
        for name in names for asset in ASSETS.get(name, ()) if asset in damaged
    }  # fmt: skip
    of_portraits = [name for metric in able if metric.portrait for name in metric.needs]
    made = plan([name for name in names if name not in refused], files, fps, device, portraits=of_portraits)
    return replace(made, refused={**refused, **made.refused})


def obstacles(chosen: Sequence[Metric], planned: Plan, assets: AssetStore) -> dict[str, Unscorable]:
    """Why metrics cannot run here at all, by name: weights that are absent, damaged, or another network's."""
    found: dict[str, Unscorable] = {}
    for metric in chosen:
        refused = [planned.refused[name] for name in metric.needs if name in planned.refused]
        if lacking := missing_weights(metric, assets):
            how = " ".join(f"needs {name}: {assets.how_to_get(name)}" for name in lacking)
            found[metric.name] = Unscorable(Status.WEIGHTS_MISSING, how)
        elif refused:
            found[metric.name] = Unscorable(*refused[0])
    return found


class Loader:
    """Features of videos from the cache; what is missing is carried as its reason."""

    def __init__(self, planned: Plan, store: FeatureStore) -> None:
        self.plan = planned
        self.store = store
        self._references: dict[Path, Features] = {}

    def reference(self, video: Video | None) -> Features | None:
        """Features of a reference, kept: every model is compared with the same ones."""
        if video is None:
            return None
        if video.path not in self._references:
            self._references[video.path] = self.features(video)
        return self._references[video.path]

    def features(self, video: Video) -> Features:
        """Everything that was measured of one video."""
        found: dict[str, Any] = {}
        samples: dict[str, Any] = {}
        at: dict[str, Any] = {}
        failures: dict[str, Unscorable] = {}
        for name, identity in self.plan.features.items():
            key = video.key(name)
            if key is None:
                failures[name] = Unscorable(Status.NO_REFERENCE, "the case has no reference clip to compare with")
                continue
            try:
                arrays, meta = self.store.load(identity, key)
            except Unscorable as error:
                failures[name] = error
                continue
            if name == "track":
                found["track"] = track_from(arrays, meta)
            elif name == "phonemes":
                found["phonemes"] = phonemes_from(arrays, meta)
            else:
                samples[name], at[name] = arrays["values"], arrays["at"]
        try:
            found["audio"] = read_audio(video.path, AUDIO_RATE)
        except MediaError as error:
            failures["audio"] = Unscorable(Status(error.reason), f"{video.path.name}: {error.detail}")
        frames = len(found["track"]) if "track" in found else 0
        return Features(
            fps=self.plan.fps,
            frames=frames,
            samples=samples,
            sampled_at=at,
            failures=failures,
            audio_rate=AUDIO_RATE,
            **found,
        )


def score_protocol_id(metric: Metric, planned: Plan) -> str:
    """Hash of everything that changes the metric's number: its own protocol and those of the features that it reads."""
    features = {name: planned.features[name] for name in metric.needs if name in planned.features}
    return protocol_id(metric.name, {"metric": metric.protocol, "features": features})


def score_items(
    items: Sequence[Item], chosen: Sequence[Metric], loader: Loader, assets: AssetStore, seed: int
) -> Scores:
    """Score one model's items. Every item has a row for every metric: a value, or the reason why there is none."""
    unable = obstacles(chosen, loader.plan, assets)
    outcomes: dict[str, list[Any | Unscorable]] = {metric.name: [] for metric in chosen}
    curves: list[pd.DataFrame] = []
    emotions: list[dict[str, Any]] = []
    for item in items:
        bundle = _bundle(item, loader)
        for metric in chosen:
            obstacle = unable.get(metric.name) or not_asked(metric, item.ignored)
            outcomes[metric.name].append(_outcome(metric, bundle, obstacle))
        if isinstance(bundle, Bundle):
            curves.append(_curves(item.case, bundle.generated))
            emotions += [] if "emotion" in item.ignored else _emotion_rows(item, bundle)
    identities = {metric.name: score_protocol_id(metric, loader.plan) for metric in chosen}
    summary = summarize([item.labels.speaker for item in items], outcomes, chosen, identities, seed)
    rows = [
        _row(item.case, metric, identities[metric.name], outcome)
        for metric in chosen
        for item, outcome in zip(items, outcomes[metric.name], strict=True)
    ]
    for metric in chosen:
        if metric.corpus:
            entry = summary[metric.name]
            rows.append({"case": "*", "metric": metric.name, "protocol_id": identities[metric.name], "value": entry["value"],
                         "status": entry["status"], "detail": entry["note"]})  # fmt: skip
    filled = [frame for frame in curves if len(frame)]
    columns = [name for name in CURVE_COLUMNS if name != "model"]
    return Scores(
        rows, summary, pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns), emotions
    )


def _bundle(item: Item, loader: Loader) -> Bundle | Unscorable:
    if isinstance(item.video, Unscorable):
        return item.video
    portrait = None if item.portrait is None else portrait_features(item.portrait, loader.plan, loader.store)
    return Bundle(loader.features(item.video), loader.reference(item.reference), item.labels, portrait)


def _outcome(metric: Metric, bundle: Bundle | Unscorable, obstacle: Unscorable | None) -> Any | Unscorable:
    """The per-clip value of a metric, or why there is none."""
    if obstacle is not None:
        return obstacle
    if isinstance(bundle, Unscorable):
        return bundle
    if metric.paired and metric.group in OTHER_SPEAKER and not bundle.labels.same_speaker:
        return Unscorable(Status.NOT_APPLICABLE, "the portrait shows another speaker than the reference clip")
    try:
        value = metric.per_clip(bundle)
    except Unscorable as error:
        return error
    if not metric.corpus and not np.isfinite(value):
        return Unscorable(Status.UNDEFINED, f"{metric.name} is not finite for this case")
    return value


def _row(case: str, metric: Metric, identity: str, outcome: Any | Unscorable) -> dict[str, Any]:
    row = {"case": case, "metric": metric.name, "protocol_id": identity, "value": None}
    if isinstance(outcome, Unscorable):
        return {**row, "status": outcome.status.value, "detail": outcome.detail}
    # The clip's part of a corpus metric is no number of its own: only its row `*` has a value.
    return {**row, "value": None if metric.corpus else float(outcome), "status": Status.OK.value, "detail": ""}


def summarize(
    speakers: Sequence[str],
    outcomes: Mapping[str, list[Any | Unscorable]],
    chosen: Sequence[Metric],
    identities: Mapping[str, str],
    seed: int,
) -> dict[str, dict[str, Any]]:
    """Aggregate, 95 % interval (bootstrap over speakers), n and asked, by metric.

    The weights depend on the cases and the seed alone, so every model and metric is resampled alike.
    """
    weights = statistics.bootstrap_weights(speakers, REPLICATES, seed)
    summary: dict[str, dict[str, Any]] = {}
    for metric in chosen:
        found = outcomes[metric.name]
        index = [i for i, outcome in enumerate(found) if not isinstance(outcome, Unscorable)]
        failures = [outcome for outcome in found if isinstance(outcome, Unscorable)]
        asked = len(found) - sum(failure.status is Status.NOT_APPLICABLE for failure in failures)
        entry: dict[str, Any] = {
            "value": None, "low": None, "high": None, "n": len(index), "asked": asked, "status": Status.OK.value, "note": "",
            "coverage": round(len(index) / asked, 4) if asked else None, "protocol_id": identities[metric.name],
            "clusters": len({speakers[i] for i in index}),
        }  # fmt: skip
        if index:
            _fill(entry, metric, [found[i] for i in index], [speakers[i] for i in index], weights[:, index])
        else:
            first = next(
                (f for f in failures if f.status is not Status.NOT_APPLICABLE), failures[0] if failures else None
            )
            entry["status"] = first.status.value if first else Status.UNDEFINED.value
            entry["note"] = first.detail if first else "no cases"
        summary[metric.name] = entry
    return summary


def _fill(entry: dict[str, Any], metric: Metric, values: list[Any], speakers: Sequence[str], weights: Any) -> None:
    """Put the aggregate and its interval into a summary entry."""
    # A resample of a distance between distributions holds fewer distinct clips, which biases it upwards.
    biased = isinstance(metric.aggregate, PairAggregate)
    try:
        found = statistics.estimate(
            metric.aggregate,
            values,
            speakers,
            weights[:CORPUS_REPLICATES] if metric.corpus else weights,
            recentre=biased,
        )
    except Unscorable as error:
        entry.update(status=error.status.value, note=error.detail)
        return
    if not np.isfinite(found.value):
        refusal = getattr(metric.aggregate, "refusal", lambda samples: None)(values)
        entry.update(status=Status.UNDEFINED.value, note=refusal or f"not defined on {len(values)} case(s)")
        return
    entry["value"] = found.value
    if np.isfinite(found.low) and np.isfinite(found.high):
        entry.update(low=found.low, high=found.high)
    if isinstance(metric.aggregate, FrechetAggregate) and len(values) >= LEAST_SIZED:
        sizes = [len(values) // part for part in (4, 2, 1)]
        entry["size_effect"] = asdict(size_effect(metric.aggregate, values, sizes, SUBSETS))
    unit, count = statistics.resampling_unit(speakers)
    if unit == "clip":
        entry["note"] = "one speaker: the interval resamples clips and says nothing of other speakers"
    elif count < FEW_SPEAKERS:
        entry["note"] = f"interval over {count} speakers only: a hint, not more"


def _curves(case: str, features: Features) -> pd.DataFrame:
    from metrics.envelope import loudness
    from metrics.rigid import head_pose
    from metrics.sync import aperture

    if features.track is None:
        return pd.DataFrame()
    angles = head_pose(features.track.landmarks).angles
    times = np.arange(len(features.track)) / features.fps
    loud = np.full(len(times), np.nan) if features.audio is None else loudness(features.audio, times)
    return pd.DataFrame({
        "case": case, "time": times, "aperture": aperture(features.track.landmarks),
        "pitch": angles[:, 0], "yaw": angles[:, 1], "roll": angles[:, 2], "loudness": loud,
    })  # fmt: skip


def _emotion_rows(item: Item, bundle: Bundle) -> list[dict[str, Any]]:
    """Asked and predicted emotion of a case in MEAD's words and the probability of the asked one, by every classifier at hand."""
    from metrics.emotion import asked_class, predict
    from metrics.emotion_classifiers import EVERY

    rows = []
    for title, classifier in EVERY.items():
        try:
            asked, probabilities = asked_class(bundle, classifier), predict(bundle, classifier)
        except Unscorable:
            continue
        words = {name: word for word, name in classifier.mead.items()}
        asked_name, predicted = (classifier.classes[index] for index in (asked, int(np.argmax(probabilities))))
        rows.append({
            "case": item.case, "classifier": title, "asked": words[asked_name], "predicted": words[predicted],
            "probability": float(probabilities[asked]),
        })  # fmt: skip
    return rows
