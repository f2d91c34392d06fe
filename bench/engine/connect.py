"""Opens the engine that ``params.yaml`` or ``--engine`` asks for. Dask is imported only where it is asked for."""

from __future__ import annotations

import logging
import os
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.engine.base import Engine
from bench.engine.local import LocalEngine
from bench.engine.setting import FILE_ENDING, LOCAL, SLURM, checked_engine, host_and_port
from bench.errors import BenchError

TIMEOUT = 10
"""Seconds in which a scheduler must answer."""


@contextmanager
def open_engine(setting: str, workers: int) -> Iterator[Engine]:
    """The engine of a setting (see `bench.engine.setting`).

    Args:
        workers: processes for ``local`` (0 means one a core), workers to ask for with ``slurm``; a running cluster has its own.

    Raises:
        BenchError: the setting is not known, Dask is not installed, nobody answers, or no cluster can be started.
    """
    try:
        checked_engine(setting)
    except ValueError as error:
        raise BenchError(str(error)) from error
    if setting == LOCAL:
        yield LocalEngine(workers or len(os.sched_getaffinity(0)))
        return
    with ExitStack() as stack:
        yield _dask(setting, workers, stack)


def engine_of(where: Engine | int) -> Engine:
    """An engine, from itself or from a number of processes of this machine."""
    return LocalEngine(where) if isinstance(where, int) else where


def _dask(setting: str, workers: int, stack: ExitStack) -> Engine:
    try:
        import distributed
    except ImportError as error:
        raise BenchError(f"engine {setting!r} needs Dask ({error}): pip install 'space-bench[cluster]'") from error
    from bench.engine.cluster import DaskEngine
    from bench.engine.fleet import Fleet

    for name in ("distributed", "distributed.client", "distributed.core", "distributed.scheduler", "distributed.nanny"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # What matters of it is said in this suite's own words.
    if setting == SLURM:
        from bench.engine.slurm import patient_settings, slurm_cluster

        stack.enter_context(patient_settings())
        cluster = stack.enter_context(slurm_cluster(workers))
        client = stack.enter_context(distributed.Client(cluster, set_as_default=False))
        fleet = Fleet(client, SLURM, patience=float("inf"))  # Jobs may wait in the queue for hours.
        stack.callback(fleet.close)
        return DaskEngine(fleet, lambda: cluster.adapt(minimum=workers, maximum=workers), workers)
    client = stack.enter_context(_connected(setting))
    fleet = Fleet(client, setting)
    stack.callback(fleet.close)
    _check_scheduler(client, setting)
    return DaskEngine(fleet)


def _connected(setting: str) -> Any:
    import distributed

    place: dict[str, str] = {"address": setting}
    if setting.endswith(FILE_ENDING):
        if not Path(setting).is_file():
            raise BenchError(
                f"engine {setting!r}: there is no such scheduler file; `dask scheduler --scheduler-file` writes it"
            )
        place = {"scheduler_file": setting}
    place_of = host_and_port(setting)
    try:
        if place_of is not None:
            # Dask goes on knocking at a closed port until its time is up.
            socket.create_connection(place_of, TIMEOUT).close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of versions, which are compared more closely than Dask does.
            return _within(partial(distributed.Client, **place, timeout=TIMEOUT, set_as_default=False))
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise BenchError(f"no Dask scheduler answers at {setting}: {first}") from error


def _within(connect: Callable[[], Any]) -> Any:
    """What `connect` gives. Dask itself waits for ever for a listener that says nothing."""
    found: Future[Any] = Future()

    def attempt() -> None:
        try:
            found.set_result(connect())
        except Exception as error:
            found.set_exception(error)

    threading.Thread(target=attempt, daemon=True).start()
    try:
        return found.result(TIMEOUT + 2)
    except TimeoutError as error:
        raise OSError(str(error) or f"what listens there did not greet within {TIMEOUT + 2} s") from error


def _check_scheduler(client: Any, setting: str) -> None:
    try:
        # The scheduler reads the tasks' functions by name, so it needs the suite too.
        client.run_on_scheduler(checked_engine, LOCAL)
    except (ImportError, AttributeError) as error:
        raise BenchError(
            f"the scheduler at {setting} has no space-bench ({error}): start it from an environment with the same commit"
        ) from error
