"""The files of a comparison, each of them whole."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from bench.errors import BenchError
from bench.store import replacing, write_bytes
from reports.compare import Comparison, junit, markdown
from reports.compare.page import compare_page


def write_outputs(
    found: Comparison, comment: Path | None, xml: Path | None, html: Path | None, unclear_fails: bool
) -> None:
    """Write what has a path. The page's videos are copied to ``<name>-videos/`` beside it: it can be carried away."""
    if comment is not None:
        write_bytes(comment, markdown(found).encode())
    if xml is not None:
        write_bytes(xml, junit(found, unclear_fails))
    if html is not None:
        folder = html.parent / f"{html.stem}-videos"
        carried = _carried(found, folder)
        write_bytes(html, compare_page(carried, lambda path: os.path.relpath(path, html.parent)).encode())


def _carried(found: Comparison, folder: Path) -> Comparison:
    """The same with videos in `folder`, which holds nothing else then."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        cases = []
        for number, case in enumerate(found.regressed, 1):
            videos = {side: folder / f"{number}-{side}{path.suffix}" for side, path in case.videos.items()}
            for side, target in videos.items():
                with replacing(target) as temporary:
                    shutil.copyfile(case.videos[side], temporary)
            cases.append(replace(case, videos=videos))
    except OSError as error:
        raise BenchError(f"cannot copy the videos of the page to {folder}: {error.strerror or error}") from error
    return replace(found, regressed=tuple(cases))
