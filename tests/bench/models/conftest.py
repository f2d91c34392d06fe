"""What tests of baselines share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.oracle import one_thread


@pytest.fixture(autouse=True)
def one_thread_without_gradients() -> Iterator[None]:
    with one_thread():
        yield
