"""Measured tables: on the screen, and between the marks of ``docs/speed.md``."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from bench.errors import BenchError
from bench.store import write_bytes

BEGIN, END = "<!-- figures: written by `python -m bench.benchmarks --write` -->", "<!-- end of figures -->"


@dataclass(frozen=True)
class Target:
    """Something wanted of a figure, and whether it came out so."""

    what: str
    found: str
    met: bool

    def __str__(self) -> str:
        return f"{self.what}: {self.found}, {'met' if self.met else 'NOT met'}"


@dataclass(frozen=True)
class Figures:
    """One table with its targets.

    Attributes:
        rows: cells as they are printed; the first of a row is its name. note: what a reader must know of it.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    targets: Sequence[Target] = field(default_factory=list)

    def table(self) -> Table:
        """For the screen."""
        table = Table(
            title=self.title, title_justify="left", caption="\n".join(self._below()) or None, caption_justify="left"
        )
        for number, heading in enumerate(self.headings):
            table.add_column(heading, justify="right" if number else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """For the page."""
        lines = [self.headings, ["---", *("---:" for _ in self.headings[1:])], *self.rows]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return "\n\n".join((f"### {self.title}", table, *self._below()))

    def _below(self) -> list[str]:
        return [*([self.note] if self.note else []), *map(str, self.targets)]


def write_page(path: Path, figures: Sequence[Figures]) -> None:
    """Put the tables between the marks of the page.

    Raises:
        BenchError: the page has no such marks.
    """
    text = path.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise BenchError(f"{path} has no place for figures: put the lines {BEGIN!r} and {END!r} where they belong")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    body = "\n\n".join((machine(), *(each.markdown() for each in figures)))
    write_bytes(path, f"{before}{BEGIN}\n\n{body}\n\n{END}{after}".encode())


def machine() -> str:
    """Cores and model of the processor that measured, and how busy it was with other work."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0))
    return (
        f"Measured on {cores} cores of {names[0] if names else platform.machine()}, Python {platform.python_version()}, "
        f"load {os.getloadavg()[1]:.1f} over the last five minutes."
    )
