"""``datasets split``: a named split written out, clip by clip, as a file that a paper can publish."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.errors import BenchError
from bench.inspect_datasets import indexed, reader_of
from bench.store import write_bytes
from bench.workspace import Workspace
from datasets import splits as named_splits
from datasets.base import DatasetError, SourceClip
from datasets.expected import not_here
from datasets.splits import Labelled, Split
from datasets.splits.lists import read_list


@dataclass(frozen=True)
class Written:
    """What was written: clips by split, and what the reader of the file should know of the copy it was drawn from."""

    path: Path
    split: Split
    numbers: dict[str, int]
    notes: list[str]


def write_split(
    name: str, root: Path | None, listed: Path | None, splits: str, to: Path, params: Path, workspace: Workspace
) -> Written:
    """Apply a split to a copy of a dataset, or to a list, and write the names of the clips of each of its parts.

    Args:
        name: a dataset of the parameter file, or a reader together with a root. listed: a list of VoxCeleb2's utterances
            to draw from in place of a copy (`datasets.splits.lists`). splits: name of the split, or a file.
        to: the YAML file to write. It is a split in its own right, which `splits` of the parameter file can name.

    Raises:
        BenchError: no such dataset or split, nothing to write, or the file is there and says something else.
    """
    if to.suffix.lower() not in (".yaml", ".yml"):
        raise BenchError(f"{to}: a split is a YAML file; give it a name that ends in .yaml.")
    try:
        if listed is None:
            reader, index = indexed(name, root, params, workspace)
            clips: list[Labelled] = [item for item in index.items() if isinstance(item, SourceClip)]
            source = "a copy"
        else:
            reader = reader_of(name, params)
            if reader != "voxceleb2":
                raise BenchError(f"--list holds utterances of voxceleb2; {name} is read by {reader}.")
            clips = [_utterance(clip) for clip in sorted(read_list(listed))]
            source = f"the list {listed.name}"
        split = named_splits.load(splits, reader)
        found = split.assign(clips)
    except DatasetError as error:
        raise BenchError(str(error)) from error
    parts: dict[str, list[str]] = {}
    for clip, part in zip(clips, found, strict=True):
        if part is not None:
            parts.setdefault(part, []).append(clip.clip)
    if not parts:
        raise BenchError(f"split {split.name} takes none of the {len(clips):,} clips of {source}: nothing to write.")
    drawn = (
        f"{split.name}, version {split.version}, digest {split.digest}, drawn from {source} with {len(clips):,} clips"
    )
    content = {
        "name": to.stem, "version": 1, "source": drawn, "dataset": reader, "by": split.by,
        "clips": {part: sorted(names) for part, names in sorted(parts.items())},
    }  # fmt: skip
    data = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000).encode()
    if to.exists() and not (to.is_file() and to.read_bytes() == data):
        raise BenchError(
            f"{to} exists and says something else: a published split is not overwritten. "
            "Give another file, or remove this one."
        )
    write_bytes(to, data)
    notes = [f"{item.source}: {item.detail}" for item in not_here(split, clips)]
    return Written(to, split, {part: len(names) for part, names in parts.items()}, notes)


def _utterance(clip: str) -> SourceClip:
    return SourceClip(clip, clip.partition("-")[0], Path(), split="test")
