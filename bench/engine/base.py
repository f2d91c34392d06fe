"""What the steps of the pipeline see of the place where their work runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from bench.errors import BenchError

T = TypeVar("T")
R = TypeVar("R")

ATTEMPTS = 3
"""How many workers may die over one item before it is given up."""

GIVEN_UP = f"the worker process died {ATTEMPTS} times over it: out of memory, killed, or a library that crashed"

Work = Callable[[tuple[T, ...]], Sequence[R]]
"""A module-level function of a shard that gives one result an item, in order. It catches what may fail for one item."""


HOPELESS = 5
"""Items given up, with not one done, after which the fault is sought with the workers and not with the items."""


class Tally:
    """Counts what was done and what was given up."""

    def __init__(self) -> None:
        self.done = 0
        self.lost = 0

    def give_up(self) -> None:
        """One more item was given up.

        Raises:
            BenchError: so many were, and none was done, that workers cannot do the work at all.
        """
        self.lost += 1
        if self.lost >= HOPELESS and not self.done:
            raise BenchError(
                f"workers died over each of the first {self.lost} items: something is wrong with them, not with the items "
                "(memory, a damaged installation); try `space-bench doctor` and `workers: 1`"
            )


class Engine(Protocol):
    """Runs shards of items on workers, each of which does one shard at a time on one thread.

    Attributes:
        workers: how many there are, for a sensible size of shards.
    """

    @property
    def workers(self) -> int: ...

    def require(self, shared: Iterable[Path], files: Iterable[Path] = (), device: str = "cpu") -> None:
        """Say what the work to come touches. Workers that lack it are refused before any work.

        Args:
            shared: folders in which workers write: the same folder everywhere. files: files and folders that they read.
            device: that their networks run on.

        Raises:
            BenchError: a worker does not see them, or has other versions of what decides numbers.
        """
        ...

    def run(
        self, work: Work[T, R], shards: Iterable[tuple[T, ...]], lost: Callable[[T, str], R],
        light: bool = False, wary: bool = False,
    ) -> Iterator[tuple[T, R]]:  # fmt: skip
        """Do `work` on every shard and yield ``(item, result)`` as shards are finished. Shards are taken as they are needed.

        A shard whose worker dies is done again, its items one by one; an item over which `ATTEMPTS` workers die is given up.

        Args:
            lost: gives the result of an item that is given up, from a sentence that says why.
            light: the work waits for files more than it computes; threads of this process may serve it.
            wary: some item was given up before: no work in the process that calls.

        Raises:
            BenchError: no worker is left. What escapes `work` is raised as it is.
        """
        ...
