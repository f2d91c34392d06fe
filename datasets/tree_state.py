"""What lies under a folder, and whether it is still what it was."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


class TreeState:
    """Sizes of all files of some folders, and a digest that changes when a file comes, goes, or is written to.

    Links are followed within a root. A folder that a link shows outside of it is not looked into: it may be a whole
    disk, and no reader takes anything from there. A folder that is reached a second time, over a link, is not walked
    again. A file that cannot be looked at (a broken link), or a folder that may not be read, has the size -1: that
    too is a state.

    Attributes:
        sizes: for each root, bytes by path relative to it, with forward slashes.
        digest: sha256 over names, sizes and times of change.
    """

    def __init__(self, *roots: Path) -> None:
        self.sizes: dict[Path, dict[str, int]] = {}
        self._digest = hashlib.sha256()
        for root in roots:
            sizes = self.sizes[root] = {}
            if root.is_file():
                stat = root.stat()
                sizes[root.name] = stat.st_size
                self._note(root.name, [f"{stat.st_size}\0{stat.st_mtime_ns}"])
            elif root.is_dir():
                self._real = os.path.realpath(root).rstrip(os.sep) + os.sep
                self._seen: dict[tuple[int, int], str] = {}
                self._walk(str(root), "", sizes)
            self._note("", [])
        self.digest = self._digest.hexdigest()

    def _walk(self, folder: str, prefix: str, sizes: dict[str, int]) -> None:
        try:
            here = os.stat(folder)  # noqa: PTH116 (pathlib would cost more than the rest of the walk)
            if here.st_ino:
                first = self._seen.setdefault((here.st_dev, here.st_ino), prefix)
                if first != prefix:
                    self._note(prefix, [f"as {first}"])
                    return
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            sizes[prefix] = -1
            self._note(prefix, ["-1"])
            return
        folders: list[os.DirEntry[str]] = []
        lines: list[str] = []
        for entry in entries:
            try:
                if entry.is_dir():
                    if entry.is_symlink() and not f"{os.path.realpath(entry.path)}{os.sep}".startswith(self._real):
                        lines.append(f"{entry.name}\0outside")
                    else:
                        folders.append(entry)
                    continue
                stat = entry.stat()
            except OSError:
                sizes[prefix + entry.name] = -1
                lines.append(f"{entry.name}\0-1")
                continue
            sizes[prefix + entry.name] = stat.st_size
            lines.append(f"{entry.name}\0{stat.st_size}\0{stat.st_mtime_ns}")
        self._note(prefix, lines)
        # Real folders first: what a link shows is then known, whatever the link is called.
        for entry in sorted(folders, key=lambda entry: entry.is_symlink()):
            self._walk(entry.path, f"{prefix}{entry.name}/", sizes)

    def _note(self, prefix: str, lines: list[str]) -> None:
        # No name holds a slash and a NUL, so two different trees cannot give the same text.
        self._digest.update(f"{prefix}\0/{len(lines)}\0{'/'.join(lines)}\n".encode(errors="surrogateescape"))
