"""Processes of this machine. One that dies costs its shard, which is done again; what kills it again and again is given up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from types import ModuleType
from typing import Any, Generic

from bench.engine.base import ATTEMPTS, GIVEN_UP, R, T, Tally, Work
from bench.engine.worker import begin_process
from bench.progress import console

PATIENCE = 2
"""How often processes may die with no item at fault, before there is one process less: memory may be too short for all."""


class LocalEngine:
    """Spawned processes, one a worker. With one worker or one shard the work happens in the process that calls.

    Args:
        workers: how many processes.
    """

    def __init__(self, workers: int) -> None:
        self.workers = max(1, workers)

    def require(self, shared: Iterable[Path], files: Iterable[Path] = (), device: str = "cpu") -> None:
        """Nothing to check: it is this machine."""

    def run(
        self, work: Work[T, R], shards: Iterable[tuple[T, ...]], lost: Callable[[T, str], R],
        light: bool = False, wary: bool = False,
    ) -> Iterator[tuple[T, R]]:  # fmt: skip
        """See `bench.engine.base.Engine.run`."""
        rest = iter(shards)
        first = list(islice(rest, self.workers))
        if not wary and (self.workers == 1 or len(first) <= 1):
            for shard in chain(first, rest):
                yield from zip(shard, work(shard), strict=True)
        elif first:
            start = ThreadPoolExecutor if light and not wary else _processes
            yield from _Crew(work, lost, start, len(first)).run(chain(first, rest))


class _Process(SpawnProcess):
    """Begins with the work, not by running the script of the caller again.

    That is what a spawned process does otherwise, for a function may be defined there; none of ours is. A script that
    calls `bench.evaluate` without asking whether it is ``__main__`` would then evaluate in each worker.
    """

    def start(self) -> None:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            super().start()
        finally:
            sys.modules["__main__"] = main


class _Spawning(SpawnContext):
    Process = _Process


def _processes(count: int) -> Executor:
    return ProcessPoolExecutor(count, _Spawning(), begin_process)


class _Crew(Generic[T, R]):
    """A pool that is started again when it breaks, with as many shards under way as there are workers and no more."""

    def __init__(
        self, work: Work[T, R], lost: Callable[[T, str], R], start: Callable[[int], Executor], count: int
    ) -> None:
        self.work = work
        self.lost = lost
        self.start = start
        self.count = count
        self.innocent = 0
        self.tally = Tally()

    def run(self, shards: Iterator[tuple[T, ...]]) -> Iterator[tuple[T, R]]:
        left = True
        while left:
            pool = self.start(self.count)
            flying: dict[Future[Sequence[R]], tuple[T, ...]] = {}
            suspects: list[tuple[T, ...]] = []
            try:
                while not suspects:
                    for shard in islice(shards, self.count - len(flying)):
                        # A pool that broke while it was idle says so here: the shard is none of its victims, but not done.
                        flying[_submitted(pool, self.work, shard)] = shard
                    left = bool(flying)
                    if not left:
                        return
                    for future in wait(flying, return_when=FIRST_COMPLETED).done:
                        yield from self._results(future, flying.pop(future), suspects)
                for future in wait(flying).done:
                    yield from self._results(future, flying[future], suspects)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
            yield from self._alone(suspects)

    def _results(
        self, future: Future[Sequence[R]], shard: tuple[T, ...], suspects: list[tuple[T, ...]]
    ) -> Iterator[tuple[T, R]]:
        try:
            results = future.result()
        except BrokenProcessPool:
            suspects.append(shard)
        else:
            self.tally.done += len(results)
            yield from zip(shard, results, strict=True)

    def _alone(self, suspects: Sequence[tuple[T, ...]]) -> Iterator[tuple[T, R]]:
        """Items that were under way when a process died, one at a time in a process of their own with all memory to itself."""
        console.print(
            f"a worker process died; {sum(map(len, suspects))} items are done again, one by one", markup=False
        )
        pool: Executor | None = None
        guilty = False
        try:
            for item in chain.from_iterable(suspects):
                for _ in range(ATTEMPTS - 1):
                    pool = pool or self.start(1)
                    try:
                        (result,) = pool.submit(self.work, (item,)).result()
                    except BrokenProcessPool:
                        pool.shutdown()
                        pool = None
                    else:
                        self.tally.done += 1
                        yield item, result
                        break
                else:
                    guilty = True
                    self.tally.give_up()
                    yield item, self.lost(item, GIVEN_UP)
        finally:
            if pool is not None:
                pool.shutdown()
        self.innocent += not guilty
        if self.innocent >= PATIENCE and self.count > 1:
            self.count, self.innocent = self.count - 1, 0
            console.print(f"memory may be short: going on with {self.count} worker processes", markup=False)


def _submitted(pool: Executor, work: Any, shard: Any) -> Future[Any]:
    try:
        return pool.submit(work, shard)
    except BrokenProcessPool as error:
        failed: Future[Any] = Future()
        failed.set_exception(error)
        return failed
