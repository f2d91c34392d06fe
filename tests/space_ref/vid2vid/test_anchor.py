"""Anchored flow: the picture follows its keypoints where they are, and is left alone elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from space_ref.vid2vid import FaceVid2Vid, GeneratorConfig
from space_ref.vid2vid.anchor import ROUNDS, correction, neighbourhoods, sampled

SPREAD = 0.04
POINTS = torch.tensor([[[-0.5, -0.4, 0.1], [0.5, -0.4, 0.0], [0.0, 0.45, -0.2], [0.0, 0.55, 0.3]]])
MOVES = torch.tensor([[[0.05, 0.0], [-0.03, 0.02], [0.0, 0.06], [0.0, -0.06]]])


def _flow(shift: torch.Tensor) -> torch.Tensor:
    source = POINTS.clone()
    source[..., :2] += MOVES
    return correction(shift, source, POINTS, SPREAD, (64, 64))


def test_each_driving_keypoint_shows_its_source_keypoint() -> None:
    shift = 0.02 * torch.randn(1, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    found = sampled(shift, POINTS[..., :2]) + sampled(_flow(shift), POINTS[..., :2])
    # Two of them are near each other and move apart: a hundredth of the frame is a pixel of 128.
    torch.testing.assert_close(found, MOVES, atol=0.01, rtol=0)


def test_far_from_all_keypoints_nothing_is_corrected() -> None:
    made = _flow(torch.zeros(1, 2, 8, 8))
    assert made.abs().max() > 0.04
    assert made[..., :4, :].abs().max() < 1e-6  # the upper edge


def test_a_flow_that_fits_is_left_alone() -> None:
    uniform = torch.tensor([0.1, -0.2])[None, :, None, None].expand(1, 2, 8, 8)
    source = POINTS.clone()
    source[..., :2] += torch.tensor([0.1, -0.2])
    made = correction(uniform, source, POINTS, SPREAD, (64, 64))
    torch.testing.assert_close(made, torch.zeros_like(made), atol=1e-6, rtol=0)


def test_sums_of_matrix_products_are_the_regression_as_it_is_written() -> None:
    points, shift = POINTS.double(), 0.02 * torch.randn(1, 2, 8, 8, generator=torch.Generator().manual_seed(0)).double()
    source = torch.cat([points[..., :2] + MOVES.double(), points[..., 2:]], dim=-1)
    shares = neighbourhoods(points[..., :2], SPREAD, (64, 48))
    made = torch.zeros(1, 2, 64, 48, dtype=torch.float64)
    for _ in range(ROUNDS):
        missed = MOVES - sampled(shift, points[..., :2]) - sampled(made, points[..., :2])
        made = made + torch.einsum("bkhw,bki->bihw", shares, missed)
    torch.testing.assert_close(correction(shift, source, points, SPREAD, (64, 48)), made, atol=1e-12, rtol=0)


def test_an_untrained_generator_opens_a_mouth_that_it_never_saw(tiny: Any) -> None:
    config = tiny(composite=True)
    torch.manual_seed(0)
    model = FaceVid2Vid(replace(config, generator=replace(config.generator, anchor=0.08))).eval()
    torch.nn.init.constant_(model.generator.blend.bias, -1000.0)
    source = torch.zeros(1, 3, 64, 64)
    source[..., 40:42, 28:36] = 1.0  # a lip
    row = 2 * 40.5 / 63 - 1
    points = torch.zeros(1, model.config.num_kp, 3)
    points[..., 1] = row
    points[..., 0] = torch.linspace(-0.1, 0.1, model.config.num_kp)
    lower = points.clone()
    lower[..., 1] += 8 * 2 / 63
    with torch.no_grad():
        made = model.render(model.appearance(torch.nn.functional.interpolate(source, 32)), points, lower, source)
    # The lip is seen eight pixels lower, where its keypoints are.
    assert int(made.prediction[0, 0].sum(dim=1).argmax()) == pytest.approx(48.5, abs=1)


def test_only_the_named_keypoints_are_anchored(tiny: Any) -> None:
    config = tiny(composite=True)
    points = torch.zeros(1, config.num_kp, 3)
    points[..., 0] = torch.linspace(-0.6, 0.6, config.num_kp)
    source = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))

    def flow(anchored: tuple[int, ...]) -> torch.Tensor:
        torch.manual_seed(0)
        part = replace(config.generator, anchor=0.05, anchored=anchored)
        model = FaceVid2Vid(replace(config, generator=part)).eval()
        with torch.no_grad():
            feature = model.appearance(torch.nn.functional.interpolate(source, 32))
            made = model.render(feature, points, points + torch.tensor([0.0, 0.2, 0.0]), source)
        assert made.flow is not None
        return made.flow[0]

    whole = flow(())
    assert torch.equal(whole, flow(tuple(range(config.num_kp))))
    difference = (whole - flow((0,))).abs().amax(dim=-1)
    middle = difference.shape[1] // 2
    # The others lie to the right of the first one.
    assert difference[:, middle:].max() > 10 * difference[:, : middle // 4].max()


def test_an_anchored_keypoint_that_does_not_exist_is_refused(tiny: Any) -> None:
    config = tiny(composite=True)
    with pytest.raises(ValueError, match=r"generator\.anchored is \(99,\); use numbers below num_kp"):
        replace(config, generator=replace(config.generator, anchor=0.1, anchored=(99,)))


def test_an_anchor_without_the_moved_source_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"GeneratorConfig\.anchor is 0\.1; use 0, or a positive number with composite"
    ):
        GeneratorConfig(anchor=0.1)
    with pytest.raises(ValueError, match="anchor is -1"):
        GeneratorConfig(anchor=-1, composite=True)
