"""A plain folder (or one file) of talking-face videos: every video is a clip, its name the clip's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from datasets.base import DatasetError, Rejected, SourceClip, inside, listing

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".flv", ".mpg", ".mpeg", ".ts", ".wmv", ".gif"}
)


class Folder:
    """Reader of a folder of videos, searched in depth. A speaker is the first folder below the root, else the file."""

    name = "folder"
    summary = "any folder of videos, one clip a file; first-level folders name the speakers"

    def read(self, root: Path) -> Iterator[SourceClip | Rejected]:
        """Yield every video file under the root, ordered by path."""
        if root.is_file():
            yield SourceClip(clip=clip_name(Path(root.name)), speaker=root.stem, video=root)
            return
        videos = video_files(root)
        if not videos:
            raise DatasetError(
                f"no video under {root}: expected files ending in {', '.join(sorted(VIDEO_SUFFIXES))}, found {listing(root)}."
            )
        for video in videos:
            relative = video.relative_to(root)
            if not inside(root, video):
                yield Rejected(relative.as_posix(), "outside_root", "a link that leaves the dataset's root")
                continue
            speaker = relative.parts[0] if len(relative.parts) > 1 else relative.stem
            yield SourceClip(clip=clip_name(relative), speaker=speaker, video=video)


def video_files(root: Path) -> list[Path]:
    """All video files under a folder, hidden ones left out, ordered by path."""
    if not root.is_dir():
        return []
    return sorted(
        path for path in root.rglob("*")
        if path.suffix.lower() in VIDEO_SUFFIXES and not any(part.startswith(".") for part in path.relative_to(root).parts)
    )  # fmt: skip


def clip_name(relative: Path) -> str:
    """A clip name from a relative path: folders joined by ``-``, odd characters replaced by ``_``."""
    text = "-".join(relative.with_suffix("").parts)
    return re.sub(r"[^\w.+@-]", "_", text).strip(".") or "clip"
