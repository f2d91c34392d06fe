"""``study.yaml``: written so that people can read it. Files that people write are read so that mistakes have a place and a remedy."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from reports.study.schema import Study

Checked = TypeVar("Checked", bound=BaseModel)
STUDY_FILE = "study.yaml"


class StudyError(ValueError):
    """A study that cannot be designed, read or analysed as asked: what, where, and what to do, in one line."""


def study_text(study: Study) -> str:
    """The study as YAML; what is left at its default is not written."""
    plain = {"format": study.format, **study.model_dump(mode="json", exclude_defaults=True)}
    return str(yaml.dump(plain, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=120))


def read_study(path: Path) -> Study:
    """The study in a file, or in the ``study.yaml`` of a folder.

    Raises:
        StudyError: it is absent, no YAML, or not as `Study` says (each fault with its place; unknown keys with the nearest
            known one); a trial names no pair, or ids repeat.
    """
    path = path / STUDY_FILE if path.is_dir() else path
    study = read_checked(path, Study, "`space-bench study design` makes it.", "`space-bench study design` writes it")
    if fault := _fault(study):
        raise StudyError(f"{path}: {fault}. Take the file from where it was designed.")
    return study


def _fault(study: Study) -> str:
    """What the types cannot say: ids are there once, and what refers to them finds them."""
    pairs = [pair.pair for pair in study.pairs]
    trials = [trial.trial for block in study.blocks for trial in block.trials]
    blocks = [block.block for block in study.blocks]
    for kind, names in (("pair", pairs), ("trial", trials), ("block", blocks)):
        if twice := sorted({name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ()):
            return f"the {kind} {twice[0]} is there twice"
    known = set(pairs)
    for block in study.blocks:
        for trial in block.trials:
            if trial.pair not in known:
                return f"trial {trial.trial} of block {block.block} shows the pair {trial.pair}, which is not there"
    return ""


def read_checked(path: Path, schema: type[Checked], remedy: str, like: str) -> Checked:
    """A YAML file as `schema` says.

    Args:
        remedy: what to do where the file is absent, a sentence. like: who shows what it must be, after "as".

    Raises:
        StudyError: it cannot be read, or is not so: up to five faults, each with its place; unknown keys with the nearest.
    """
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise StudyError(f"cannot read {path}: {error.strerror}. {remedy}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, dict):
        raise StudyError(f"{path}: it must be a mapping, as {like}")
    try:
        return schema.model_validate(raw)
    except ValidationError as error:
        raise StudyError(f"{path}: " + "; ".join(_explain(item, schema) for item in error.errors()[:5])) from error


def _explain(item: Any, schema: type[BaseModel]) -> str:
    place = ".".join(map(str, item["loc"]))
    if item["type"] == "missing":
        return f"{place} is missing"
    if item["type"] == "extra_forbidden":
        *parts, key = item["loc"]
        known = _keys(schema, parts)
        close = get_close_matches(str(key), known, n=1, cutoff=0.5)
        return f"unknown key {place!r}. " + (f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}.")
    found = repr(item.get("input"))
    return f"{place}: {item['msg'].lower()} (found {found if len(found) < 60 else found[:57] + '...'})"


def _keys(schema: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """The keys that are known at a place, found along the annotations: a list's are those of its entries."""
    kind: Any = schema
    for part in place:
        if isinstance(part, str):
            kind = kind.model_fields[part].annotation
            kind = next((each for each in get_args(kind) if hasattr(each, "model_fields")), kind)
    return [field.alias or name for name, field in kind.model_fields.items()]
