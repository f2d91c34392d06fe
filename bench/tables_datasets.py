"""The tables of ``datasets show``."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from bench.inspect_datasets import Inspection, counts, emotions
from bench.progress import console, out
from bench.write_split import Written
from datasets import splits
from datasets.base import readable

SPEAKERS = 40
"""More are not listed one by one."""
EXAMPLES = 3


def print_inspection(inspection: Inspection) -> None:
    """Print all tables, what to fix last."""
    for table in (_summary(inspection), *_labels(inspection), _speakers(inspection)):
        out.print(table)
    if inspection.findings:
        out.print(_fix(inspection))
        out.print(f"Each of them, a line: {escape(str(inspection.listing))}", soft_wrap=True)
    else:
        out.print("Nothing to fix.")


def print_written(written: Written) -> None:
    """Print what a file of a split holds; notes go to stderr."""
    numbers = ", ".join(f"{number:,} of {part}" for part, number in written.numbers.items())
    out.print(escape(f"{written.path}: {written.split.name}, {numbers}"), soft_wrap=True)
    for note in written.notes:
        console.print(escape(f"note: {note}"), soft_wrap=True)


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right")
    return table


def _summary(inspection: Inspection) -> Table:
    table = Table(title=f"Dataset {escape(inspection.name)}", title_justify="left", show_header=False)
    table.add_row("reader", inspection.reader)
    table.add_row("root", escape(readable(str(inspection.root))))
    table.add_row("index", f"{'unchanged' if inspection.reused else 'made'} in {inspection.seconds:.1f} s")
    if inspection.split is None:
        table.add_row("split", "the dataset's own")
    else:
        split = inspection.split
        table.add_row("split", f"{escape(split.name)}, version {split.version}, digest {split.digest}")
        if inspection.outside:
            table.add_row("", f"{inspection.outside} clips are in none of its parts")
    fitting = [name for name in splits.names() if f"{inspection.reader}-".startswith(f"{name.partition('/')[0]}-")]
    table.add_row("published splits", escape(", ".join(fitting) or "none"))
    table.add_row("looked into", f"{inspection.looked_into} clips" + _depth(inspection))
    return table


def _depth(inspection: Inspection) -> str:
    return ", to their ends" if inspection.deep else ", their first frames (--deep: all clips, to their ends)"


def _labels(inspection: Inspection) -> Iterator[Table]:
    clips = emotions(inspection.clips)
    table = _table("By split", "split", "speakers", "clips")
    speakers: dict[str, int] = {}
    for split, _ in counts(clips, "split", "speaker"):
        speakers[split] = speakers.get(split, 0) + 1
    for (split,), number in counts(clips, "split").items():
        table.add_row(escape(split or "all"), f"{speakers[split]:,}", f"{number:,}")
    table.add_row("all of them", f"{len(clips['speaker'].unique()):,}", f"{len(clips):,}")
    yield table
    cells = counts(clips, "emotion", "level")
    levels = sorted({level for _, level in cells}, key=lambda level: (level is None, level))
    headings = ["no level" if level is None else f"level {level}" for level in levels]
    table = _table("By emotion and level", "emotion", *headings, "clips")
    for (emotion,), number in counts(clips, "emotion").items():
        row = [f"{cells[emotion, level]:,}" if (emotion, level) in cells else "" for level in levels]
        table.add_row(escape(emotion), *row, f"{number:,}")
    yield table


def _speakers(inspection: Inspection) -> Table:
    found = counts(inspection.clips, "speaker", "split")
    totals: dict[str, int] = {}
    parts: dict[str, list[str]] = {}
    for (speaker, split), number in found.items():
        totals[speaker] = totals.get(speaker, 0) + number
        parts.setdefault(speaker, []).append(split or "all")
    table = _table("By speaker", "speaker", "clips", "in")
    for speaker in list(totals)[:SPEAKERS]:
        table.add_row(escape(speaker), f"{totals[speaker]:,}", escape(", ".join(parts[speaker])))
    rest = [totals[speaker] for speaker in list(totals)[SPEAKERS:]]
    if rest:
        table.add_row(f"{len(rest):,} more", f"{min(rest):,} to {max(rest):,} each", "")
    return table


def _fix(inspection: Inspection) -> Table:
    table = Table(title="What to fix", title_justify="left", show_lines=True)
    table.add_column("problem")
    table.add_column("number", justify="right")
    table.add_column("where", overflow="fold")
    table.add_column("what to do")
    for finding in inspection.findings:
        places = [*finding.sources[:EXAMPLES], *(["..."] if len(finding.sources) > EXAMPLES else [])]
        table.add_row(
            finding.problem.replace("_", " "),
            f"{len(finding.sources):,}",
            escape("\n".join(map(readable, places))),
            escape(finding.todo),
        )
    return table
