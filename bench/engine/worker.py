"""What a worker does around the work: one thread, one shard at a time, in the folder of the command."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.engine.base import R, T, Work

_ONE_AT_A_TIME = threading.Lock()
"""A Dask worker may have several threads, and networks and trackers are opened once a process and used by one at a time."""

FAREWELL = 5.0
"""Seconds between that interrupt and the end: more than a foreign program has to comply."""


@dataclass(frozen=True)
class Surroundings:
    """Of the command, for a worker that was started elsewhere.

    Attributes:
        folder: in which relative paths begin. environment: variables that say where assets lie.
    """

    folder: str
    environment: tuple[tuple[str, str], ...]


def one_thread() -> None:
    """Libraries compute on one thread: more would make two workers fight for the cores, and the bits depend on the count."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def begin_process() -> None:
    """The first thing that a process of this machine's pool does."""
    one_thread()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A command that is killed cannot end its workers, which would wait for work for ever. They end by themselves.

    What is under way is interrupted first, so that it ends the programs that it started.
    """
    parent = multiprocessing.parent_process()
    main = threading.main_thread().ident
    if parent is None or main is None:
        return
    parent.join()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # Nobody waits for the traceback of an interrupt.
    signal.pthread_kill(main, signal.SIGINT)
    time.sleep(FAREWELL)
    os._exit(1)


def do(work: Work[T, R], shard: tuple[T, ...], surroundings: Surroundings) -> Sequence[R]:
    """One shard in a Dask worker."""
    with _ONE_AT_A_TIME, contextlib.chdir(surroundings.folder):
        os.environ.update(surroundings.environment)
        one_thread()
        return work(shard)
