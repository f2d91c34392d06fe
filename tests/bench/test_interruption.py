"""An interruption that a library drops is heard at the next step; one that is ignored stays so."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import pytest

from bench.interruption import interruptible, raise_if_interrupted
from bench.progress import watched


@pytest.fixture(autouse=True)
def ctrl_c_ends() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_that_is_dropped_ends_the_work_at_its_next_step(number: signal.Signals) -> None:
    before, done = signal.getsignal(number), []
    with pytest.raises(KeyboardInterrupt), interruptible():
        for item in watched(range(5), "work", 5):
            done.append(item)
            if item == 2:
                # As compiled code does that lets an exception go.
                with contextlib.suppress(KeyboardInterrupt):
                    signal.raise_signal(number)
    assert done == [0, 1, 2]
    assert signal.getsignal(number) is before
    raise_if_interrupted()


def test_an_interruption_that_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interruptible():
        signal.raise_signal(signal.SIGINT)
        raise_if_interrupted()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_nothing_is_heard_of_an_interruption_before() -> None:
    with contextlib.suppress(KeyboardInterrupt), interruptible():
        signal.raise_signal(signal.SIGINT)
    with interruptible():
        raise_if_interrupted()
