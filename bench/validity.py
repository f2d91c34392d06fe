"""``space-bench validity``: what is measured against what is known, on ``puppet``; and which sanity row a metric can tell.

Reads the results of a run (``make demo``) and writes one Markdown page. Every figure on it is computed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.assets import AssetStore
from bench.config import CaseSet, Params
from bench.content import Video
from bench.errors import BenchError
from bench.features import FeatureStore
from bench.plan import Plan
from bench.scoring import REPLICATES, Loader, chosen_metrics, feature_plan
from bench.store import read_table, records, write_bytes
from bench.workspace import Workspace
from metrics import statistics
from metrics.base import ARROWS, Bundle, Features, Labels, Metric, Unscorable, weighted_mean
from metrics.emotion import CLASSES, asked_class, predict
from metrics.eyes import blinks
from metrics.features.regions import LIPS_INNER, LIPS_OUTER
from metrics.rigid import head_pose, rotation_angles
from metrics.sync import BILABIALS, MAX_LAG, aperture, lip_lag

SHIFTS = (-12, -8, -5, -3, -1, 0, 1, 3, 5, 8, 12)
SANITY = ("re-encoded", "still", "shuffled", "shifted")
OUTER_EYE_CORNERS = (33, 263)
IRISES = slice(468, 478)
PHONEME_TOLERANCE = 0.1


@dataclass(frozen=True)
class Known:
    """One synthetic clip: what was measured, and what is true, both in pixels of the standard clip."""

    clip: str
    dataset: str
    speaker: str
    emotion: str | None
    level: int | None
    features: Features
    landmarks: NDArray[np.float64]
    rotation: NDArray[np.float64]
    blinks: NDArray[np.float64]
    phonemes: list[tuple[str, float, float]]


def write_validity(params: Params, workspace: Workspace, assets: AssetStore, page: Path) -> None:
    """Compute everything and write the page.

    Raises:
        BenchError: the run's results are missing, or hold no clip with known truth.
    """
    chosen = chosen_metrics(params.metrics)
    planned = feature_plan(chosen, params.video.fps, params.device, assets)
    known = list(known_clips(params, workspace, planned))
    if not known:
        raise BenchError("no clip with known truth: add a puppet dataset to `cases` in params.yaml and run `make demo`")
    parts = [
        _HEAD.format(clips=len(known), speakers=len({k.speaker for k in known if k.dataset == known[0].dataset})),
        "## Landmarks\n\n", landmark_table(known), "\n## Head pose\n\n", pose_table(known), "\n## Blinks\n\n", blink_table(known),
        "\n## Audio-lip offset\n\n", offset_table(known), "\n## Phonemes\n\n", phoneme_table(known),
        "\n## Emotion classifier\n\n", emotion_table(known), "\n## Identity network\n\n", identity_table(known),
        "\n## What each metric can tell\n\n", _SANITY_NOTE, sanity_table(params, workspace, chosen),
    ]  # fmt: skip
    write_bytes(page, "".join(parts).encode())


_HEAD = """# Validity

Written by `space-bench validity` from the results of `make demo`; do not edit. {clips} synthetic clips of {speakers} speakers whose truth
is known. The tracker sees the rendered, encoded, decoded and cropped video, as it would any other.

"""

_SANITY_NOTE = """Mean difference from the ground-truth row on the cases that both have, with a 95 % interval (bootstrap over speakers). **Bold**: the
interval leaves out 0. What a metric cannot tell, and why: landmarks, pose, eyes, emotion, identity and image metrics look at pictures
only, and `shuffled` and `shifted` have the very pictures of the clip, so these are exactly 0 there. Sync metrics hear and see, and do not care
about codec noise. `still` has no lip motion, so a lag is undefined for it, and identity and emotion metrics may find a still portrait perfect.

