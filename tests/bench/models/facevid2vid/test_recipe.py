"""What the public demo does with keypoints, and which arithmetic belongs to which published weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.models.facevid2vid.portraits import Picture, beta_head
from bench.models.facevid2vid.recipe import animate, since
from space_ref.vid2vid import HeadEstimate
from space_ref.vid2vid.transform import degrees, transform_keypoints


class _Told:
    """A portrait whose keypoints are written in the frames' first pixels, and that draws what it is told."""

    keypoints = torch.tensor([[[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]]])

    def follow(self, frames: Sequence[Picture]) -> Tensor:
        return torch.stack([self.keypoints[0] * int(frame[0, 0, 0]) for frame in frames])

    def draw(self, keypoints: Tensor) -> NDArray[np.uint8]:
        return np.stack([np.full((1, 1, 3), int(10 * float(points.max()) + 1e-3), np.uint8) for points in keypoints])


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize(("motion", "drawn"), [("absolute", [40, 50, 60]), ("relative", [10, 11, 12])])
def test_keypoints_are_taken_as_they_are_or_since_the_first_frame(motion: str, drawn: list[int], batch: int) -> None:
    # The driving face is four times as large, its volume 64 times: relative motion counts an eighth, the root of the ratio.
    frames = [np.full((1, 1, 3), size, np.uint8) for size in (4, 5, 6)]
    made = [int(frame[0, 0, 0]) for frame in animate(_Told(), frames, motion, batch)]
    assert made == drawn


def test_a_portrait_of_the_driving_face_itself_moves_as_that_does() -> None:
    generator = torch.Generator().manual_seed(0)
    keypoints = torch.randn(4, 15, 3, generator=generator)
    assert torch.allclose(since(keypoints[:1], keypoints, keypoints[:1]), keypoints, atol=1e-6)


def test_beta_weights_turn_by_roll_pitch_and_yaw_about_x_y_and_z() -> None:
    generator = torch.Generator().manual_seed(1)
    yaw, pitch, roll = (torch.randn(1, 66, generator=generator, dtype=torch.float64) for _ in range(3))
    head = HeadEstimate(yaw, pitch, roll, torch.zeros(1, 3).double(), torch.zeros(1, 45).double())
    turned = transform_keypoints(torch.eye(3, dtype=torch.float64)[None].repeat(1, 5, 1), beta_head(head))[0, :3].T
    a, b, c = (float(degrees(logits)) / 180 * 3.14 for logits in (roll, pitch, yaw))
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    assert np.allclose(turned.numpy(), about_x @ about_y @ about_z)
