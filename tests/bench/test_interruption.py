"""An interruption that a library drops is heard at the next step; one that is ignored stays so."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.interruption import interruptible, raise_if_interrupted
from bench.progress import watched
from tests.command import Run


@pytest.fixture(autouse=True)
def ctrl_c_ends() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_that_is_dropped_ends_the_work_at_its_next_step(number: signal.Signals) -> None:
    before, done = signal.getsignal(number), []
    with pytest.raises(KeyboardInterrupt), interruptible(number):
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
    with interruptible(signal.SIGINT):
        signal.raise_signal(signal.SIGINT)
        raise_if_interrupted()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_nothing_is_heard_of_an_interruption_before() -> None:
    with contextlib.suppress(KeyboardInterrupt), interruptible(signal.SIGINT):
        signal.raise_signal(signal.SIGINT)
    with interruptible(signal.SIGINT):
        raise_if_interrupted()


def test_every_command_ends_at_the_next_step_of_its_work(
    space_bench: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def evaluate(*given: Any, **options: Any) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        list(watched(range(2), "work", 2))

    monkeypatch.setattr("bench.evaluation.evaluate", evaluate)
    assert space_bench("evaluate", tmp_path) == (130, "", "interrupted\n")