"""


def known_clips(params: Params, workspace: Workspace, planned: Plan) -> Iterator[Known]:
    """Every clip with a truth file of the sets in the parameter file, with its measured features."""
    loader = Loader(planned, FeatureStore(workspace.features))
    seen: set[tuple[str, str]] = set()
    for cases in params.case_sets():
        if (cases.dataset, cases.split) in seen:
            continue
        seen.add((cases.dataset, cases.split))
        table = read_table(workspace.clips_table(cases.dataset, cases.split), "make demo")
        for row in records(table[table["truth"].notna()]):
            features = loader.features(Video(workspace.resolve(row.video), row.pictures, row.sound))
            if features.track is not None:
                yield _known(row, features, params)


def _known(row: Any, features: Features, params: Params) -> Known:
    with np.load(row.truth, allow_pickle=False) as truth:
        assert features.track is not None
        # The standard clip shows at time k / fps the last source frame at or before it.
        index = np.floor(np.arange(len(features.track)) / params.video.fps * float(truth["fps"]) + 1e-6).astype(int)
        index = np.minimum(index, len(truth["landmarks"]) - 1)
        if not re.fullmatch(r"\d+,\d+,\d+", row.crop):
            raise BenchError(
                f"clip {row.clip!r} was cropped along a path ({row.crop}), and truth is compared under a fixed crop only. "
                "Set video.crop to a number or to `fixed`, and run `space-bench prepare` again."
            )
        left, top, side = map(int, row.crop.split(","))
        scale = params.video.size / side
        landmarks = truth["landmarks"][index].astype(np.float64)
        landmarks[..., :2] = (landmarks[..., :2] - (left, top)) * scale
        landmarks[..., 2] *= scale
        starts, ends = truth["phoneme_starts"], truth["phoneme_ends"]
        phonemes = [
            (str(s), float(a), float(b)) for s, a, b in zip(truth["phoneme_symbols"], starts, ends, strict=True)
        ]
        return Known(
            row.clip, row.dataset, row.speaker, None if pd.isna(row.emotion) else row.emotion, None if pd.isna(row.level) else int(row.level),
            features, landmarks, truth["rotation"][index].astype(np.float64), truth["blinks"].reshape(-1, 2), phonemes,
        )  # fmt: skip


def _interocular(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    first, second = OUTER_EYE_CORNERS
    distance: NDArray[np.float64] = np.linalg.norm(landmarks[:, first, :2] - landmarks[:, second, :2], axis=-1)
    return distance


def landmark_table(known: Sequence[Known]) -> str:
    """Distance of measured from true points, and how well the lip opening follows."""
    groups = {"all 478": slice(None), "outer lips": list(LIPS_OUTER), "inner lips": list(LIPS_INNER), "irises": IRISES}
    errors: dict[str, list[float]] = {name: [] for name in groups}
    correlations, gains, seen = [], [], []
    for clip in known:
        track = clip.features.track
        assert track is not None
        use = track.present
        seen.append(use.mean())
        distance = np.linalg.norm(track.landmarks[use, :, :2] - clip.landmarks[use, :, :2], axis=-1)
        relative = distance / _interocular(clip.landmarks)[use, None]
        for name, points in groups.items():
            errors[name].append(float(relative[:, points].mean()))
        measured, true = aperture(track.landmarks)[use], aperture(clip.landmarks)[use]
        if np.std(true) > 0.01:
            correlations.append(float(np.corrcoef(measured, true)[0, 1]))
            gains.append(float(np.polyfit(true, measured, 1)[0]))
    rows = [
        (f"{name}, mean distance", f"{100 * np.mean(e):.2f} % of the inter-ocular distance", f"{100 * np.max(e):.2f} %")
        for name, e in errors.items()
    ]
    rows.append(("frames with a face", f"{100 * np.mean(seen):.1f} %", f"{100 * np.min(seen):.1f} %"))
    rows.append(
        ("inner-lip opening, correlation with the truth", f"{np.mean(correlations):.3f}", f"{np.min(correlations):.3f}")
    )
    rows.append(("inner-lip opening, measured a unit of true", f"{np.mean(gains):.2f}", f"{np.min(gains):.2f}"))
    return _markdown(("", "mean over clips", "worst clip"), rows)


def pose_table(known: Sequence[Known]) -> str:
    """Angles against the truth, as they are and with each clip's mean taken out."""
    raw, motion, swing = [], [], []
    for clip in known:
        track = clip.features.track
        assert track is not None
        use = track.present
        measured = head_pose(track.landmarks[use]).angles
        true = rotation_angles(clip.rotation[use])
        difference = measured - true
        raw.append(np.abs(difference).mean(axis=0))
        motion.append(np.abs(difference - difference.mean(axis=0)).mean(axis=0))
        swing.append(true.std(axis=0))
    rows = []
    for axis, name in enumerate(("pitch", "yaw", "roll")):
        values = [np.mean([entry[axis] for entry in part]) for part in (raw, motion, swing)]
        rows.append((name, *(f"{value:.2f}°" for value in values)))
    note = "\nA speaker's own bone shape shifts the zero of pitch; comparisons of a video with its clip do not see that shift.\n"
    return _markdown(("", "mean absolute error", "the same, clip's mean taken out", "spread of the truth"), rows) + note


