"""Small jobs of a step in processes or threads of this machine, one item at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NoReturn, TypeVar

from bench.engine.local import LocalEngine
from bench.errors import BenchError

T = TypeVar("T")
R = TypeVar("R")


def run(work: Callable[[T], R], items: Sequence[T], workers: int, threads: bool = False) -> Iterator[tuple[T, R]]:
    """Do `work` on every item in spawned processes (or in threads) and yield ``(item, result)`` in order of completion.

    `work` must be a module-level function and catch what may fail for one item; what escapes it ends the run.
    With one worker or one item the work happens in this process.

    Raises:
        BenchError: a worker process died over the same item again and again.
    """
    yield from LocalEngine(workers).run(partial(_each, work), ((item,) for item in items), _end, light=threads)


def _each(work: Callable[[T], R], shard: tuple[T, ...]) -> list[R]:
    return [work(item) for item in shard]


def _end(item: object, why: str) -> NoReturn:
    raise BenchError(
        f"{why}. What is done is kept: run the same command again, with a smaller `workers` in params.yaml if memory was short."
    )
