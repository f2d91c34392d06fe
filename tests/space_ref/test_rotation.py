from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metrics import rigid
from space_ref.rotation import rotation_angles, rotation_matrix, slerp

angles = st.tuples(st.floats(-89, 89), st.floats(-179, 179), st.floats(-179, 179))
share = st.floats(0, 1)


def matrix(values: tuple[float, float, float]) -> torch.Tensor:
    return rotation_matrix(torch.tensor(values, dtype=torch.float64))


def turn_between(start: torch.Tensor, end: torch.Tensor) -> torch.Tensor:
    """Angle between two rotations in degrees, good for small ones too: the chord between them."""
    chord = torch.linalg.matrix_norm(start - end) / (2 * 2**0.5)
    return torch.rad2deg(2 * torch.asin(chord.clamp(max=1)))


@given(values=angles)
def test_matrices_and_angles_are_those_of_the_metrics(values: tuple[float, float, float]) -> None:
    expected = rigid.rotation_matrix(np.array(values))
    np.testing.assert_allclose(matrix(values).numpy(), expected, atol=1e-12)
    got = rotation_angles(torch.from_numpy(expected)).numpy()
    np.testing.assert_allclose(got, rigid.rotation_angles(expected), atol=1e-7)
    np.testing.assert_allclose(got, values, atol=1e-7)


def test_any_leading_shape_is_kept() -> None:
    turned = rotation_matrix(torch.rand(2, 4, 3))
    assert turned.shape == (2, 4, 3, 3)
    assert rotation_angles(turned).shape == (2, 4, 3)


@pytest.mark.parametrize("pitch", [90.0, -90.0])
def test_straight_up_and_down_are_found(pitch: float) -> None:
    assert rotation_angles(matrix((pitch, 0.0, 0.0)))[0] == pytest.approx(pitch, abs=1e-3)


def test_gradients_are_exact_at_the_identity() -> None:
    zero = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    jacobian = torch.autograd.functional.jacobian(lambda x: rotation_angles(rotation_matrix(x)), zero)
    torch.testing.assert_close(jacobian, torch.eye(3, dtype=torch.float64))


@given(start=angles, end=angles, part=share)
def test_slerp_turns_at_constant_speed(
    start: tuple[float, float, float], end: tuple[float, float, float], part: float
) -> None:
    first, last = matrix(start), matrix(end)
    between = slerp(first, last, torch.tensor(part, dtype=torch.float64))
    whole = turn_between(first, last)
    torch.testing.assert_close(between @ between.mT, torch.eye(3, dtype=torch.float64), atol=1e-9, rtol=0)
    # Near half a turn the chord says little about the angle.
    torch.testing.assert_close(turn_between(first, between), part * whole, atol=1e-4, rtol=0)
    torch.testing.assert_close(turn_between(between, last), (1 - part) * whole, atol=1e-4, rtol=0)


@given(start=angles, end=angles)
def test_slerp_begins_and_ends_where_it_should(
    start: tuple[float, float, float], end: tuple[float, float, float]
) -> None:
    first, last = matrix(start), matrix(end)
    for part, expected in ((0.0, first), (1.0, last)):
        torch.testing.assert_close(slerp(first, last, torch.tensor(part).double()), expected, atol=1e-9, rtol=0)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="angles"):
        rotation_matrix(torch.zeros(4))
    with pytest.raises(ValueError, match="rotation"):
        rotation_angles(torch.zeros(3))
