"""Shortcuts of the blocks against the plain operations that they replace."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from space_ref.vid2vid.blocks import ConvBlock, DownBlock, ResBlock, UpBlock, doubled_kernel
from space_ref.vid2vid.grid import axis, gaussians, grid, move_image, move_volume, positions, translate


@pytest.fixture
def random() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def _normal(random: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=random, dtype=torch.float64)


def test_a_doubled_kernel_repeats_pixels_and_convolves_up_to_the_border(random: torch.Generator) -> None:
    x, weight, bias = _normal(random, 2, 3, 5, 4), _normal(random, 6, 3, 3, 3), _normal(random, 6)
    plain = functional.conv2d(functional.interpolate(x, scale_factor=2), weight, bias, padding=1)
    short = functional.conv_transpose2d(x, doubled_kernel(weight), bias, stride=2, padding=1)
    torch.testing.assert_close(short, plain, rtol=0, atol=1e-12)


def test_a_doubled_kernel_in_3d_leaves_depth_alone(random: torch.Generator) -> None:
    x, weight = _normal(random, 2, 3, 4, 3, 5), _normal(random, 6, 3, 3, 3, 3)
    plain = functional.conv3d(functional.interpolate(x, scale_factor=(1, 2, 2)), weight, padding=1)
    short = functional.conv_transpose3d(x, doubled_kernel(weight), stride=(1, 2, 2), padding=1)
    torch.testing.assert_close(short, plain, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("kind", [ConvBlock, DownBlock, UpBlock])
def test_blocks_have_the_gradients_of_their_outputs(kind: type[ConvBlock], dims: int, random: torch.Generator) -> None:
    # They work in place, which is only right where no gradient needs the overwritten values.
    block = kind(dims, 2, 3).double()
    x = _normal(random, 2, 2, *[2] * (dims - 2), 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(block, (x,), atol=1e-4)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_residual_block_has_the_gradient_of_its_output_and_leaves_its_input(
    dims: int, random: torch.Generator
) -> None:
    block = ResBlock(dims, 2).double()
    x = _normal(random, 2, 2, *[2] * (dims - 2), 4, 4)
    before = x.clone()
    assert torch.autograd.gradcheck(block, (x.requires_grad_(),), atol=1e-4)
    assert torch.equal(x, before)


@pytest.mark.parametrize("size", [(3, 4, 6), (2, 5, 5)])
def test_translate_is_sampling_on_a_moved_grid(size: tuple[int, int, int], random: torch.Generator) -> None:
    volume = _normal(random, 2, 3, *size)
    # Small moves, none at all, and one out of the volume.
    vectors = torch.cat([0.3 * _normal(random, 2, 3, 3), torch.zeros(2, 1, 3), torch.full((2, 1, 3), 5.0)], dim=1)
    moved = translate(volume, vectors)
    assert moved.shape == (2, 5, 3, *size)
    for k in range(5):
        where = positions(vectors[:, k, :, None, None, None].expand(-1, -1, *size))
        sampled = functional.grid_sample(volume, where, align_corners=False)
        torch.testing.assert_close(moved[:, k], sampled, rtol=0, atol=1e-12)


def test_a_coarse_zoom_moves_a_volume_as_a_fine_one(random: torch.Generator) -> None:
    volume = _normal(random, 1, 3, 4, 6, 8)
    coarse, fine = (0.3 * grid(size, volume)[None].repeat(2, 1, 1, 1, 1) for size in ((4, 3, 4), (4, 6, 8)))
    moved = move_volume(volume, coarse)
    expected = functional.grid_sample(volume.repeat(2, 1, 1, 1, 1), positions(fine), align_corners=False)
    torch.testing.assert_close(moved, expected, rtol=0, atol=1e-12)


def test_a_coarse_zoom_moves_a_picture_as_a_fine_one(random: torch.Generator) -> None:
    picture = _normal(random, 1, 3, 9, 7)
    moved = move_image(picture, -0.5 * grid((3, 4), picture)[None].repeat(2, 1, 1, 1))
    # Twice as large about the middle: every second pixel is one of the source's.
    torch.testing.assert_close(moved[:, :, ::2, 1::2], picture[:, :, 2:7, 2:5].repeat(2, 1, 1, 1), rtol=0, atol=1e-12)


def test_the_grid_has_its_ends_at_one_and_x_first() -> None:
    made = grid((2, 3, 5), torch.zeros(1, dtype=torch.float64))
    assert made.shape == (3, 2, 3, 5)
    assert made[:, 0, 0, 0].tolist() == [-1, -1, -1]
    assert made[:, 1, 2, 4].tolist() == [1, 1, 1]
    assert made[:, 0, 1, 3].tolist() == [0.5, 0, -1]
    assert axis(3, made).tolist() == [-1, 0, 1]


def test_gaussians_fall_with_the_squared_distance(random: torch.Generator) -> None:
    points = 0.4 * _normal(random, 2, 4, 3)
    made = gaussians(points, (3, 4, 5), variance=0.02)
    cells = grid((3, 4, 5), points)
    distance = ((cells - points[..., None, None, None]) ** 2).sum(dim=2)
    torch.testing.assert_close(made, torch.exp(-distance / 0.04), rtol=0, atol=1e-14)
