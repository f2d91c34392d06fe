"""What tests of the suite share: pictures in which a face is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image


@pytest.fixture(scope="session")
def portrait(asset_path: Callable[[str], Path]) -> NDArray[np.uint8]:
    """A real face ``(160, 128, 3)``."""
    with Image.open(asset_path("obama_portrait")) as image:
        return np.asarray(image.convert("RGB").resize((128, 160)), np.uint8)
