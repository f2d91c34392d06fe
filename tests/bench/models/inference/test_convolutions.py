"""Convolutions with less arithmetic are the convolutions."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.models.inference.fourier import FourierConv
from bench.models.inference.narrow import NarrowConv
from bench.models.inference.winograd import WinogradConv, repeated


def _drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("shape", [(1, 3, 4, 4), (3, 5, 8, 12), (7, 2, 24, 24), (2, 4, 100, 8), (2, 3, 5, 8, 4)])
def test_winograds_convolution_is_the_convolution(shape: tuple[int, ...]) -> None:
    made = nn.Conv3d if len(shape) == 5 else nn.Conv2d
    convolution = made(shape[1], 6, 3, padding=1).double().requires_grad_(False)
    x = _drawn(*shape)
    expected = convolution(x)
    for given in (x, x.movedim(1, -1).contiguous().movedim(-1, 1)):
        torch.testing.assert_close(WinogradConv.of(convolution)(given), expected, rtol=0, atol=1e-12)
    nearly = WinogradConv.of(convolution.float())(x.float()).double()
    torch.testing.assert_close(nearly, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("times", [2, 3, 4])
@pytest.mark.parametrize("shape", [(1, 3, 1, 2), (3, 2, 20, 9), (2, 3, 4, 5, 6)])
def test_a_map_of_repeated_pixels_need_not_be_made(shape: tuple[int, ...], times: int) -> None:
    volumes = len(shape) == 5
    convolution = (nn.Conv3d if volumes else nn.Conv2d)(shape[1], 4, 3, padding=1).double().requires_grad_(False)
    x = _drawn(*shape)
    expected = convolution(functional.interpolate(x, scale_factor=(1, times, times) if volumes else times))
    found = WinogradConv(convolution.weight, convolution.bias, repeated(times))(x)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_strips_are_the_rows_of_the_outputs() -> None:
    layer = WinogradConv(_drawn(2, 3, 3, 3), None)
    x = _drawn(3, 3, 64, 80)
    whole = layer(x).permute(0, 2, 3, 1)
    strips = list(layer.strips(x))
    assert len(strips) > 3
    for pictures, rows, made in strips:
        torch.testing.assert_close(whole[pictures, rows], made, rtol=0, atol=0)


@pytest.mark.parametrize("kernel", [3, 7])
def test_fouriers_convolution_is_the_convolution(kernel: int) -> None:
    convolution = nn.Conv3d(3, 2, kernel, padding=kernel // 2).double().requires_grad_(False)
    x = _drawn(2, 3, 4, 16, 48)
    expected = convolution(x)
    torch.testing.assert_close(FourierConv(convolution)(x), expected, rtol=0, atol=1e-12)
    nearly = FourierConv(convolution.float())(x.float()).double()
    torch.testing.assert_close(nearly, expected, rtol=0, atol=2e-6 * float(expected.abs().max()))


@pytest.mark.parametrize("kernel", [(7, 7), (3, 5)])
def test_a_convolution_with_few_outputs_is_the_convolution(kernel: tuple[int, int]) -> None:
    padding = kernel[0] // 2, kernel[1] // 2
    convolution = nn.Conv2d(5, 2, kernel, padding=padding).double().requires_grad_(False)
    x = _drawn(3, 5, 9, 12)
    torch.testing.assert_close(NarrowConv(convolution)(x), convolution(x), rtol=0, atol=1e-13)
