"""What a study should be: the options of ``space-bench study design``, or the same as a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from bench.config import CaseSet, Strict
from bench.errors import BenchError, nearest
from reports.study.schema import Exclusions, Layout

QUESTIONS: Mapping[str, Literal["choice", "text"]] = {
    "lip-sync": "choice", "realism": "choice", "head-motion": "choice", "expression": "choice", "overall": "choice",
    "free-text": "text",
}  # fmt: skip
"""Those whose words the page has."""

CHOICES = tuple(name for name, kind in QUESTIONS.items() if kind == "choice")
HEARD = ("lip-sync", "realism", "overall")
"""Questions that pictures out of step with the sound decide; head motion and expression stay as good as they were."""

Choose = Literal["stratified", "random", "disagreement"]
Allocation = Literal["equal", "proportional"]
Check = Literal["broken-sound", "identical", "instructed"]


class StudyPlan(Strict):
    """All that decides what a study will be; the same plan over the same results gives the same study."""

    name: str = Field(description="of the study, and of its folder")
    models: list[str] = Field(min_length=2, description="models to compare")
    model_pairs: str = Field("all", description="all, against:MODEL, or A:B,C:D,...")
    cases: list[str] = Field(
        [], description="case sets dataset/split/protocol; none means all where all models have videos"
    )
    choose: Choose = Field("stratified", description="how cases are chosen")
    allocation: Allocation = Field(
        "equal", description="of stratified cases: as many of each stratum, or as the results have them"
    )
    metrics: list[str] = Field([], description="whose disagreement chooses; none means all that judge both models")
    take: int | None = Field(
        None, ge=1, description="cases of each model pair; none means as many as the raters can see"
    )
    questions: list[str] = Field(["overall"], min_length=1)
    ties: bool = Field(True, description="whether 'no difference' may be answered")
    layout: Layout = "side-by-side"
    reference: bool = Field(False, description="show the true clip too")
    raters: int | None = Field(None, ge=1)
    effect: float | None = Field(None, description="preference to be told with 80 % power; gives the number of raters")
    rater_icc: float = Field(
        0.05, ge=0, lt=0.5, description="share of the variance of answers that lies between raters"
    )
    clip_icc: float = Field(0.10, ge=0, lt=0.5, description="share of the variance of answers that lies between clips")
    expected_ties: float = Field(0.15, ge=0, lt=1, description="share of answers that are ties, where they are allowed")
    dropout: float = Field(
        0.10, ge=0, lt=1, description="share of raters that will be left out; so many more are planned"
    )
    trials_a_rater: int = Field(24, ge=1, description="test pairs a rater; checks, repeats and practice come on top")
    checks: list[Check] = Field(
        ["broken-sound", "instructed"], description="attention checks of each rater, one an entry"
    )
    repeats: int = Field(2, ge=0)
    practice: int = Field(2, ge=0)
    cut: bool = Field(False, description="cut videos of one case that differ by more than a frame to the shortest")
    exclusions: Exclusions = Exclusions()
    seed: int = 0

    @field_validator("name")
    @classmethod
    def _folder(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", value):
            raise ValueError("letters, digits, - and _ only, 64 at most: it names a folder")
        return value

    @field_validator("models", "questions", "cases", "metrics")
    @classmethod
    def _once(cls, value: list[str], info: ValidationInfo) -> list[str]:
        for name in value:
            if value.count(name) > 1:
                raise ValueError(f"{name!r} is there twice")
            if info.field_name == "questions" and name not in QUESTIONS:
                raise ValueError(f"unknown question {name!r}. {nearest(name, QUESTIONS)}")
            if info.field_name == "cases":
                CaseSet.parse(name)
        return value

    @model_validator(mode="after")
    def _together(self) -> StudyPlan:
        if self.raters is not None and self.effect is not None:
            raise ValueError("raters and effect exclude each other: the effect to be seen gives the number of raters")
        if all(QUESTIONS[name] == "text" for name in self.questions):
            raise ValueError(f"free text alone compares nothing: ask one of {', '.join(CHOICES)} too")
        if "broken-sound" in self.checks and not set(self.questions) & set(HEARD):
            raise ValueError(
                f"a broken sound can be told by {', '.join(HEARD)} only: ask one of them, or leave broken-sound out of checks"
            )
        return self

    def comparisons(self) -> list[tuple[str, str]]:
        """The model pairs, in the order of `models`.

        Raises:
            BenchError: they name a model that is not in `models`, or a pair twice.
        """
        if self.model_pairs == "all":
            return [(one, other) for spot, one in enumerate(self.models) for other in self.models[spot + 1 :]]
        if self.model_pairs.startswith("against:"):
            base = self._model(self.model_pairs.removeprefix("against:"))
            return [(base, other) for other in self.models if other != base]
        found: list[tuple[str, str]] = []
        for word in self.model_pairs.split(","):
            one, colon, other = word.strip().partition(":")
            if not colon:
                raise BenchError(f"model pairs {self.model_pairs!r} are neither all, nor against:MODEL, nor A:B,C:D")
            pair = (self._model(one), self._model(other))
            if one == other or any(set(pair) == set(known) for known in found):
                raise BenchError(f"model pairs: {word.strip()!r} compares a model with itself, or is there twice")
            found.append(pair)
        return found

    def _model(self, name: str) -> str:
        if name not in self.models:
            raise BenchError(f"model pairs: unknown model {name!r}. {nearest(name, self.models)}")
        return name


def make_plan(given: Mapping[str, Any], file: Path | None = None) -> StudyPlan:
    """The plan of a file, if there is one, with what is given beside it in place of what the file says.

    Raises:
        BenchError: the file cannot be read, or a key or value is wrong (each with its place; unknown keys with the nearest).
    """
    where = "study plan" if file is None else str(file)
    raw: Any = {}
    if file is not None:
        try:
            raw = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        except OSError as error:
            raise BenchError(f"cannot read {file}: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise BenchError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from error
        if not isinstance(raw, dict):
            raise BenchError(f"{file}: it must be a mapping with keys such as name and models (docs/study.md)")
    try:
        return StudyPlan.model_validate({**raw, **given})
    except ValidationError as error:
        raise BenchError(f"{where}: " + "; ".join(_explain(item) for item in error.errors())) from error


def _explain(item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        known = Exclusions if item["loc"][0] == "exclusions" and len(item["loc"]) > 1 else StudyPlan
        return f"unknown key {place!r}. {nearest(str(item['loc'][-1]), known.model_fields)}"
    if item["type"] == "missing":
        return f"{place} is missing"
    if item["type"] == "value_error":
        return f"{place + ': ' if place else ''}{item['ctx']['error']}"
    return f"{place}: {item['msg'].lower()} (found {item.get('input')!r})"
