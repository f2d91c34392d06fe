"""Interruptions that are not lost: Ctrl-C, and a request to end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

_asked = Event()


@contextmanager
def interruptible(*signals: signal.Signals) -> Iterator[None]:
    """These signals interrupt, and are heard again at `raise_if_interrupted`.

    An interruption is an exception, and compiled code may drop one: PyAV does in one of some hundred that reach it while
    it encodes, and the work would go on to its end. In the main thread alone, as Python has it.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        _asked.set()
        raise KeyboardInterrupt

    # Who has an interruption ignored, as a shell does for what it puts into the background, keeps it so; and a handler
    # that Python did not set (None) could not be put back.
    left = (signal.SIG_IGN, None)
    heard = [number for number in signals if signal.getsignal(number) not in left]
    _asked.clear()
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _asked.clear()


def raise_if_interrupted() -> None:
    """Between two pieces of work. Raises `KeyboardInterrupt` where one came within `interruptible`."""
    if _asked.is_set():
        raise KeyboardInterrupt
