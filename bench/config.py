"""``params.yaml``: the one place to choose datasets, cases, models and metrics. Unknown keys are errors."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from bench.engine.setting import LOCAL, checked_engine
from bench.errors import BenchError, nearest
from datasets.crops import PROTOCOLS as CROP_PROTOCOLS

AUDIO_RATE = 16000
"""Samples a second of all speech in the suite, mono."""

PROTOCOLS = ("self", "self-free", "cross", "emotion")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _crop(value: Any) -> Any:
    if isinstance(value, str):
        if value not in CROP_PROTOCOLS:
            raise ValueError(f"unknown crop protocol {value!r}. {nearest(value, CROP_PROTOCOLS)}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 6:
        raise ValueError("it takes a number from 1 to 6 or the name of a crop protocol")
    return float(value)


CropSetting = Annotated[float | str, BeforeValidator(_crop)]
"""Name of a crop protocol, or a number: ``fixed`` with this side over the side of the face box."""


class RenditionConfig(Strict):
    """One more form in which every clip is written, from the same decoding."""

    crop: CropSetting = 1.9
    size: int | None = Field(None, ge=64, le=2048, description="side in pixels; the crop protocol's own by default")
    fps: float | None = Field(None, gt=0, le=120, description="that of the standard clip by default")


class VideoConfig(Strict):
    """The standard form of a clip."""

    size: int = Field(default=256, ge=64, le=2048, description="side of the square frame in pixels")
    fps: float = Field(default=25.0, gt=0, le=120)
    crop: CropSetting = 1.9
    max_seconds: float = Field(default=10.0, gt=0, description="longer clips are cut here")
    renditions: dict[str, RenditionConfig] = {}

    @field_validator("renditions")
    @classmethod
    def _names_are_folders(cls, value: dict[str, RenditionConfig]) -> dict[str, RenditionConfig]:
        for name in value:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) or name == "quality":
                raise ValueError(f"{name!r} cannot name a rendition: letters, digits, - and _, and not 'quality'")
        return value


class DatasetConfig(Strict):
    """Where a dataset lies and which layout reads it."""

    reader: str
    root: Path | None = None
    splits: str | None = Field(None, description="split file: a name in datasets/splits or a path")
    max_clips: int | None = Field(None, ge=1, description="take a seeded subset of this many clips a split")


class PuppetConfig(Strict):
    """Size of the synthetic dataset."""

    seed: int = 0
    scale: int = Field(default=1, ge=1, description="multiplies the number of clips")
    test_extras: int = Field(default=0, ge=0, le=99, description="test speakers beyond the three of the cast")


class ReportConfig(Strict):
    examples: int = Field(default=2, ge=0, le=50, description="cases a set whose videos are put side by side")
    curves: int = Field(default=5000, ge=0, le=20000, description="cases a set whose curves the page draws")
    title: str = "space-bench"


class CaseSet(Strict):
    """One set of cases: which clips, under which case protocol."""

    dataset: str
    split: str
    protocol: str

    @classmethod
    def parse(cls, text: str) -> CaseSet:
        """From ``dataset/split/protocol``."""
        parts = text.split("/")
        if len(parts) != 3 or not all(parts):
            raise BenchError(f"case set {text!r} is not of the form dataset/split/protocol, e.g. sample/test/self")
        dataset, split, protocol = parts
        if protocol not in PROTOCOLS:
            raise BenchError(f"case set {text!r}: unknown protocol {protocol!r}. {nearest(protocol, PROTOCOLS)}")
        return cls(dataset=dataset, split=split, protocol=protocol)

    def __str__(self) -> str:
        return f"{self.dataset}/{self.split}/{self.protocol}"


class Params(Strict):
    """All of ``params.yaml``."""

    seed: int = 0
    engine: Annotated[str, AfterValidator(checked_engine)] = LOCAL
    workers: int = Field(default=0, ge=0, description="processes; 0 means one a core")
    device: str = "cpu"
    video: VideoConfig = Field(default_factory=VideoConfig)
    puppet: PuppetConfig = Field(default_factory=PuppetConfig)
    datasets: dict[str, DatasetConfig]
    cases: list[str]
    models: list[str]
    options: dict[str, dict[str, Any]] = {}
    metrics: list[str] = Field([], description="empty means all")
    report: ReportConfig = Field(default_factory=ReportConfig)

    @field_validator("options", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return {key: entry or {} for key, entry in (value or {}).items()} if isinstance(value, dict) else value

    def case_sets(self) -> list[CaseSet]:
        """The case sets, checked against the datasets."""
        sets = [CaseSet.parse(text) for text in self.cases]
        for item in sets:
            if item.dataset not in self.datasets:
                raise BenchError(
                    f"case set {item}: unknown dataset {item.dataset!r}. {nearest(item.dataset, self.datasets)}"
                )
        return sets

    def worker_count(self) -> int:
        return self.workers or len(os.sched_getaffinity(0))


def load(path: Path) -> Params:
    """Read and check a parameter file.

    Raises:
        BenchError: the file is missing, is not YAML, or has unknown or wrong values (each is named with its place
            and, for unknown keys, the nearest known one).
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchError(
            f"cannot read {path}: {error.strerror}. Run in the repository's folder or pass --params."
        ) from error
    except yaml.YAMLError as error:
        raise BenchError(f"{path} is not valid YAML: {error}") from error
    try:
        params = Params.model_validate(raw or {})
    except ValidationError as error:
        lines = [_explain(item) for item in error.errors()]
        raise BenchError(f"{path}: " + "; ".join(lines)) from error
    params.case_sets()
    return params


def _explain(item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"unknown key {place!r}. {nearest(str(item['loc'][-1]), known_keys(Params, item['loc'][:-1]))}"
    if item["type"] == "value_error":
        return f"{place}: {item['ctx']['error']} (found {item.get('input')!r})"
    return f"{place}: {item['msg'].lower()} (found {item.get('input')!r})"


def known_keys(model: Any, place: Sequence[int | str]) -> list[str]:
    """What may stand at a place of a model: its parts are models, dataclasses, tables of them, or such or None."""
    for part in place:
        # A key of a table that people name themselves, such as a dataset's, leads to the entries' model.
        model = get_args(model)[1] if get_origin(model) is dict else get_type_hints(model)[str(part)]
        if get_origin(model) in (Union, UnionType):
            model = next(arm for arm in get_args(model) if arm is not NoneType)
    return [field.name for field in fields(model)] if is_dataclass(model) else list(model.model_fields)
