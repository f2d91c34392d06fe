"""Reading splits from files: found by name, checked, mistakes explained."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from datasets.base import DatasetError
from datasets.splits.lists import SUFFIXES, read_list
from datasets.splits.rules import RULES
from datasets.splits.split import OTHERS, Split, matches

KEYS = ("name", "version", "source", "dataset", "by", "speakers", "clips", "rule", "parameters")
_FOLDER = Path(__file__).parent
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""A list may have a million clips: the loader in C reads them in seconds."""
_BLANK = re.compile(r"<(\w+)>")


def names() -> list[str]:
    """All splits that come with the suite; ``<count>`` and the like stand for a number."""
    return sorted(_files())


def load(name: str, reader: str | None = None) -> Split:
    """Read a split by its name (``mead/eat``, ``voxceleb2/test-500-seed0``) or from a file of the user's.

    The file is YAML, or a list of VoxCeleb2's utterances (`lists`), which are then the split ``test``.

    Args:
        reader: name of the reader whose clips it will be used on, to refuse a split of another dataset.

    Raises:
        DatasetError: no such split, keys or values that are wrong, a speaker in two splits, or another dataset's split.
    """
    split = _load(name)
    # mead's splits hold for mead-left_30, another view of it, too.
    if reader is not None and split.dataset and not f"{reader}-".startswith(f"{split.dataset}-"):
        fitting = [known for known in names() if known.startswith(f"{reader}/")]
        hint = f" For {reader} there are {', '.join(fitting)}." if fitting else ""
        raise DatasetError(f"split {name} is for the reader {split.dataset}, not for {reader}.{hint}")
    return split