def blink_table(known: Sequence[Known]) -> str:
    """Found, missed and invented blinks."""
    found = missed = invented = 0
    errors: list[float] = []
    for clip in known:
        track = clip.features.track
        assert track is not None
        measured = blinks(track)
        length = len(track) / track.fps
        taken: set[int] = set()
        for start, end in clip.blinks:
            if end > length:
                continue
            centre = (start + end) / 2
            near = [
                (abs((a + b) / 2 - centre), i)
                for i, (a, b) in enumerate(measured)
                if i not in taken and b > start - 0.1 and a < end + 0.1
            ]
            if near:
                distance, index = min(near)
                taken.add(index)
                errors.append(distance)
                found += 1
            else:
                missed += 1
        invented += len(measured) - len(taken)
    rows = [
        ("true blinks found", f"{found} of {found + missed}"), ("blinks that are not there", str(invented)),
        ("mean error of their middle", f"{1000 * np.mean(errors):.0f} ms" if errors else "–"),
    ]  # fmt: skip
    return _markdown(("", ""), rows)


def offset_table(known: Sequence[Known]) -> str:
    """Lag that is found when the sound is moved by a known number of frames."""
    rows = []
    for shift in SHIFTS:
        found: list[float] = []
        for clip in known:
            if clip.features.audio is None:
                continue
            samples = round(shift / 25 * clip.features.audio_rate)
            moved = np.roll(clip.features.audio, samples)
            features = Features(clip.features.fps, clip.features.frames, clip.features.track, moved)
            try:
                found.append(lip_lag(Bundle(features, None, Labels())))
            except Unscorable:
                continue
        error = np.abs(np.array(found) - shift)
        rows.append(
            (
                f"{shift:+d}",
                f"{np.median(found):+.0f}",
                f"{100 * np.mean(error <= 1):.0f} %",
                f"{100 * np.mean(error <= 2):.0f} %",
                str(len(found)),
            )
        )
    head = ("sound moved by (frames of 40 ms)", "median lag found", "within 1", "within 2", "clips")
    return _markdown(head, rows) + f"\nSearched within ±{MAX_LAG} frames; the sound is moved in a circle.\n"


def phoneme_table(known: Sequence[Known]) -> str:
    """How many true p, b and m the recogniser finds, and how many of its own are true."""
    hits = truths = right = claims = 0
    for clip in known:
        if clip.features.phonemes is None:
            continue
        true = [(a + b) / 2 for symbol, a, b in clip.phonemes if symbol.upper() in BILABIALS]
        said = [(p.start + p.end) / 2 for p in clip.features.phonemes if p.symbol in BILABIALS]
        truths += len(true)
        claims += len(said)
        hits += sum(any(abs(t - s) <= PHONEME_TOLERANCE for s in said) for t in true)
        right += sum(any(abs(t - s) <= PHONEME_TOLERANCE for t in true) for s in said)
    rows = [
        ("true p, b, m that were recognised", f"{hits} of {truths} ({100 * hits / max(truths, 1):.0f} %)"),
        ("recognised p, b, m that are true", f"{right} of {claims} ({100 * right / max(claims, 1):.0f} %)"),
    ]
    return _markdown((f"within {1000 * PHONEME_TOLERANCE:.0f} ms", ""), rows)


