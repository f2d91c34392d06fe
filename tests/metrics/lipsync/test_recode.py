"""What the files of the original chain do to a video."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics.features.syncnet_recode import constant_rate, jpeg, mpeg4, xvid

Frame = NDArray[np.uint8]


def numbered(count: int, fps: float) -> list[tuple[int, float, float]]:
    return [(k, k / fps, (k + 1) / fps) for k in range(count)]


def test_eight_seconds_at_thirty_a_second_become_202_frames() -> None:
    """As observed of the public chain, where 200 would last as long."""
    kept = list(constant_rate(numbered(240, 30), 25))
    assert len(kept) == 202
    assert kept[:14] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14]


@given(count=st.integers(1, 200))
def test_nothing_changes_at_the_rate_itself(count: int) -> None:
    assert list(constant_rate(numbered(count, 25), 25)) == list(range(count))


@given(count=st.integers(50, 300), fps=st.floats(8, 120))
@settings(max_examples=60)
def test_frames_stay_in_order_and_the_length_within_three_frames(count: int, fps: float) -> None:
    kept = list(constant_rate(numbered(count, fps), 25))
    assert kept == sorted(kept)
    # A slow video's last frame is repeated once more by the flush, a fast one runs up to two frames ahead.
    assert -25 / fps - 1 <= len(kept) - count * 25 / fps <= 25 / fps + 3


def test_no_frames_give_none() -> None:
    assert list(constant_rate([], 25)) == []
    for through in (lambda f: mpeg4(f, 25), lambda f: jpeg(f, 25, 2), lambda f: xvid(f, 25)):
        assert list(through(iter(()))) == []


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    portrait = np.asarray(
        cv2.resize(skimage.data.astronaut(), (224, 224), interpolation=cv2.INTER_AREA), dtype=np.uint8
    )
    return [np.roll(portrait, k, axis=1) for k in range(12)]


def quality(frames: Iterable[Frame], others: Iterable[Frame]) -> list[float]:
    """Peak signal-to-noise ratio of each pair in dB."""
    return [
        float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))
        for one, other in zip(frames, others, strict=True)
    ]


@pytest.mark.parametrize(
    ("through", "least", "most"),
    [
        (lambda frames: mpeg4(frames, 25), 31, 38),
        (lambda frames: jpeg(frames, 25, 2), 32, 38),
        (lambda frames: xvid(frames, 25), 29, 36),
    ],
    ids=["mpeg4", "jpeg", "xvid"],
)
def test_each_step_keeps_every_frame_and_loses_a_little(
    through: Callable[[Iterable[Frame]], Iterator[Frame]], least: float, most: float, frames: list[Frame]
) -> None:
    found = quality(frames, through(iter(frames)))
    assert all(least < value < most for value in found)


def test_pictures_at_the_default_bit_rate_get_worse(frames: list[Frame]) -> None:
    """200 kbit a second are far too few for JPEG: after the first frames the coarsest quantizer is reached."""
    found = quality(frames, jpeg(iter(frames), 25, None))
    assert found[0] > 30 > 27 > found[-1]


def test_odd_sizes_come_through(frames: list[Frame]) -> None:
    odd = [np.ascontiguousarray(frame[:121, :75]) for frame in frames]
    for through in (mpeg4(iter(odd), 25), jpeg(iter(odd), 25, 2)):
        assert [frame.shape for frame in through] == [(121, 75, 3)] * len(odd)