def _load(name: str) -> Split:
    path = Path(name)
    if path.suffix.lower() in (".yaml", ".yml", *SUFFIXES):
        if not path.is_file():
            raise DatasetError(
                f"the split file {name} does not exist: give the path of a YAML file or a list, or one of {_known()}."
            )
        if path.suffix.lower() in SUFFIXES:
            return Split(path.stem, None, dataset="voxceleb2", clips={"test": read_list(path)})
        return _parse(path, _read(path), {})
    files = _files()
    for known, path in files.items():
        numbers = _numbers(known, name)
        if numbers is not None:
            return _parse(path, {**_read(path), "name": name}, numbers)
    close = get_close_matches(name, files, n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    raise DatasetError(f"unknown split {name!r}. {hint}Known are {_known()}, or a path to a YAML file.")


def _known() -> str:
    return ", ".join(names())


def _files() -> dict[str, Path]:
    """Files by the name of their split. In a file's own name, ``COUNT`` stands for ``<count>``: ``<`` is no good there."""
    found = {}
    for path in sorted(_FOLDER.rglob("*.yaml")):
        stem = path.relative_to(_FOLDER).with_suffix("").as_posix()
        found[re.sub(r"(?<![A-Z])(?:COUNT|SEED)(?![A-Z])", lambda blank: f"<{blank[0].lower()}>", stem)] = path
    return found


def _numbers(known: str, name: str) -> dict[str, int] | None:
    """The numbers in the blanks of a known name that make it `name`; None where none do."""
    parts = _BLANK.split(known)
    pattern = "".join(f"(?P<{p}>0|[1-9][0-9]{{0,17}})" if i % 2 else re.escape(p) for i, p in enumerate(parts))
    match = re.fullmatch(pattern, name)
    return None if match is None else {key: int(value) for key, value in match.groupdict().items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_LOADER)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DatasetError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise DatasetError(
            f"{path}: expected the keys {', '.join(KEYS)}; found {'nothing' if data is None else repr(data)}."
        )
    return data


def _parse(path: Path, data: dict[str, Any], numbers: dict[str, int]) -> Split:
    for key in data:
        if key not in KEYS:
            close = get_close_matches(str(key), KEYS, n=1, cutoff=0.5)
            hint = f"Did you mean {close[0]!r}?" if close else f"Expected are {', '.join(KEYS)}."
            raise DatasetError(f"{path}: unknown key {key!r}. {hint}")
    rule, by, version = data.get("rule", ""), data.get("by", "speaker"), data.get("version", 1)
    if not data.keys() & {"speakers", "clips"} and not rule:
        raise DatasetError(f"{path}: a split needs `speakers`, or a `rule` ({', '.join(RULES)}), or `clips`.")
    if "clips" in data and (rule or "speakers" in data):
        raise DatasetError(f"{path}: `clips` decide alone; leave out `speakers` and `rule`.")
    if by not in ("speaker", "clip"):
        raise DatasetError(f"{path}: `by` is speaker or clip, found {by!r}.")
    if not isinstance(version, int) or isinstance(version, bool):
        raise DatasetError(f"{path}: `version` is a whole number, found {version!r}.")
    speakers, others = _speakers(path, data["speakers"]) if "speakers" in data else (None, None)
    clips = _clips(path, data["clips"]) if "clips" in data else None
    parameters = _parameters(path, rule, by, {**(data.get("parameters") or {}), **numbers})
    return Split(
        str(data.get("name", path.stem)), speakers, others, version, str(data.get("dataset", "")), by, rule, parameters,
        clips,
    )  # fmt: skip


def _speakers(path: Path, data: Any) -> tuple[dict[str, frozenset[str]], str | None]:
    if not isinstance(data, dict) or not data:
        raise DatasetError(
            f"{path}: `speakers` names speakers a split, like `{{train: others, test: [M003]}}`; found {data!r}."
        )
    rest = [str(split) for split, names in data.items() if names == OTHERS]
    if len(rest) > 1:
        raise DatasetError(f"{path}: {' and '.join(rest)} cannot both be `{OTHERS}`.")
    speakers: dict[str, frozenset[str]] = {}
    for split, listed in data.items():
        if listed == OTHERS:
            continue
        if not isinstance(listed, list):
            raise DatasetError(f"{path}: the speakers of {split} must be a list or `{OTHERS}`, found {listed!r}.")
        speakers[str(split)] = frozenset(map(str, listed))
    _check_disjoint(path, speakers)
    return speakers, rest[0] if rest else None


def _clips(path: Path, data: Any) -> dict[str, frozenset[str]]:
    if not isinstance(data, dict) or not data or not all(isinstance(listed, list) for listed in data.values()):
        raise DatasetError(
            f"{path}: `clips` lists names of clips a split, like `{{test: [M003-front-sad-level_1-001]}}`."
        )
    clips: dict[str, frozenset[str]] = {}
    of: dict[str, str] = {}
    for split, listed in data.items():
        clips[str(split)] = frozenset(map(str, listed))
        for name in clips[str(split)]:
            if of.setdefault(name, str(split)) != str(split):
                raise DatasetError(f"{path}: clip {name} is in {of[name]} and in {split}; splits must not overlap.")
    return clips


def _check_disjoint(path: Path, speakers: dict[str, frozenset[str]]) -> None:
    for split, listed in speakers.items():
        for other in speakers.keys() - {split}:
            for speaker in sorted(listed):
                if matches(speaker, speakers[other]):
                    first, second = sorted((split, other))
                    raise DatasetError(
                        f"{path}: speaker {speaker} is in {first} and in {second}; splits must not overlap."
                    )


def _parameters(path: Path, rule: Any, by: str, given: dict[str, Any]) -> dict[str, Any]:
    if not rule:
        if given:
            raise DatasetError(f"{path}: `parameters` need a `rule` ({', '.join(RULES)}).")
        return {}
    if rule not in RULES:
        close = get_close_matches(str(rule), RULES, n=1, cutoff=0.5)
        raise DatasetError(f"{path}: unknown rule {rule!r}. {f'Did you mean {close[0]!r}?' if close else _list(RULES)}")
    wanted = RULES[rule].parameters
    if set(given) != set(wanted):
        raise DatasetError(f"{path}: rule {rule} takes the parameters {_list(wanted)}; found {_list(given)}.")
    for key, kind in wanted.items():
        if type(given[key]) is not kind or (kind is int and given[key] < 0):
            expected = "a whole number from 0 on" if kind is int else "a text"
            raise DatasetError(f"{path}: parameter {key} of rule {rule} is {expected}, found {given[key]!r}.")
    if RULES[rule].parts_speakers and by != "clip":
        raise DatasetError(
            f"{path}: rule {rule} parts the clips of one speaker; a file that means this says `by: clip`."
        )
    return given


def _list(items: Iterable[Any]) -> str:
    return ", ".join(map(str, items)) or "none"
