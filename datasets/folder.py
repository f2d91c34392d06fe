"""A plain folder (or one file) of talking-face videos: every video is a clip, its name the clip's name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from datasets.base import DatasetError, Rejected, SourceClip, file_name, listing, readable
from datasets.walk import Entry, Tree, suffix

VIDEO_SUFFIXES = frozenset({
    ".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".flv", ".mpg", ".mpeg", ".ts", ".wmv", ".gif", ".3gp", ".3g2", ".asf",
    ".f4v", ".m2ts", ".mts", ".mxf", ".nut", ".ogv", ".vob", ".y4m",
})  # fmt: skip


_SHOWN = 3


class Folder:
    """Reader of a folder of videos, searched in depth. A speaker is the first folder below the root, else the file."""

    name = "folder"
    summary = "any folder of videos, one clip a file; first-level folders name the speakers"

    def read(self, root: Path) -> Iterator[SourceClip | Rejected]:
        """Yield every video file under the root, ordered by path."""
        if root.is_file():
            yield SourceClip(clip=clip_name(Path(root.name)), speaker=root.stem, video=root)
            return
        tree = Tree(root)
        files = sorted(_files(tree, root), key=lambda file: Path(file.path))
        if not files:
            raise DatasetError(
                f"no video under {readable(str(root))}: expected files ending in {', '.join(sorted(VIDEO_SUFFIXES))}, found {listing(root)}."
            )
        for file in files:
            relative = Path(file.path).relative_to(root)
            clip = clip_name(relative)
            speaker = relative.parts[0] if len(relative.parts) > 1 else relative.stem
            problem = tree.problem(file) or tree.claim(clip, file)
            yield problem or SourceClip(clip=clip, speaker=speaker, video=Path(file.path))
        yield from tree.drain()


def _files(tree: Tree, folder: Path | str) -> Iterator[Entry]:
    """Video files, in depth. A linked folder shows what is elsewhere under the root, and may be a circle."""
    folders, files = tree.scan(folder)
    yield from (file for file in files if suffix(file) in VIDEO_SUFFIXES)
    for entry in folders:
        if not entry.is_symlink():
            yield from _files(tree, entry.path)


class Found(NamedTuple):
    """What a folder holds: its videos, ordered by path; and a sentence of what was not looked into, empty if all was."""

    videos: list[Path]
    left_out: str


def video_files(root: Path) -> Found:
    """All that is called a video under a folder, hidden ones left out; linked folders are not entered.

    Those that lead out of the root are told; one that stays within shows what is found already.

    Raises:
        DatasetError: a folder cannot be listed, so nobody knows what is in it.
    """
    videos: list[Path] = []
    links: list[Path] = []
    if not root.is_dir():
        return Found(videos, "")
    inside = f"{os.path.realpath(root)}{os.sep}"
    for folder, folders, files in os.walk(root, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = (name for name in (*folders, *files) if not name.startswith("."))
        videos += [Path(folder, name) for name in names if Path(name).suffix.lower() in VIDEO_SUFFIXES]
        links += [
            path.relative_to(root)
            for path in (Path(folder, name) for name in folders)
            if path.is_symlink() and not f"{os.path.realpath(path)}{os.sep}".startswith(inside)
        ]
    return Found(sorted(videos), _not_entered(sorted(links)))


def _not_entered(links: list[Path]) -> str:
    if not links:
        return ""
    more = f" and {len(links) - _SHOWN} more" if len(links) > _SHOWN else ""
    shown = ", ".join(readable(str(link)) for link in links[:_SHOWN])
    return f"linked folders are not entered: {shown}{more}. Give the folder that is meant, or put it there"


def _refuse(error: OSError) -> None:
    raise DatasetError(f"{readable(str(error.filename))} cannot be listed: {error.strerror}") from error


def clip_name(relative: Path) -> str:
    """A clip name from a relative path: folders joined by ``-``, then as `datasets.base.file_name`."""
    return file_name("-".join(relative.with_suffix("").parts))
