"""Where the page finds a case's video beside the run. No folder of this machine is named in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from bench.report.results import CaseSetResults


def media_rows(item: CaseSetResults, page: Path) -> Iterator[dict[str, Any]]:
    """Case, model and ``file``, the path from the folder `page` with forward slashes, of every video that can be reached."""
    origin = page.resolve()
    known: dict[Path, str | None] = {}
    for model in item.models:
        for case, path in model.videos.items():
            if path.parent not in known:
                known[path.parent] = way(origin, path.parent.resolve())
            # A name whose bytes are no text has no address on a page.
            if (folder := known[path.parent]) is not None and _is_text(path.name):
                yield {"case": case, "model": model.model, "file": f"{folder}/{path.name}"}


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def way(origin: Path, folder: Path) -> str | None:
    """The relative path, or None where it would lead over the root of the file system or to another volume.

    The former is an absolute path written backwards: it says where things lie on this machine and holds on no other.
    """
    try:
        common = Path(os.path.commonpath([origin, folder]))
        # The report's own folder may not be there yet.
        device = next(parent for parent in (origin, *origin.parents) if parent.exists()).stat().st_dev
        if common == Path(common.anchor) or folder.stat().st_dev != device:
            return None
    except (OSError, ValueError):  # Gone meanwhile, or another drive letter.
        return None
    return PurePath(os.path.relpath(folder, origin)).as_posix()
