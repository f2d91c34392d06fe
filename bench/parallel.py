"""Process pools that give each piece of work its own outcome."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from bench.errors import BenchError

T = TypeVar("T")
R = TypeVar("R")


def _quiet_worker(threads: int) -> None:
    # One thread a worker: more would make two workers fight for the cores, and the bits depend on the thread count.
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def run(work: Callable[[T], R], items: Sequence[T], workers: int, threads: bool = False) -> Iterator[tuple[T, R]]:
    """Do `work` on every item in spawned processes (or in threads) and yield ``(item, result)`` in order of completion.

    `work` must be a module-level function and catch what may fail for one item; what escapes it ends the run.
    With one worker or one item the work happens in this process.
    """
    if workers <= 1 or len(items) <= 1:
        for item in items:
            yield item, work(item)
        return
    count = min(workers, len(items))
    context = multiprocessing.get_context("spawn")
    pool: Executor = (
        ThreadPoolExecutor(count) if threads
        else ProcessPoolExecutor(count, mp_context=context, initializer=_quiet_worker, initargs=(1,))
    )  # fmt: skip
    try:
        futures: dict[Any, T] = {pool.submit(work, item): item for item in items}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise BenchError(
            "a worker process died (out of memory, or killed). What is done is kept: run the same command again, "
            "with a smaller `workers` in params.yaml if memory was short."
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
