"""What `prepare` found, for people: a summary of each split, and the clips to look at."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from rich.markup import escape
from rich.table import Table

from bench.contact_sheet import sheet_paths
from bench.errors import BenchError, unknown
from bench.progress import out
from bench.quality import QUALITY_COLUMNS
from bench.store import read_table, records
from bench.workspace import Workspace

SHOWN = 30
"""More clips with warnings are not listed one by one."""
SPREAD = {
    "face_pixels": "face, pixels of the source", "face_share": "face, share of the frame", "zoom": "enlargement",
    "sharpness": "sharpness", "brightness": "brightness", "loudness": "loudness, dB", "silence": "silence, share",
    "av_offset": "AV offset, frames of 40 ms", "sync_confidence": "LSE-C",
}  # fmt: skip


def prepared_splits(workspace: Workspace, dataset: str) -> list[str]:
    """The splits of a dataset that were prepared.

    Raises:
        BenchError: none was.
    """
    clips = workspace.root / "clips"
    found = sorted(path.parent.name for path in (clips / dataset).glob("*/quality.parquet"))
    if not found:
        known = sorted({path.parent.parent.name for path in clips.glob("*/*/quality.parquet")})
        if known and dataset not in known:
            raise unknown("prepared dataset", dataset, known)
        raise BenchError(f"nothing of dataset {dataset!r} is prepared. `space-bench prepare {dataset}` does it.")
    return found


def print_quality(workspace: Workspace, dataset: str, splits: list[str], each: bool) -> None:
    """Print the summary of each split, where its pictures lie and, if asked, each clip to look at."""
    for split in splits:
        table = read_table(workspace.quality_table(dataset, split), f"space-bench prepare {dataset}")
        table = table.reindex(columns=list(QUALITY_COLUMNS))  # A table of an older version has fewer.
        folder = workspace.clips(dataset, split)
        out.print(_summary(f"{dataset}/{split}", table))
        if each and (found := _clips(table)).row_count:
            out.print(found)
        pages = sheet_paths(folder)
        rest = f" and {len(pages) - 1} more" if len(pages) > 1 else ""
        out.print(f"Pictures: {escape(str(pages[0]))}{rest}" if pages else "No pictures.", soft_wrap=True)


def _summary(title: str, table: pd.DataFrame) -> Table:
    usable = table[table["status"] == "ok"]
    warned = usable[usable["warnings"] != ""]
    shown = Table(title=f"Prepared {escape(title)}: median (5 to 95 %)", title_justify="left", show_header=False)
    shown.add_row("clips", f"{len(usable):,} of {len(table):,}")
    refused = Counter(table.loc[table["status"] != "ok", "status"])
    if refused:
        shown.add_row("rejected", _counted(refused))
    if len(warned):
        notes = Counter(note for text in warned["warnings"] for note in text.split())
        shown.add_row("to look at", f"{len(warned):,}: {_counted(notes)}")
    for column, name in SPREAD.items():
        values = usable[column].dropna().to_numpy(dtype=float)
        if not len(values):
            shown.add_row(name, "–")
            continue
        low, middle, high = (f"{value:.3g}" for value in np.quantile(values, [0.05, 0.5, 0.95]))
        shown.add_row(name, f"{middle} ({low} to {high})")
    return shown


def _counted(numbers: Counter[str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in numbers.most_common())


def _clips(table: pd.DataFrame) -> Table:
    """Rejected clips, then those with most warnings."""
    shown = Table(title="Clips to look at", title_justify="left")
    for heading in ("clip", "what"):
        shown.add_column(heading, overflow="fold")
    rows = [row for row in records(table) if row.status != "ok" or row.warnings]
    rows.sort(key=lambda row: (row.status == "ok", -len(row.warnings.split()), row.clip))
    for row in rows[:SHOWN]:
        what = f"{row.status}: {row.detail}" if row.status != "ok" else ", ".join(row.warnings.split())
        shown.add_row(escape(row.clip), escape(what.replace("_", " ")))
    if len(rows) > SHOWN:
        shown.add_row(f"{len(rows) - SHOWN:,} more", "see quality.parquet")
    return shown
