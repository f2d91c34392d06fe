"""Walking a dataset's folder: sorted, each file looked at once, and what cannot be used said with its reason.

Nothing is written and no file is opened, but those as small as a Git LFS pointer.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from datasets.base import Rejected

Entry = os.DirEntry[str]

_CLUTTER = frozenset(
    {"__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "system volume information", "lost+found"}
)
"""What operating systems and network disks leave behind, in lower case."""
COPY = r"(?: *| ?\([0-9]+\))"
"""Pattern of what drives and file managers add to the name of a second folder of a name: a blank, a number in brackets."""
_MEDIA = frozenset({".mp4", ".flv", ".mkv", ".mov", ".avi", ".webm", ".m4a", ".aac", ".wav", ".mp3"})
_ARCHIVE = re.compile(r".+\.(zip|tar|tgz|tar\.gz|7z|rar|z\d\d|\d{3})|.+_part[a-z]{2}", re.IGNORECASE | re.ASCII)
_DEEPEST = 6
"""How many folders deep it is looked for files that are in a wrong place; no layout here is as deep."""
_LEAVES = "a link that leaves the dataset's root"
_POINTER = b"version https://git-lfs.github.com/spec/"
_POINTER_BYTES = range(100, 301)
"""A Git LFS pointer has three short lines; only files of such a size are opened to look."""


class Tree:
    """A dataset's folder as a reader walks it. What it comes across and cannot use is kept for `drain`.

    Args:
        root: the dataset's root. It may be a link; what lies below may not lead out of it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real = root.resolve()
        self._rejected: list[Rejected] = []
        self._said: set[Rejected] = set()
        self._files: dict[tuple[int, int], str] = {}
        self._clips: dict[str, str] = {}

    def scan(self, folder: Path | str) -> tuple[list[Entry], list[Entry]]:
        """Folders and files in a folder, each ordered by name; none where there is no such folder.

        Hidden entries and what operating systems leave behind are skipped. A linked folder that leaves the root, a
        folder that cannot be read and a name that is not UTF-8 (no table could hold it) are turned away.
        """
        folders: list[Entry] = []
        files: list[Entry] = []
        path = Path(folder)
        if path != self.root and path.is_symlink() and not self._inside(path):
            self.note(Rejected(self.name(path), "outside_root", _LEAVES))
            return [], []
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return [], []
        except OSError as error:
            self.note(Rejected(self.name(folder), "unreadable", error.strerror or str(error)))
            return [], []
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in _CLUTTER:
                continue
            if not _is_text(entry.name):
                self.note(self.reject(entry, "unknown_name", "the name is not UTF-8: rename it"))
            elif not _is_folder(entry):
                files.append(entry)
            elif entry.is_symlink() and not self._inside(entry.path):
                self.note(self.reject(entry, "outside_root", _LEAVES))
            else:
                folders.append(entry)
        return folders, files

    def problem(self, entry: Entry) -> Rejected | None:
        """Why a file cannot be used, or None. A file that was asked about before, under another name, is a duplicate."""
        if entry.is_symlink() and not self._inside(entry.path):
            return self.reject(entry, "outside_root", _LEAVES)
        try:
            stat = entry.stat()
        except FileNotFoundError:
            return self.reject(entry, "missing", "a link to a file that is not there")
        except OSError as error:
            return self.reject(entry, "unreadable", error.strerror or str(error))
        if stat.st_size == 0:
            return self.reject(entry, "empty_file", "0 bytes, as an interrupted copy leaves it: fetch it again")
        if stat.st_size in _POINTER_BYTES and _is_pointer(entry.path):
            return self.reject(
                entry, "lfs_pointer", "a Git LFS pointer instead of the media: run `git lfs pull` where it was cloned"
            )
        # A disk without file numbers gives 0 for all of them.
        first = self._files.setdefault((stat.st_dev, stat.st_ino), entry.path) if stat.st_ino else entry.path
        if first != entry.path:
            return self.reject(entry, "duplicate", f"the same file as {self.name(first)}")
        return None

    def claim(self, clip: str, entry: Entry) -> Rejected | None:
        """Take a clip's name for a file; a second file of the name is a duplicate."""
        first = self._clips.setdefault(clip, entry.path)
        return (
            None if first == entry.path else self.reject(entry, "duplicate", f"{clip} is read from {self.name(first)}")
        )

    def misplaced(self, entries: Iterable[Entry], expected: str) -> Iterator[Rejected]:
        """Rows for files of pictures or sound, and for folders that hold some, where the layout has none."""
        for entry in entries:
            if self._holds_media(entry.path) if _is_folder(entry) else suffix(entry) in _MEDIA:
                yield self.reject(entry, "unknown_name", f"not where the dataset has it: expected {expected}")

    def note(self, rejected: Rejected) -> None:
        """Keep a row for `drain`."""
        self._rejected.append(rejected)

    def reject(self, entry: Entry, reason: str, detail: str) -> Rejected:
        """A row for a file or folder."""
        return Rejected(self.name(entry.path), reason, detail)

    def drain(self) -> Iterator[Rejected]:
        """What was turned away while walking, each once, however often a folder is scanned."""
        rejected, self._rejected = self._rejected, []
        for item in rejected:
            if item not in self._said:
                self._said.add(item)
                yield item

    def name(self, path: Path | str) -> str:
        """A path relative to the root, with ``/``; bytes that are not UTF-8 become replacement characters."""
        relative = Path(path).relative_to(self.root).as_posix()
        return relative.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def _holds_media(self, folder: str, depth: int = _DEEPEST) -> bool:
        folders, files = self.scan(folder)
        return any(suffix(file) in _MEDIA for file in files) or (
            depth > 0 and any(self._holds_media(entry.path, depth - 1) for entry in folders if not entry.is_symlink())
        )

    def _inside(self, path: Path | str) -> bool:
        try:
            return Path(path).resolve().is_relative_to(self._real)
        except (OSError, RuntimeError):
            return True  # a link in a circle leads nowhere: its stat says so


def archives(files: Iterable[Entry]) -> list[Entry]:
    """Those of the files that are archives, or parts of them, by name."""
    return [entry for entry in files if _ARCHIVE.fullmatch(entry.name)]


def unpacking(archive: str, folder: str = ".") -> str:
    """The command that unpacks an archive into a folder; both relative to where it is given, the dataset's root."""
    name, into = shlex.quote(archive), shlex.quote(folder)
    if archive.lower().endswith((".tar", ".tgz", ".tar.gz")):
        return f"tar -xf {name} -C {into}"
    if archive.lower().endswith(".zip"):
        return f"unzip {name}" if folder == "." else f"unzip {name} -d {into}"
    if archive.lower().endswith((".7z", ".rar")):
        return f"7z x {name} -o{into}"
    return f"a part of an archive: join its parts with `cat` first ({name} is one of them)"


def stem(entry: Entry) -> str:
    """A file's name without its suffix."""
    return entry.name.rpartition(".")[0] or entry.name


def suffix(entry: Entry) -> str:
    """A file's suffix in lower case, with its dot; a blank after it does not count."""
    return "." + entry.name.rpartition(".")[2].strip().lower()


def _is_text(name: str) -> bool:
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_folder(entry: Entry) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link in a circle


def _is_pointer(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            return file.read(len(_POINTER)) == _POINTER
    except OSError:
        return False