def emotion_table(known: Sequence[Known]) -> str:
    """The classifier's accuracy and probability on the synthetic truth: its ceiling there."""
    rows = []
    entries = []
    for clip in known:
        bundle = Bundle(clip.features, None, Labels(emotion=clip.emotion))
        try:
            asked, probabilities = asked_class(bundle), predict(bundle)
        except Unscorable:
            continue
        entries.append((clip.emotion, clip.level, int(np.argmax(probabilities)) == asked, probabilities[asked]))
    table = pd.DataFrame(entries, columns=["emotion", "level", "right", "probability"])
    if table.empty:
        return "No clip carries an emotion label that the classifier knows.\n"
    for emotion, part in table.groupby("emotion"):
        levels = part.groupby("level")["probability"].mean()
        shown = ", ".join(f"{level}: {value:.2f}" for level, value in levels.items())
        rows.append(
            (
                str(emotion),
                f"{100 * part['right'].mean():.0f} %",
                f"{part['probability'].mean():.2f}",
                shown,
                str(len(part)),
            )
        )
    rows.append(
        ("all", f"{100 * table['right'].mean():.0f} %", f"{table['probability'].mean():.2f}", "", str(len(table)))
    )
    note = f"\nChance is {100 / len(CLASSES):.0f} %. The classifier has no class for contempt.\n"
    return _markdown(("asked", "accuracy", "mean probability", "by level", "clips"), rows) + note


def identity_table(known: Sequence[Known]) -> str:
    """Distances of identity embeddings within and between speakers."""
    # The same cast appears in both layouts under other names: only clips of one layout are compared.
    means = [
        (clip.dataset, clip.speaker, clip.features.samples["identity"].mean(axis=0))
        for clip in known
        if "identity" in clip.features.samples
    ]
    same: list[float] = []
    other: list[float] = []
    for i, (dataset, first, one) in enumerate(means):
        for layout, second, two in means[i + 1 :]:
            if layout != dataset:
                continue
            (same if first == second else other).append(float(np.linalg.norm(one - two)))
    rows = [
        ("same speaker", f"{np.mean(same):.2f}", f"{np.min(same):.2f} to {np.max(same):.2f}"),
        ("different speakers", f"{np.mean(other):.2f}", f"{np.min(other):.2f} to {np.max(other):.2f}"),
    ]
    return (
        _markdown(("distance of clips", "mean", "range"), rows)
        + "\nThe network's authors take 0.6 as the threshold of one person.\n"
    )


def sanity_table(params: Params, workspace: Workspace, chosen: Sequence[Metric]) -> str:
    """Paired difference of every sanity model from the ground truth, a table a case set."""
    parts = []
    models = [model for model in SANITY if model in params.models]
    for cases in params.case_sets():
        scores = {m: read_table(workspace.scores_table(cases, m), "make demo") for m in ("ground-truth", *models)}
        speakers = read_table(workspace.cases_table(cases), "make demo").set_index("case")["speaker"]
        rows = []
        for metric in chosen:
            if metric.corpus:
                continue
            cells = [_difference(scores["ground-truth"], scores[model], metric, speakers) for model in models]
            if any(cell != "–" for cell in cells):
                rows.append((metric.title, ARROWS[metric.better], *cells))
        parts.append(f"### {_title(cases)}\n\n" + _markdown(("metric", "", *models), rows) + "\n")
    return "".join(parts)


def _title(cases: CaseSet) -> str:
    return f"{cases.dataset}, {cases.split}, protocol {cases.protocol}"


def _difference(base: pd.DataFrame, other: pd.DataFrame, metric: Metric, speakers: pd.Series) -> str:
    values = [
        frame[(frame["metric"] == metric.name) & frame["value"].notna()].set_index("case")["value"]
        for frame in (base, other)
    ]
    common = [case for case in values[0].index if case in values[1].index]
    if not common:
        return "–"
    clusters = [str(speakers[case]) for case in common]
    weights = statistics.bootstrap_weights(clusters, REPLICATES)
    first, second = ([float(part[case]) for case in common] for part in values)
    found = statistics.paired_difference(weighted_mean, first, second, clusters, weights).interval
    text = f"{found.value:+.3g} [{found.low:+.2g}, {found.high:+.2g}]"
    return f"**{text}**" if found.low > 0 or found.high < 0 else text


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
