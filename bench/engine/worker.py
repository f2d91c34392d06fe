"""What a worker does around the work: one thread, one shard at a time, in the folder of the command."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from bench.engine.base import R, T, Work

_ONE_AT_A_TIME = threading.Lock()
"""A Dask worker may have several threads, and networks and trackers are opened once a process and used by one at a time."""


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


def do(work: Work[T, R], shard: tuple[T, ...], surroundings: Surroundings) -> Sequence[R]:
    """One shard in a Dask worker."""
    with _ONE_AT_A_TIME, contextlib.chdir(surroundings.folder):
        os.environ.update(surroundings.environment)
        one_thread()
        return work(shard)
