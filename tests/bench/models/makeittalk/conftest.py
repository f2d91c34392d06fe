"""The recorded MakeItTalk outputs of `tests.oracle`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle import Oracle, one_thread


@pytest.fixture(autouse=True)
def one_thread_without_gradients() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return Oracle(Path(__file__).with_name("golden"))
