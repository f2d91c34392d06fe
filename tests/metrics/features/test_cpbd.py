"""CPBD against the package that the field takes, and what it says of sharp, blurred and empty pictures."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from metrics import registry
from metrics.base import Bundle, Features, Status, Unscorable
from metrics.features.cpbd import Cpbd, cpbd, edge_widths

Grey = NDArray[np.uint8]


@pytest.fixture(scope="module")
def grey() -> Grey:
    return np.asarray(cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY), dtype=np.uint8)


@pytest.mark.parametrize(
    ("change", "recorded"),
    [
        (lambda p: p, 0.3836094158674804),
        (lambda p: p[:201, 7:307], 0.3602455146364495),
        (lambda p: cv2.GaussianBlur(p, (0, 0), 2.0), 0.005888266551773661),
        (lambda p: (p[:256, :256] * 0.15).astype(np.uint8), 0.7725284339457568),
        (lambda p: np.random.default_rng(0).integers(0, 256, (128, 192)).astype(np.uint8), 0.9046703296703297),
    ],
    ids=["whole", "odd-size", "blurred", "low-contrast", "noise"],
)
def test_values_equal_those_of_the_package(grey: Grey, change: Callable[[Grey], Grey], recorded: float) -> None:
    # cpbd 1.0.7 (with its reader of files replaced) on scikit-image 0.26: whose edge detector it calls matters.
    assert cpbd(change(grey)) == pytest.approx(recorded, abs=1e-12)


@pytest.mark.parametrize("width", [4, 8, 14])
def test_the_width_of_an_edge_goes_from_one_extremum_to_the_next(width: int) -> None:
    ramp = np.sin(np.linspace(-np.pi / 2, np.pi / 2, width + 1)) * 90 + 110
    bar = np.concatenate([np.full(20, 20.0), ramp, np.full(20, 200.0), ramp[::-1], np.full(20, 20.0)])
    found = edge_widths(np.tile(bar, (9, 1)))
    assert np.unique(found[found > 0]).tolist() == [width]
    assert np.count_nonzero(found[4]) == 2


def test_more_blur_is_never_sharper(grey: Grey) -> None:
    values = [cpbd(cv2.GaussianBlur(grey, (0, 0), sigma)) for sigma in (0.5, 1.0, 1.5, 2.5)]
    assert values == sorted(values, reverse=True)


def test_a_picture_without_edges_has_no_value(make_bundle: Callable[..., Bundle]) -> None:
    rows = Cpbd().forward(np.full((2, 128, 128), 90, np.uint8))
    assert np.isnan(rows).all()
    with pytest.raises(Unscorable) as caught:
        registry.get("cpbd").per_clip(make_bundle(Features(25, 50, samples={"cpbd": rows})))
    assert caught.value.status is Status.UNDEFINED


def test_a_frame_smaller_than_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="60x100 is smaller than CPBD's block"):
        Cpbd().prepare(np.zeros((100, 60, 3), np.uint8))
