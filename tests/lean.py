"""The large convolutions of face-vid2vid and its relatives in float64, in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from torch import Tensor
from torch.nn import functional


@contextmanager
def lean_conv3d() -> Iterator[None]:
    """The 7x7x7 convolution of the mask as a transposed one.

    In float64 torch unfolds all channels of a convolution's input, over 100 here and 5 GB; of a transposed one those of its
    output, 16 or 22. The sums are the same.
    """
    conv3d = functional.conv3d

    def lean(x: Tensor, weight: Tensor, bias: Tensor, *rest: Any) -> Tensor:
        if weight.shape[2] < 7:
            return conv3d(x, weight, bias, *rest)
        return functional.conv_transpose3d(x, weight.transpose(0, 1).flip(2, 3, 4), bias, padding=3)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(functional, "conv3d", lean)
        yield
