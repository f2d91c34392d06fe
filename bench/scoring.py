"""The heart of ``score`` and ``evaluate``: items (a video, its reference, its labels) -> rows, summary, curves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.assets import AssetError, AssetStore
from bench.content import Video
from bench.details import curves_of, emotion_rows, table_of_curves
from bench.errors import unknown
from bench.loader import Loader
from bench.models.unasked import not_asked
from bench.outcomes import Outcome, OutcomeCache, Outcomes
from bench.plan import Plan, plan
from bench.portraits import portrait_features
from bench.summary import Case, Corpus, summarize
from metrics import registry
from metrics.base import Bundle, Labels, Metric, Status, Unscorable, protocol_id

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
        replicates: corpus metrics under the shared bootstrap weights (`REPLICATE_COLUMNS` without model).
    """

    rows: list[dict[str, Any]]
    summary: dict[str, dict[str, Any]]
    curves: pd.DataFrame
    emotions: list[dict[str, Any]]
    replicates: list[dict[str, Any]]


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
    """The extraction plan that serves these metrics with what is at hand. Damaged weights refuse what needs them, no more.

    Faces are tracked only where something looks at them; without a track there are no curves either.
    """
    from metrics.features.registry import ASSETS, looks_at_faces

    able = [metric for metric in chosen if not missing_weights(metric, assets)]
    names = sorted({name for metric in able for name in metric.needs} - {"audio"})
    names += ["track"] if "track" not in names and any(map(looks_at_faces, names)) else []
    files: dict[str, Path] = {}
    verified: dict[str, str] = {}
    damaged: dict[str, str] = {}
    for asset in dict.fromkeys(asset for name in names for asset in ASSETS.get(name, ())):
        try:
            files[asset], verified[asset] = assets.path(asset), assets.sha256(asset)
        except AssetError as error:
            damaged[asset] = str(error)
    refused = {
        name: (Status.WEIGHTS_MISSING, damaged[asset])
        for name in names for asset in ASSETS.get(name, ()) if asset in damaged
    }  # fmt: skip
    of_portraits = [name for metric in able if metric.portrait for name in metric.needs]
    measured = [name for name in names if name not in refused]
    made = plan(measured, files, fps, device, portraits=of_portraits, verified=verified)
    features = {name: identity for name, identity in made.features.items() if name in names}
    return replace(made, features=features, refused={**refused, **made.refused})


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


def score_protocol_id(metric: Metric, planned: Plan) -> str:
    """Hash of everything that changes the metric's number: its own protocol and those of the features that it reads."""
    features = {name: planned.features[name] for name in metric.needs if name in planned.features}
    return protocol_id(metric.name, {"metric": metric.protocol, "features": features})


def score_items(
    items: Sequence[Item], chosen: Sequence[Metric], loader: Loader, assets: AssetStore, seed: int
) -> Scores:
    """Score one model's items. Every item has a row for every metric: a value, or the reason why there is none.

    What was computed before of the same contents, by the same code, is taken from the cache.
    """
    unable = obstacles(chosen, loader.plan, assets)
    identities = {metric.name: score_protocol_id(metric, loader.plan) for metric in chosen}
    able = [metric for metric in chosen if metric.name not in unable]
    kept = OutcomeCache({metric.name: identities[metric.name] for metric in able}, loader.plan, loader.store)
    outcomes: dict[str, list[Outcome]] = {metric.name: [] for metric in chosen}
    columns: list[tuple[str, Mapping[str, NDArray[np.float64]]]] = []
    emotions: list[dict[str, Any]] = []
    keys: list[str] = []
    for item in items:
        key, found = _outcomes(item, able, loader, kept)
        keys.append(key)
        for metric in chosen:
            obstacle = unable.get(metric.name) or not_asked(metric, item.ignored)
            outcomes[metric.name].append(obstacle or _of_metric(metric, found))
        if isinstance(found, Outcomes):
            columns.append((item.case, found.curves))
            rows_of_item = [] if "emotion" in item.ignored else found.emotions
            emotions += [{"case": item.case, **row} for row in rows_of_item]
    corpus = Corpus(
        [Case(key, item.labels.speaker) for key, item in zip(keys, items, strict=True)],
        lambda metric, index: metric.per_clip(bundle_of(items[index], loader, metric.needs)),
        loader.store,
    )
    summary = summarize(corpus, outcomes, chosen, identities, seed)
    replicates = [
        {"metric": name, "protocol_id": identities[name], "seed": seed, "replicate": number, "value": value}
        for name, entry in summary.items()
        for number, value in enumerate(entry.pop("replicates", ()))
    ]
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
    return Scores(rows, summary, table_of_curves(columns), emotions, replicates)


def bundle_of(item: Item, loader: Loader, needs: Collection[str] | None = None) -> Bundle:
    """What metrics see of an item that has a video; with `needs`, only those features."""
    assert isinstance(item.video, Video)
    portrait = None if item.portrait is None else portrait_features(item.portrait, loader.plan, loader.store)
    return Bundle(loader.features(item.video, needs), loader.reference(item.reference, needs), item.labels, portrait)


def _outcomes(
    item: Item, able: Sequence[Metric], loader: Loader, kept: OutcomeCache
) -> tuple[str, Outcomes | Unscorable]:
    """Key of the case (empty without a video), and what the metrics say of it."""
    if isinstance(item.video, Unscorable):
        return "", item.video
    key = kept.key(item.video, item.reference, item.labels, item.portrait)
    found = kept.load(key)
    if found is None:
        bundle = bundle_of(item, loader)
        of_metrics = {metric.name: _outcome(metric, bundle) for metric in able}
        found = Outcomes(of_metrics, curves_of(bundle.generated), emotion_rows(bundle))
        kept.save(key, found)
    return key, found


def _of_metric(metric: Metric, found: Outcomes | Unscorable) -> Outcome:
    return found if isinstance(found, Unscorable) else found.of_metrics[metric.name]


def _outcome(metric: Metric, bundle: Bundle) -> Outcome:
    """The per-clip value of a metric, or why there is none. A corpus metric reads its clips again for its aggregate."""
    if metric.paired and metric.group in OTHER_SPEAKER and not bundle.labels.same_speaker:
        return Unscorable(Status.NOT_APPLICABLE, "the portrait shows another speaker than the reference clip")
    try:
        value = metric.per_clip(bundle)
    except Unscorable as error:
        return error
    except (ArithmeticError, LookupError, ValueError) as error:
        # A metric that stumbles over one case is that case's row, and not the end of the run; nothing keeps such a row.
        return Unscorable(Status.ERROR, f"{metric.name} failed: {type(error).__name__}: {error}")
    if metric.corpus:
        return None
    if not np.isfinite(value):
        return Unscorable(Status.UNDEFINED, f"{metric.name} is not finite for this case")
    return float(value)


def _row(case: str, metric: Metric, identity: str, outcome: Outcome) -> dict[str, Any]:
    row = {"case": case, "metric": metric.name, "protocol_id": identity, "value": None}
    if isinstance(outcome, Unscorable):
        return {**row, "status": outcome.status.value, "detail": outcome.detail}
    # The clip's part of a corpus metric is no number of its own: only its row `*` has a value.
    return {**row, "value": outcome, "status": Status.OK.value, "detail": ""}
