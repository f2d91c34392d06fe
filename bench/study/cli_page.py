"""``space-bench study page``: a folder for any web host."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError
from bench.progress import console, out
from bench.store import write_bytes
from bench.study.opened import (
    MEDIA,
    PAGE,
    ContactOption,
    ReturnOption,
    StudyArgument,
    StudyFolder,
    TextsOption,
    check_address,
)  # fmt: skip

LINKS = "links.csv"


def page(
    study: StudyArgument, texts: TextsOption = "en", contact: ContactOption = "",
    post: Annotated[str, typer.Option(help="address that takes answers; none: raters get them as a code to hand over")] = "",
    return_url: ReturnOption = "",
) -> None:  # fmt: skip
    """Write the page as a static folder, STUDY/page, and STUDY/links.csv with the address of each block."""
    folder = StudyFolder.open(study)
    write_page(folder, texts, contact, check_address("--post", post), check_address("--return-url", return_url))
    if not contact:
        console.print("no --contact: raters are not told whom to ask", highlight=False)
    out.print(f"Page: {(folder.path / PAGE).resolve()} (put it on any web host with https)", soft_wrap=True)
    out.print(f"Blocks: {folder.path / LINKS}", soft_wrap=True)


def write_page(folder: StudyFolder, texts: str, contact: str, post: str, leave: str) -> None:
    """The folder appears whole: the former one is there until the new one is complete."""
    from reports.study.static import static_files

    words, media = folder.texts(texts), folder.check_media()
    target = folder.path / PAGE
    try:
        with tempfile.TemporaryDirectory(prefix=f".{PAGE}.", dir=folder.path) as scratch:
            new = Path(scratch) / PAGE
            for name, data in static_files(folder.study, folder.salt, words, contact, post, leave):
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                (new / name).write_bytes(data)
            (new / MEDIA).mkdir()
            for name in media:
                # Content alone: times and owners of the files say when and where a model was run.
                shutil.copyfile(folder.media / name, new / MEDIA / name)
            if target.exists():
                target.rename(Path(scratch) / "former")
            new.rename(target)
    except OSError as error:
        raise BenchError(f"cannot write {target}: {error.strerror or error}. Is the disk full or read-only?") from error
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(("block", "code", "query"))
    rows.writerows((block.block, block.code, f"?block={block.block}") for block in folder.study.blocks)
    write_bytes(folder.path / LINKS, table.getvalue().encode())
