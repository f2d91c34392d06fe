"""Answers of invented raters with known preferences: to try a design, and the analysis, before anybody is asked.

A rater compares two strengths, the model's own plus what this rater and this clip add to it, by Davidson's model with a
position effect (`analysis.scores` has the formula). Now and then he answers at random; careless raters always do, or press
one side, and are quick about it. Whoever attends answers checks as expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.study.files import StudyError
from reports.study.schema import Answer, Choice, Pair, Question, Rater, Study, Trial, fingerprint

FloatArray = NDArray[np.float64]
SIDES: tuple[Choice, ...] = ("left", "right", "tie")


@dataclass(frozen=True)
class People:
    """What is known of the raters.

    Attributes:
        strengths: log-strength by model, 0 where none is given. ties: share of ties between equals, where they are offered.
        position: log-odds of left over right between equals. lapse: share of answers at random.
        rater_sd, clip_sd: standard deviations of what a rater and a clip add to a model's strength.
        careless: share of raters who do not look. unfinished: share who stop somewhere.
    """

    strengths: Mapping[str, float]
    ties: float = 0.2
    position: float = 0.0
    lapse: float = 0.02
    rater_sd: float = 0.4
    clip_sd: float = 0.4
    careless: float = 0.0
    unfinished: float = 0.0

    def __post_init__(self) -> None:
        for name in ("ties", "lapse", "careless", "unfinished"):
            if not 0 <= getattr(self, name) <= (0.99 if name == "ties" else 1):
                raise StudyError(f"{name} is a share, 0 to 1; got {getattr(self, name):g}")
        for name in ("rater_sd", "clip_sd"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise StudyError(f"{name} is a standard deviation, from 0 on; got {getattr(self, name):g}")
        if not np.isfinite([self.position, *self.strengths.values()]).all():
            raise StudyError("strengths and position must be finite numbers")


def outcome_shares(difference: FloatArray, position: float, ties: float) -> FloatArray:
    """Shares of left, right and tie for differences of log-strength, left minus right, ``(n,) -> (n, 3)``."""
    half = (np.asarray(difference, np.float64) + position) / 2
    odds = np.stack([np.exp(half), np.exp(-half), np.full_like(half, 2 * ties / (1 - ties))], axis=-1)
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


@dataclass(frozen=True)
class Simulated:
    """answers, raters: as a server would export them. careless: the raters who did not look."""

    answers: list[Answer]
    raters: list[Rater]
    careless: frozenset[str]


def simulate(study: Study, people: People, raters: int, seed: int) -> Simulated:
    """Let `raters` people answer; the same arguments give the same answers.

    Raises:
        StudyError: a strength names no model of the study, or there is nobody.
    """
    for name in people.strengths:
        if name not in study.models:
            raise StudyError(f"the study has no model {name!r}; it has {', '.join(study.models)}")
    if raters < 1:
        raise StudyError(f"at least one rater must answer; got {raters}")
    random = np.random.default_rng(seed)
    mark, pairs = fingerprint(study), {pair.pair: pair for pair in study.pairs}
    names = [random.bytes(16).hex() for _ in range(raters)]
    careless = frozenset(name for name in names if random.random() < people.careless)
    of_clips = _Effects(random, people.clip_sd)
    answers, rows = [], []
    for number, name in enumerate(names):
        block = study.blocks[number % len(study.blocks)]
        stops = random.random() < people.unfinished
        seen = (
            block.trials[: random.integers(1, len(block.trials))] if stops and len(block.trials) > 1 else block.trials
        )
        rater = _Rater(
            people, name in careless, random.random() < 0.5, _Effects(random, people.rater_sd), of_clips, random
        )
        for place, trial in enumerate(seen):
            for question in study.questions:
                choice = rater.choose(question, trial, pairs[trial.pair])
                answers.append(Answer(
                    study=mark, rater=name, block=block.block, trial=trial.trial, number=place, question=question.question,
                    choice="" if question.kind == "text" else choice, text="simulated" if question.kind == "text" else "",
                    seconds=rater.seconds(), plays=1, key=random.bytes(8).hex(),
                ))  # fmt: skip
        finished = len(seen) == len(block.trials)
        rows.append(
            Rater(
                study=mark, rater=name, block=block.block, status="finished" if finished else "active", headphones=True
            )
        )
    return Simulated(answers, rows, careless)


class _Effects:
    """What is added to strengths, drawn when first asked for and kept."""

    def __init__(self, random: np.random.Generator, deviation: float) -> None:
        self.random, self.deviation = random, deviation
        self.kept: dict[tuple[str, ...], float] = {}

    def of(self, *key: str) -> float:
        if key not in self.kept:
            self.kept[key] = float(self.random.normal() * self.deviation)
        return self.kept[key]


@dataclass(frozen=True)
class _Rater:
    people: People
    careless: bool
    one_sided: bool
    own: _Effects
    of_clips: _Effects
    random: np.random.Generator

    def choose(self, question: Question, trial: Trial, pair: Pair) -> Choice:
        sides = SIDES if question.ties else SIDES[:2]
        if self.careless and self.one_sided:
            return "left"
        if self.careless or self.random.random() < self.people.lapse:
            return sides[int(self.random.integers(len(sides)))]
        if expected := _expected(pair, trial):
            return expected if expected in sides else sides[int(self.random.integers(2))]
        strength = {
            side.model: self.people.strengths.get(side.model, 0.0) + self.own.of(question.question, side.model)
            + self.of_clips.of(question.question, pair.cases, pair.case, side.model)
            for side in (pair.first, pair.second)
        }  # fmt: skip
        left, right = (pair.first, pair.second) if trial.left == "first" else (pair.second, pair.first)
        ties = self.people.ties if question.ties else 0.0
        shares = outcome_shares(np.array([strength[left.model] - strength[right.model]]), self.people.position, ties)[0]
        return SIDES[int(np.searchsorted(np.cumsum(shares), self.random.random()).clip(0, 2))]

    def seconds(self) -> float:
        middle = 0.4 if self.careless else 3.0
        return float(round(middle * np.exp(0.5 * self.random.normal()), 3))


def _expected(pair: Pair, trial: Trial) -> Choice | None:
    """The side that a check asks for."""
    if pair.expected in ("first", "second"):
        return "left" if pair.expected == trial.left else "right"
    return pair.expected if pair.expected in SIDES else None


def expected_shares(people: People, left: str, right: str, ties_offered: bool) -> FloatArray:
    """Shares of left, right and tie in an endless study, ``(3,)``: over all raters and clips, lapses included.

    What raters and clips add is integrated by Gauss and Hermite's rule; this is what a pooled analysis estimates.
    """
    points, weights = np.polynomial.hermite_e.hermegauss(80)
    spread = np.sqrt(2 * (people.rater_sd**2 + people.clip_sd**2))
    difference = people.strengths.get(left, 0.0) - people.strengths.get(right, 0.0) + spread * points
    shares = outcome_shares(difference, people.position, people.ties if ties_offered else 0.0)
    sides = len(SIDES) if ties_offered else 2
    at_random = np.array([1.0, 1.0, 1.0 if ties_offered else 0.0]) / sides
    return np.asarray((1 - people.lapse) * (weights / weights.sum()) @ shares + people.lapse * at_random)
