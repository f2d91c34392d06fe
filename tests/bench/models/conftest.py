"""What tests of baselines share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.oracle import Oracle, one_thread


@pytest.fixture(autouse=True)
def one_thread_without_gradients() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def oracle(request: pytest.FixtureRequest) -> Oracle:
    """Recorded outputs that lie beside the test."""
    return Oracle(request.path.with_name("golden"))
