"""Workers of a Dask cluster. A shard goes to one worker that is free; if that dies, it goes to another."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from bench.engine.base import ATTEMPTS, GIVEN_UP, R, T, Tally, Work
from bench.engine.fleet import LOOK, Fleet, environment, gone
from bench.engine.worker import Surroundings, do
from bench.progress import console


@dataclass(frozen=True)
class _Shard(Generic[T]):
    items: tuple[T, ...]
    deaths: int = 0


@dataclass(frozen=True)
class _Flight(Generic[T]):
    shard: _Shard[T]
    worker: str


class DaskEngine:
    """Runs shards on the workers of one scheduler.

    Each worker is given one shard at a time, by its address: whatever its number of threads, one video goes through its
    networks, a worker that dies has one shard to lose, and this process holds no more futures than there are workers.

    Args:
        fleet: the workers. grow: called before the first shard with work to do, to have workers started.
        expected: number of workers that `grow` asks for; 0 where they are there already.
    """

    def __init__(self, fleet: Fleet, grow: Callable[[], None] | None = None, expected: int = 0) -> None:
        self.fleet = fleet
        self.grow = grow
        self.expected = expected

    @property
    def workers(self) -> int:
        return self.expected or max(1, len(self.fleet.usable()))

    def require(self, shared: Iterable[Path], files: Iterable[Path] = (), device: str = "cpu") -> None:
        """See `bench.engine.base.Engine.require`."""
        self.fleet.need(shared, files, device)

    def run(
        self, work: Work[T, R], shards: Iterable[tuple[T, ...]], lost: Callable[[T, str], R],
        light: bool = False, wary: bool = False,
    ) -> Iterator[tuple[T, R]]:  # fmt: skip
        """See `bench.engine.base.Engine.run`. `light` and `wary` change nothing: no work is done in this process."""
        waiting = map(_Shard, shards)
        again: deque[_Shard[T]] = deque()
        flying: dict[Any, _Flight[T]] = {}
        finished, tally = threading.Event(), Tally()
        surroundings = Surroundings(str(Path.cwd()), environment())
        following = next(waiting, None)
        if following is not None and self.grow is not None:
            self.grow()
        try:
            while following is not None or again or flying:
                free = self.fleet.usable() - {flight.worker for flight in flying.values()}
                for worker in sorted(free):
                    shard = again.popleft() if again else following
                    if shard is None:
                        break
                    if shard is following:
                        following = next(waiting, None)
                    future = self._submit(work, shard, surroundings, worker)
                    future.add_done_callback(lambda _: finished.set())
                    flying[future] = _Flight(shard, worker)
                finished.wait(LOOK)
                finished.clear()
                for future in [future for future, flight in flying.items() if self._is_over(future, flight)]:
                    flight = flying.pop(future)
                    results = self._results(future, flight)
                    if results is not None:
                        tally.done += len(results)
                        yield from zip(flight.shard.items, results, strict=True)
                        continue
                    deaths = flight.shard.deaths + 1
                    if deaths >= ATTEMPTS:
                        for item in flight.shard.items:
                            tally.give_up()
                            yield item, lost(item, GIVEN_UP)
                    else:
                        again.extend(_Shard((item,), deaths) for item in flight.shard.items)
        finally:
            if flying:
                self.fleet.client.cancel(list(flying))

    def _submit(self, work: Work[T, R], shard: _Shard[T], surroundings: Surroundings, worker: str) -> Any:
        return self.fleet.client.submit(
            do, work, shard.items, surroundings, workers=[worker], allow_other_workers=False, pure=False, retries=0
        )

    def _is_over(self, future: Any, flight: _Flight[T]) -> bool:
        return future.status != "pending" or flight.worker not in self.fleet.present

    def _results(self, future: Any, flight: _Flight[T]) -> Any:
        """What a finished shard gave, or None where its worker died. What escaped the work is raised."""
        from distributed.scheduler import KilledWorker

        if future.status == "finished":
            self.fleet.alive()
            return future.result()
        if future.status == "error" and not isinstance(error := future.exception(), KilledWorker):
            raise error
        if self.fleet.client.status != "running":
            raise gone(self.fleet.where)
        future.cancel()
        console.print(f"worker {flight.worker} died; {len(flight.shard.items)} items are done again", markup=False)
        return None
