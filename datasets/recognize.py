"""Which dataset a folder looks like, by a shallow look at its names; for errors that help."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from datasets.base import DatasetError, listing, readable
from datasets.walk import Tree, archives

_SIGNS: dict[str, re.Pattern[str]] = {
    "mead": re.compile(r"(?<=/)[MW][0-9]{3}/(video|audio)[-./]"),
    "voxceleb2": re.compile(r"(?<=/)((dev|test)/)?(mp4|aac|txt)/id[0-9]{5}/|(?<=/)vox2_(dev|test)_(mp4|aac|txt)"),
    "ravdess": re.compile(r"(?<=/)((Video|Audio)_(Speech|Song)_)?Actors?_[0-9]{2}[-./]|(?<=/)[0-9]{2}(-[0-9]{2}){6}\."),
    "crema-d": re.compile(
        r"(?<=/)(VideoFlash|VideoMP4|AudioWAV|AudioMP3)/|(?<=/)[0-9]{4}_[A-Z]{3}_[A-Z]{3}_(LO|MD|HI|XX)\."
    ),
    "hdtf": re.compile(
        r"(?<=/)(RD|WDA|WRA)_(annotion_time|video_url|crop_wh)\.txt|(?<=/)(RD|WDA|WRA)_\w+_[0-9]{3}\.mp4"
    ),
}
_DEPTH = 4
_MOST = 50


def looks_like(root: Path) -> str | None:
    """The name of the reader whose layout this folder, its parent or a folder below it seems to hold, or None."""
    return next(iter(_find(root)), None)


def wrong_root(root: Path, reader: str, title: str, expected: str) -> DatasetError:
    """The error for a root that does not hold a dataset: what was expected, what was found, and what to do.

    Args:
        reader: name of the reader that was asked. title: what people call its dataset.
        expected: a path that the layout would have.
    """
    says = f"{readable(str(root))} does not look like {title}: expected {expected}, found {listing(root)}."
    tree = Tree(root)
    packed = [entry.name for entry in archives(tree.scan(root)[1])]
    away = [item.source for item in tree.drain() if item.reason == "outside_root"]
    found = _find(root)
    if found.get(reader, root) != root:
        says += f" Set `root: {found[reader]}`."
    elif found and reader not in found:
        other, folder = next(iter(found.items()))
        says += f" It looks like {other}: set `reader: {other}`" + (
            f" and `root: {folder}`." if folder != root else "."
        )
    elif away:
        says += (
            f" Links that leave the root are not followed ({readable(', '.join(away[:3]))}"
            f"{', ...' if len(away) > 3 else ''}): set `root` to the folder that holds the files themselves."
        )
    elif packed:
        says += f" It holds archives ({readable(', '.join(packed[:3]))}{', ...' if len(packed) > 3 else ''}): unpack them first."
    else:
        says += " Set the dataset's `root` to the folder that holds it."
    return DatasetError(says)


def _find(root: Path) -> dict[str, Path]:
    """The root that each layout would have here, by reader, the surest first."""
    found: dict[str, Path] = {}
    # The root's own name takes part: a root that is one actor's folder belongs one level higher.
    for path in _paths(root, _DEPTH):
        text = f"/{root.name}/{path}"
        for name, sign in _SIGNS.items():
            if name not in found and (match := sign.search(text)):
                found[name] = root.parent.joinpath(*text[: match.start()].strip("/").split("/"))
    return found


def _paths(root: Path, depth: int) -> Iterator[str]:
    """Relative paths of the first files and folders, folders with a slash at the end, shallow ones first."""
    tree = Tree(root)
    level: list[str] = [""]
    for _ in range(depth):
        below: list[str] = []
        for folder in level:
            folders, files = tree.scan(root / folder)
            yield from (f"{folder}{entry.name}" for entry in files[:_MOST])
            below += [f"{folder}{entry.name}/" for entry in folders[:_MOST]]
        yield from below
        level = below[:_MOST]
