"""The tables of an analysis. Every number stands in them with what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from reports.compare.wording import p_value, signed, value
from reports.study.analysis.analyse import Analysis
from reports.study.analysis.answers import REASONS
from reports.study.analysis.estimates import Estimate
from reports.study.analysis.listing import Listing
from reports.study.analysis.preferences import Preference
from reports.study.analysis.scores import Scores
from reports.wording import ARROWS

INTERVALS = "Brackets: 95 % intervals, clustered over raters and clips."


def tables(found: Analysis) -> list[Listing]:
    """Those that have rows, in the order of the page."""
    every = (
        preference_table(found), score_table(found), metric_table(found), model_table(found), strata_table(found),
        agreement_table(found), exclusion_table(found), problem_table(found),
    )  # fmt: skip
    return [table for table in every if table.rows]


def percent(found: Estimate) -> str:
    """``71 [66, 76]``, in per cent."""
    return _bracketed(Estimate(*(100 * part for part in (found.value, found.low, found.high))), 0, value)


def number(found: Estimate) -> str:
    """``+0.52 [+0.31, +0.73]``."""
    return _bracketed(found, 2, signed)


def _bracketed(found: Estimate, digits: int, shown: Any) -> str:
    text = shown(found.value, digits)
    bounds = [shown(bound, digits) for bound in (found.low, found.high)]
    return text if "–" in bounds else f"{text} [{bounds[0]}, {bounds[1]}]"


def _parts(name: str, found: Estimate) -> dict[str, float]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def preference_table(found: Analysis) -> Listing:
    everyone = {(each.question, each.model, each.other): each for each in found.rates_all}
    heads = ["question", "model", "over", "preferred, %", "p", "won", "ties", "lost", "raters", "clips"]
    rows, data = [], []
    for each in found.rates:
        other = everyone.get((each.question, each.model, each.other))
        rows.append([
            each.question, each.model, each.other, percent(each.rate), p_value(each.rate.adjusted), str(each.wins),
            str(each.ties), str(each.losses), str(each.raters), str(each.clips),
            *([percent(other.rate) if other else "–"] if everyone else []),
        ])  # fmt: skip
        data.append({
            **_preference(each), "p_value": each.rate.p_value, "p_adjusted": each.rate.adjusted,
            **(_parts("rate_without_exclusions", other.rate) if other else {}),
        })  # fmt: skip
    return Listing(
        "preferences", f"How often a model was preferred; a tie is half a win for each. {INTERVALS} p: of no preference, adjusted "
        "over this table (Benjamini and Hochberg).", heads + ["nobody excluded, %"] * bool(everyone), 3, rows, pd.DataFrame(data),
    )  # fmt: skip


def _preference(each: Preference) -> dict[str, Any]:
    return {
        "question": each.question, "model": each.model, "other": each.other, **_parts("rate", each.rate),
        "wins": each.wins, "ties": each.ties, "losses": each.losses, "raters": each.raters, "clips": each.clips,
    }  # fmt: skip


def strata_table(found: Analysis) -> Listing:
    rows = [
        [
            each.kind,
            each.stratum,
            each.question,
            each.model,
            each.other,
            percent(each.rate),
            str(each.answers),
            str(each.clips),
        ]
        for each in found.strata
    ]
    data = [{"kind": each.kind, "stratum": each.stratum, **_preference(each)} for each in found.strata]
    heads = ["by", "stratum", "question", "model", "over", "preferred, %", "answers", "clips"]
    return Listing("strata", f"The same within parts of the clips; described, not tested. {INTERVALS}", heads, 5, rows, pd.DataFrame(data))  # fmt: skip


def score_table(found: Analysis) -> Listing:
    everyone = {(each.question, each.kind): each for each in found.scores_all}
    rows: list[list[str]] = []
    data: list[dict[str, Any]] = []
    for each in found.scores:
        other = everyone.get((each.question, each.kind))
        for what, estimate in _quantities(each):
            beside = dict(_quantities(other)).get(what) if other else None
            shown = percent if what.startswith("share") else number
            rows.append([each.question, each.kind, what, shown(estimate), p_value(estimate.p_value)])
            if everyone:
                rows[-1].append(shown(beside) if beside else "–")
            data.append({
                "question": each.question, "model_of_answers": each.kind, "of": what, **_parts("value", estimate),
                "p_value": estimate.p_value, **(_parts("value_without_exclusions", beside) if beside else {}),
            })  # fmt: skip
    heads = ["question", "fit", "of", "estimate", "p", *(["nobody excluded"] if everyone else [])]
    return Listing(
        "scores", "Log-strengths (their mean is 0; the difference of two is the log-odds that one is preferred to the other, ties "
        f"apart), log-odds of left over right between equal models, share of ties between equal models in per cent. {INTERVALS}",
        heads, 3, rows, pd.DataFrame(data),
    )  # fmt: skip


def _quantities(scores: Scores) -> list[tuple[str, Estimate]]:
    found = list(scores.strengths.items())
    if scores.strengths:
        found.append(("position: left", scores.position))
    share = scores.tie_share
    return [*found, ("share of ties, %", share)] if share is not None else found


def agreement_table(found: Analysis) -> Listing:
    rows, data = [], []
    for each in found.agreement:
        rows.append([
            each.question, number(each.alpha), str(each.pairs), str(each.raters), percent(each.alike), str(each.repeated),
            percent(each.left), p_value(each.left.p_value), str(each.decided), value(each.rater_icc, 2), value(each.clip_icc, 2),
        ])  # fmt: skip
        data.append({
            "question": each.question, **_parts("alpha", each.alpha), "pairs": each.pairs, "raters": each.raters,
            **_parts("alike", each.alike), "repeated": each.repeated, **_parts("left", each.left),
            "left_p_value": each.left.p_value, "decided": each.decided, "rater_icc": each.rater_icc, "clip_icc": each.clip_icc,
        })  # fmt: skip
    side = "left" if found.study.layout == "side-by-side" else "first shown"
    heads = [
        "question", "Krippendorff's alpha", "pairs", "raters", "repeats alike, %", "repeats", f"{side}, %", "p", "decided",
        "rater ICC", "clip ICC",
    ]  # fmt: skip
    return Listing(
        "agreement", "Agreement between raters (nominal: 1 is perfect, 0 is chance), of raters with themselves on repeated pairs, "
        f"and how often the {side} video was chosen among answers without tie. ICC: correlation of answers by one rater, about one clip; the command study "
        f"design plans with them. {INTERVALS}", heads, 1, rows, pd.DataFrame(data),
    )  # fmt: skip


def exclusion_table(found: Analysis) -> Listing:
    words, counts = found.excluded.rules, found.excluded.counts
    rows = [[words[rule], str(count)] for rule, count in counts.items()]
    rows.append(["in all (a rater may break several rules)", str(len(found.excluded.out))])
    rows += [["withdrew, nowhere counted", str(found.answers.withdrawn)]] * bool(found.answers.withdrawn)
    return Listing(
        "exclusions", f"Raters left out by the rules of the study file, of {len(found.excluded.raters)}.", ["rule", "raters"], 1,
        rows, found.excluded.raters,
    )  # fmt: skip


def problem_table(found: Analysis) -> Listing:
    counts = found.answers.problems["reason"].value_counts()
    rows = [[REASONS[reason], str(counts[reason])] for reason in REASONS if reason in counts.index]
    return Listing("problems", "Answers that do not fit the study, by what is wrong.", ["what", "answers"], 1, rows, found.answers.problems)  # fmt: skip


def metric_table(found: Analysis) -> Listing:
    rows, data = [], []
    for each in found.metrics:
        metric = each.metric
        rows.append([
            each.question, " ".join((metric.title, ARROWS[metric.better])), number(each.kendall), number(each.spearman),
            percent(each.accuracy), p_value(each.kendall.adjusted), number(each.within), f"{each.pairs}/{each.asked}",
        ])  # fmt: skip
        data.append({
            "question": each.question, "metric": metric.metric, "title": metric.title, "better": metric.better,
            **_parts("kendall", each.kendall), **_parts("spearman", each.spearman), **_parts("accuracy", each.accuracy), **_parts("within", each.within),
            **{f"{name}_p_adjusted": getattr(each, name).adjusted for name in ("kendall", "spearman", "accuracy", "within")},
            "pairs": each.pairs, "asked": each.asked,
        })  # fmt: skip
    heads = ["question", "metric", "Kendall tau-b", "Spearman rho", "agrees, %", "p", "tau-b within", "pairs"]
    return Listing(
        "metrics", "Metrics against people, over pairs of videos: the difference of the metric, turned so that better is positive, "
        "with the share of people who prefer that video; and the share of answers without tie that chose the better value. "
        f"{INTERVALS} p: of no correlation by tau, adjusted over the metrics of a question. Within: among pairs of "
        "the same two models, whether the metric knows on which clips one of them is better.", heads, 2, rows, pd.DataFrame(data),
    )  # fmt: skip


def model_table(found: Analysis) -> Listing:
    rows, data = [], []
    for each in found.models:
        values = "; ".join(f"{model} {number:.4g}" for model, number in each.values.items())
        title = " ".join((each.metric.title, ARROWS[each.metric.better]))
        rows.append([each.question, title, values, signed(each.spearman, 2), str(len(each.values))])
        data += [
            {
                "question": each.question,
                "metric": each.metric.metric,
                "model": model,
                "value": number,
                "spearman": each.spearman,
            }
            for model, number in each.values.items()
        ]
    return Listing(
        "models", "Metrics that have one value a model, with the models' scores: as many points as models, so no interval and little "
        "weight.", ["question", "metric", "values", "Spearman rho", "models"], 3, rows, pd.DataFrame(data),
    )  # fmt: skip


def texts(found: Analysis) -> Sequence[tuple[str, str, str]]:
    """Free words of those who stay: question, pair, text; empty ones left out."""
    kept = found.excluded.kept(found.answers.texts)
    kept = kept[kept["text"].str.strip() != ""]
    return list(kept[["question", "pair", "text"]].itertuples(index=False, name=None))
