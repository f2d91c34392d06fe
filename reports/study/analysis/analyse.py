"""From a study and its answers to everything that is shown of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from reports.study.analysis.agreement import Agreement, agreement
from reports.study.analysis.answers import REASONS, Answers, counted, fit_answers
from reports.study.analysis.clusters import Resampling
from reports.study.analysis.exclude import Excluded, exclude, repeats
from reports.study.analysis.metrics import Agreeing, MetricValues, ModelLevel, metric_agreement, model_level
from reports.study.analysis.preferences import Preference, preferences, strata
from reports.study.analysis.scores import Scores, fit_scores
from reports.study.files import StudyError
from reports.study.schema import Answer, Rater, Study


@dataclass(frozen=True)
class Analysis:
    """Everything that is shown.

    Attributes:
        rates, scores: of those who stay; rates_all, scores_all: of all who did not withdraw.
        metrics, models: of metrics that agree with people; empty without metric values. remarks: what a reader must know.
    """

    study: Study
    answers: Answers
    excluded: Excluded
    rates: tuple[Preference, ...]
    rates_all: tuple[Preference, ...]
    strata: tuple[Preference, ...]
    scores: tuple[Scores, ...]
    scores_all: tuple[Scores, ...]
    agreement: tuple[Agreement, ...]
    metrics: tuple[Agreeing, ...]
    models: tuple[ModelLevel, ...]
    remarks: tuple[str, ...]

    @property
    def raters(self) -> int:
        """Who stay and answered a test pair."""
        return int(counted(self.excluded.kept(self.answers.choices))["rater"].nunique())

    @property
    def comparisons(self) -> int:
        """Test pairs that they answered, each once, whatever was asked about it."""
        return len(counted(self.excluded.kept(self.answers.choices))[["rater", "pair"]].drop_duplicates())

    def scores_of(self, question: str) -> Scores | None:
        """With ties where they were offered and given, else without; None where neither could be fitted."""
        fitted = [each for each in self.scores if each.question == question and not each.refused]
        return fitted[-1] if fitted else None


def analyse(
    study: Study, given: Sequence[Answer], raters: Sequence[Rater], values: MetricValues | None, resampling: Resampling
) -> Analysis:
    """The whole analysis.

    Args:
        values: of metrics for the study's pairs; None where there are no results.

    Raises:
        StudyError: no answer fits the study file, or none is left after the exclusions.
    """
    answers = fit_answers(study, given, raters)
    excluded = exclude(study, answers)
    everyone = counted(answers.choices)
    kept = excluded.kept(everyone)
    if everyone.empty:
        reasons = ", ".join(
            f"{reason} ({count})" for reason, count in answers.problems["reason"].value_counts().items()
        )
        raise StudyError(
            f"no answer to a test pair fits the study file; left out: {reasons or 'checks and practice only'}"
        )
    if kept.empty:
        rules = ", ".join(f"{rule} ({count})" for rule, count in excluded.counts.items() if count)
        raise StudyError(
            f"the exclusion rules leave no rater: {rules}. The rules stand under `exclusions` in study.yaml."
        )
    asked = [question for question in study.questions if question.kind == "choice"]
    again = excluded.kept(repeats(answers.choices))
    scores, levels, metrics, agreeing = _scores(study, kept), [], [], []
    for question in asked:
        here = kept[kept["question"] == question.question]
        own = again[again["question"] == question.question]
        if here.empty:
            continue
        agreeing.append(agreement(question.question, here, own, resampling))
        if values is not None:
            metrics += metric_agreement(question.question, here, values, resampling)
            fitted = [each for each in scores if each.question == question.question and not each.refused]
            levels += model_level(fitted[-1], values) if fitted else []
    return Analysis(
        study, answers, excluded, tuple(preferences(study, kept, resampling)),
        tuple(preferences(study, everyone, resampling)) if excluded.out else (),
        tuple(strata(study, kept, replace(resampling, replicates=min(resampling.replicates, 400)))), scores,
        _scores(study, everyone) if excluded.out else (), tuple(agreeing), tuple(metrics), tuple(levels),
        tuple(_remarks(study, answers, kept, values)),
    )  # fmt: skip


def _scores(study: Study, answers: pd.DataFrame) -> tuple[Scores, ...]:
    found = []
    for question in study.questions:
        here = answers[answers["question"] == question.question]
        models = [model for model in study.models if model in set(here["first"]) | set(here["second"])]
        if question.kind == "choice" and models:
            found.append(fit_scores(question.question, "Bradley-Terry", models, here))
            if question.ties:
                found.append(fit_scores(question.question, "Davidson", models, here))
    return tuple(found)


def _remarks(study: Study, answers: Answers, kept: pd.DataFrame, values: MetricValues | None) -> list[str]:
    shown = set(kept["first"]) | set(kept["second"])
    remarks = [
        f"{model} is in the study file, but no answer is about it" for model in study.models if model not in shown
    ]
    if count := len(answers.problems):
        reasons = [REASONS[reason] for reason in REASONS if reason in set(answers.problems["reason"])]
        remarks.append(f"{count} answers do not fit the study: {'; '.join(reasons)} (tables/problems.csv lists them)")
    raters, clips = kept["rater"].nunique(), kept["clip"].nunique()
    for count, what in ((raters, "rater"), (clips, "clip")):
        if count < 2:
            remarks.append(f"only one {what}: there are no intervals, since nothing is known of other {what}s")
        elif count < 8:
            remarks.append(f"only {count} {what}s: intervals are wide, and rest on few {what}s")
    return [*remarks, *(values.remarks if values is not None else ())]
