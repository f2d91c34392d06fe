"""What tests of SadTalker share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracle import Oracle


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle(Path(__file__).with_name("golden"))
