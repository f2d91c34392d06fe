"""Do people agree with each other and with themselves, and does the side of the screen sway them?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reports.study.analysis import estimates, preferences
from reports.study.analysis.clusters import Clusters, FloatArray, IntArray, Resampling, codes
from reports.study.analysis.estimates import NAN, Estimate

CHOICES = ("first", "second", "tie")
SIGNS = {"first": 0.5, "second": -0.5, "tie": 0.0}


@dataclass(frozen=True)
class Agreement:
    """Of the answers to one question.

    Attributes:
        alpha: Krippendorff's, nominal: 1 is perfect, 0 chance. pairs, raters: behind it.
        alike: share of repeated pairs that were answered alike; repeated: how many.
        left: share of the left side (or what was shown first) among answers without tie, tested against a half; decided:
            how many.
        rater_icc, clip_icc: correlation of two answers about the same two models by one rater (about other clips), about one
            clip (by other raters): what `study design` asks of a pilot. NaN where nobody answered twice.
    """

    question: str
    alpha: Estimate
    pairs: int
    raters: int
    alike: Estimate
    repeated: int
    left: Estimate
    decided: int
    rater_icc: float
    clip_icc: float


def agreement(question: str, answers: pd.DataFrame, repeated: pd.DataFrame, resampling: Resampling) -> Agreement:
    """Args:
    answers: as `counted` gives them. repeated: as `exclude.repeats` does; both of one question.
    """
    decided = answers[answers["side"] != "tie"]
    alike = _rate(repeated, repeated["alike"].to_numpy(dtype=np.float64), resampling)
    left = _rate(decided, (decided["side"] == "left").to_numpy(dtype=np.float64), resampling)
    several = answers.groupby("pair")["rater"].nunique() > 1
    return Agreement(
        question, krippendorffs_alpha(answers, resampling), int(several.sum()), answers["rater"].nunique(),
        replace(alike, p_value=NAN), len(repeated), left, len(decided), *intraclass(answers),
    )  # fmt: skip


def intraclass(answers: pd.DataFrame) -> tuple[float, float]:
    """See `Agreement`: products of deviations from the rate of the two models, averaged over pairs of answers (Karlin,
    Cameron and Williams 1981), over their variance.
    """
    models = np.sort(answers[["first", "second"]].to_numpy(dtype=object).astype(str), axis=1)
    group = codes(np.array(["\0".join(both) for both in models], dtype=object).astype(str))
    value = np.where(models[:, 0] == answers["first"], 1.0, -1.0) * answers["chosen"].map(SIGNS).to_numpy(
        dtype=np.float64
    )
    value -= (np.bincount(group, value) / np.bincount(group))[group]
    clusters = Clusters.of(answers["rater"].tolist(), answers["clip"].tolist())
    variance = float(value @ value) / len(value)
    # A rater's several answers about one clip share both, and belong to neither.
    cell = codes(clusters.cells * (group.max() + 1) + group)
    found = []
    for part in (clusters.raters, clusters.clips):
        whole = codes(part * (group.max() + 1) + group)
        products, count = (_off(value, whole) - _off(value, cell), _pairs(whole) - _pairs(cell))
        found.append(products / count / variance if count and variance else NAN)
    return found[0], found[1]


def _off(value: FloatArray, part: IntArray) -> float:
    """Sum of the products of different answers of the same part, both ways."""
    return float(np.sum(np.bincount(part, value) ** 2) - value @ value)


def _pairs(part: IntArray) -> int:
    sizes = np.bincount(part)
    return int(np.sum(sizes * (sizes - 1)))


def _rate(rows: pd.DataFrame, values: FloatArray, resampling: Resampling) -> Estimate:
    if not len(rows):
        return Estimate(NAN)
    return preferences.rate(values, Clusters.of(rows["rater"].tolist(), rows["clip"].tolist()), resampling)


def krippendorffs_alpha(answers: pd.DataFrame, resampling: Resampling) -> Estimate:
    """Nominal alpha with its interval; NaN where fewer than two raters saw a pair, or all ties.

    Every pair counts both ways, the first video preferred and the second one: which of the two is called the first means
    nothing, and where it were always the better one, alpha would call agreement chance.

    Clips are resampled (Zapf and others 2016). Raters cannot be: one who is drawn twice would agree with himself. Their part
    of the variance is that of leaving each out in turn, added; noise that both hold counts twice, so the interval is wide.
    """
    names = answers["pair"].to_numpy(dtype=object).astype(str)
    pair, pairs = codes(names), len(set(names))
    value = np.asarray(answers["chosen"].map({name: place for place, name in enumerate(CHOICES)}), np.int64)
    clusters = Clusters.of(answers["rater"].tolist(), answers["clip"].tolist())
    raters, clips, _ = clusters.counts()
    found = _alpha(_table(pair, value, pairs))
    if not np.isfinite(found) or min(raters, clips) < 2:
        return Estimate(found)
    table, clip_of = _table(pair, value, pairs), np.zeros(pairs, np.int64)
    clip_of[pair] = clusters.clips
    counts = resampling.draw(clips, resampling.replicates, resampling.seed).astype(np.int64)
    drawn = np.array([_alpha(np.repeat(table, row[clip_of], axis=0)) for row in counts])
    without = np.array(
        [_alpha(_table(pair[keep], value[keep], pairs)) for keep in (clusters.raters != r for r in range(raters))]
    )
    spread = np.nanvar(drawn) * clips / (clips - 1)
    left_out = np.nansum((without - np.nanmean(without)) ** 2) * (raters - 1) / raters
    estimate = estimates.of_score(found, clusters.combine((left_out, spread, 0.0)))
    return replace(estimate, high=min(1.0, estimate.high))


def _table(pair: IntArray, value: IntArray, pairs: int) -> IntArray:
    """How often each choice was given for each pair, ``(pairs, 3)``."""
    counts = np.zeros((pairs, len(CHOICES)), np.int64)
    np.add.at(counts, (pair, value), 1)
    return counts


def _alpha(table: IntArray) -> float:
    import krippendorff

    table = table[table.sum(axis=1) > 1]
    pairable = np.vstack([table, table[:, [1, 0, 2]]])
    if np.count_nonzero(pairable.sum(axis=0)) < 2:
        return NAN
    return float(krippendorff.alpha(value_counts=pairable, level_of_measurement="nominal"))
