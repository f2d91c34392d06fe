"""Numbers that papers printed, read from a file that says where each stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from bench.config import Strict
from bench.errors import BenchError, nearest, unknown
from reports.published import PublishedNumber


class Source(Strict):
    """Where a number stands."""

    title: str = Field(min_length=1)
    table: str = Field(min_length=1)
    place: str = Field(min_length=1, description="page or URL")


class Entry(Strict):
    """One number."""

    method: str = Field(min_length=1)
    dataset: str = Field(min_length=1)
    protocol: Literal["self", "self-free", "cross", "emotion"]
    metric: str
    value: str
    source: Source
    note: str = Field(min_length=1, description="what was measured otherwise than here")

    @field_validator("value", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
            raise ValueError("it takes a plain number, in quotes if its last digit is a zero")
        return str(value)


class Numbers(Strict):
    """The file."""

    numbers: list[Entry]


def read_published(path: Path, metrics: list[str]) -> list[PublishedNumber]:
    """The numbers of a file.

    Raises:
        BenchError: the file cannot be read, has an unknown key or metric, lacks a source, or says a thing twice.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    except yaml.YAMLError as error:
        raise BenchError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    try:
        found = Numbers.model_validate(raw)
    except ValidationError as error:
        raise BenchError(f"{path}: " + "; ".join(_explain(item) for item in error.errors())) from error
    seen: set[tuple[str, ...]] = set()
    for number, entry in enumerate(found.numbers):
        if entry.metric not in metrics:
            raise BenchError(f"{path}: numbers.{number}.metric: {unknown('metric', entry.metric, metrics)}")
        key = (entry.method, entry.dataset, entry.protocol, entry.metric, *entry.source.model_dump().values())
        if key in seen:
            raise BenchError(
                f"{path}: numbers.{number}: {entry.method} has two values of {entry.metric} from one source"
            )
        seen.add(key)
    return [_number(entry) for entry in found.numbers]


def _number(entry: Entry) -> PublishedNumber:
    source = (
        f"published, other protocol: {entry.source.title}, {entry.source.table}, {entry.source.place}; {entry.note}"
    )
    return PublishedNumber(entry.method, entry.dataset, entry.protocol, entry.metric, entry.value, source)


def _explain(item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    if not place:
        return "it must be a mapping with the key 'numbers' (docs/tables.md)"
    if item["type"] == "extra_forbidden":
        model = Source if "source" in item["loc"][:-1] else Entry if len(item["loc"]) > 1 else Numbers
        return f"unknown key {place!r}. {nearest(str(item['loc'][-1]), model.model_fields)}"
    if item["type"] == "value_error":
        return f"{place}: {item['ctx']['error']} (found {item.get('input')!r})"
    if item["type"] == "missing":
        return f"{place} is missing"
    return f"{place}: {item['msg'].lower()} (found {item.get('input')!r})"
