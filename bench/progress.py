"""Progress bars for people; silence for pipes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.interruption import raise_if_interrupted

T = TypeVar("T")
console = Console(stderr=True)
"""For notes, errors and bars."""
out = Console()
"""For results."""


class Step(Protocol):
    def __call__(self, advance: int = 1, total: int | None = None) -> None: ...


@contextmanager
def bar(title: str, total: int) -> Iterator[Step]:
    """A bar on stderr with the time left; draws nothing when stderr is not a terminal."""
    with Progress(
        TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, disable=not console.is_terminal or total == 0, transient=True,
    ) as progress:  # fmt: skip
        task = progress.add_task(title, total=total)

        def step(advance: int = 1, total: int | None = None) -> None:
            raise_if_interrupted()
            progress.update(task, advance=advance, total=total)

        yield step


def watched(items: Iterable[T], title: str, total: int) -> Iterator[T]:
    """The items, with a bar beside them."""
    with bar(title, total) as step:
        for item in items:
            yield item
            step()
