"""Work that engines are tested with. Apart from the tests, so that a process that starts imports next to nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from bench.engine.local import LocalEngine
from bench.models.command.process import start

DEADLY = 3
"""The item that kills whoever takes it."""


def square(shard: tuple[int, ...]) -> list[int]:
    return [item * item for item in shard]


def square_or_die(shard: tuple[int, ...]) -> list[int]:
    if DEADLY in shard:
        _die()
    return square(shard)


def die_together(shard: tuple[Path, ...]) -> list[int]:
    """As the kernel does when memory is short: whoever works while another works is killed."""
    (mark,) = shard
    mark.touch()
    for _ in range(20):
        time.sleep(0.05)
        if len(list(mark.parent.iterdir())) > 1:
            for path in mark.parent.iterdir():
                path.unlink(missing_ok=True)
            os.kill(os.getpid(), signal.SIGKILL)
    mark.unlink(missing_ok=True)
    return [os.getpid()]


def wait_for_a_program(shard: tuple[Path, ...]) -> list[int]:
    """Leaves its process id and that of the program that it waits for in a file."""
    (mark,) = shard
    words = ["sh", "-c", f"echo {os.getpid()} $$ > '{mark}.part'; mv '{mark}.part' '{mark}'; exec sleep 300"]
    start(words, mark.parent, dict(os.environ), 300)
    return [0]


def run_for_ever(folder: Path) -> None:
    """Two workers of this process wait for a program each."""
    list(LocalEngine(2).run(wait_for_a_program, [(folder / "0",), (folder / "1",)], lambda mark, why: 0))


def die_over(work: Any, path: Path, marks: Path, times: int, shard: tuple[Any, ...]) -> Any:
    """Killed in the middle of a shard of videos that has this one, when the others are done; a mark for every death."""
    mine = [item for item in shard if item.video.path == path]
    if not mine or len(list(marks.iterdir())) >= times:
        return work(shard)
    (marks / str(os.getpid())).touch()
    if len(mine) < len(shard):
        work(tuple(item for item in shard if item.video.path != path))
    _die()


def _die() -> None:
    time.sleep(1)  # A Dask nanny whose worker dies while it still counts as starting starts no other.
    os.kill(os.getpid(), signal.SIGKILL)


_AT_WORK: list[int] = []


def how_many_at_once(shard: tuple[int, ...]) -> list[tuple[int, int, str]]:
    """Process, shards in it at this time, and the variable that says how many threads libraries take."""
    _AT_WORK.append(threading.get_ident())
    time.sleep(0.1)
    found = len(_AT_WORK)
    _AT_WORK.pop()
    return [(os.getpid(), found, os.environ["OMP_NUM_THREADS"])] * len(shard)
