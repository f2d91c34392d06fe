"""A core to each process of pytest-xdist, so that processes beside each other do not fight for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

EVERY = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
"""The cores of this run; none where the system does not tell (macOS)."""


def stay_on_one() -> None:
    """Keep this process, and those it starts, on one core: libraries then start one thread, and the suite one worker.

    Nothing happens without pytest-xdist. To be called before torch is imported: it counts the cores then.
    """
    name = os.environ.get("PYTEST_XDIST_WORKER", "")
    if EVERY and name.startswith("gw"):
        os.sched_setaffinity(0, {EVERY[int(name[2:]) % len(EVERY)]})


@contextmanager
def spread_out() -> Iterator[None]:
    """What is started inside may use every core: a browser that plays videos is no single process."""
    if not EVERY:
        yield
        return
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, EVERY)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)
