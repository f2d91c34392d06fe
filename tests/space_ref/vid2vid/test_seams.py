"""Lips and lids: the flow breaks where two parts meet, and what lies between parts that part is painted."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from space_ref.vid2vid import FaceVid2Vid, GeneratorConfig
from space_ref.vid2vid.anchor import correction, seam_sides, with_eyes
from space_ref.vid2vid.openings import inside, opened

UPPER, LOWER, CHIN, BROW = range(4)
OPEN = torch.tensor([[[0.0, -0.1, 0], [0.0, 0.1, 0], [0.0, 0.8, 0], [0.0, -0.8, 0]]])
SHUT = OPEN * torch.tensor([[[0.0], [0.0], [1.0], [1.0]]])
MOUTH = torch.tensor([[[-0.4, 0.0, 0], [0.0, -0.2, 0], [0.4, 0.0, 0], [0.0, 0.2, 0]]])
CLOSED = MOUTH * torch.tensor([1.0, 0.0, 1.0])
OUTLINE = [[0, 1, 2, 3]]


def _shutting(seams: list[tuple[int, int]], turn: float = 0.0) -> Tensor:
    """The flow ``(2, 65, 65)`` that shuts an eye, of a face that is turned so far to its side (radians)."""
    turned = torch.tensor([[math.cos(turn), math.sin(turn), 0], [-math.sin(turn), math.cos(turn), 0], [0, 0, 1.0]])
    source, driving = OPEN @ turned, SHUT @ turned
    sides = seam_sides(driving, seams, (CHIN, BROW)) if seams else None
    return correction(torch.zeros(1, 2, 9, 9), source, driving, 0.08, (65, 65), sides)[0]


def test_a_lid_that_shuts_brings_all_of_its_skin() -> None:
    shift = _shutting([(UPPER, LOWER)])[1]
    assert float(shift[31, 32]) == pytest.approx(-0.1, abs=0.005)  # above the line: what was above the eye
    assert float(shift[33, 32]) == pytest.approx(0.1, abs=0.005)  # below it: what was below


def test_without_a_seam_the_two_lids_cancel_each_other() -> None:
    assert _shutting([])[1, 28:37, 32].abs().max() < 0.01


def test_the_seam_turns_with_the_face() -> None:
    shift = _shutting([(UPPER, LOWER)], math.pi / 2)[0]
    assert float(shift[32, 31].abs()) == pytest.approx(0.1, abs=0.005)
    assert float(shift[32, 33]) == pytest.approx(-float(shift[32, 31]), abs=0.005)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(3, 9), st.floats(0.15, 0.5), st.floats(-0.4, 0.4), st.floats(-0.4, 0.4), st.floats(0, 6.3), st.booleans()
)  # fmt: skip
def test_the_inside_of_an_outline_has_its_area(
    corners: int, radius: float, x: float, y: float, turn: float, clockwise: bool
) -> None:
    angles = turn + (1 if clockwise else -1) * 2 * math.pi * torch.arange(corners) / corners
    outline = torch.stack([x + radius * angles.cos(), y + radius * angles.sin()], dim=-1)[None]
    area = corners / 2 * radius**2 * math.sin(2 * math.pi / corners)
    border = 2 * corners * radius * math.sin(math.pi / corners) * 0.25  # a quarter of a cell is lost along it
    cell = 2 / 127
    assert float(inside(outline, (128, 128)).sum()) * cell**2 == pytest.approx(area - border * cell, rel=0.03)


def test_cells_are_counted_along_each_side_on_its_own() -> None:
    wide = inside(MOUTH[..., :2], (33, 65))[0, 0]
    assert wide.shape == (33, 65)
    assert float(wide[16, 32]) == 1.0
    assert float(wide.mean()) == pytest.approx(0.16 / 4, rel=0.15)


def test_only_what_the_source_does_not_show_is_open() -> None:
    still = torch.zeros(1, 2, 65, 65)
    assert float(opened(CLOSED, MOUTH, OUTLINE, still)[0, 0, 32, 32]) == 1.0
    assert opened(MOUTH, MOUTH, OUTLINE, still).max() <= 0.251  # only a rim of half covered cells
    assert opened(MOUTH, CLOSED, OUTLINE, still).max() == 0
    assert opened(CLOSED, MOUTH, [], still).max() == 0


def test_openings_follow_the_moved_source() -> None:
    # The open mouth of the source goes down by ten cells with the head: nothing new is seen.
    lower = MOUTH + torch.tensor([0.0, 20 / 64, 0.0])
    shift = torch.tensor([0.0, -20 / 64])[None, :, None, None].expand(1, 2, 65, 65)
    assert opened(MOUTH, lower, OUTLINE, shift).max() <= 0.26


def test_between_the_lids_the_source_moves_as_the_iris_does() -> None:
    lids_and_skin = torch.full((1, 2, 65, 65), 0.01)
    eye, iris = MOUTH, torch.zeros(1, 1, 3)
    looking = iris + torch.tensor([0.125, 0.0, 0.0])  # to the right: what is seen there lay to the left
    source, driving = torch.cat([iris, eye], dim=1), torch.cat([looking, eye], dim=1)
    shift = with_eyes(lids_and_skin, source, driving, [(0, [1, 2, 3, 4])])
    assert shift[0, :, 32, 32].tolist() == pytest.approx([-0.125, 0.0])
    assert torch.equal(shift[0, :, :25], lids_and_skin[0, :, :25])
    shut = torch.cat([looking, CLOSED], dim=1)
    assert torch.equal(with_eyes(lids_and_skin, source, shut, [(0, [1, 2, 3, 4])]), lids_and_skin)


def test_an_opening_is_painted_and_the_rest_is_as_the_network_says(tiny: Any) -> None:
    model = _model(tiny, openings=((0, 1, 2, 3),))
    nn.init.constant_(model.generator.blend.bias, -1000.0)  # nothing
    source = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    made = _rendered(model, source, CLOSED, CLOSED + 0.8 * (MOUTH - CLOSED))
    assert made.blend is not None
    assert float(made.blend[0, 0, 32, 32]) == pytest.approx(1.0)
    assert float(made.blend[0, 0, 5:15].max()) == 0.0


def test_cues_change_nothing_until_they_are_trained(tiny: Any) -> None:
    with_cues, without = _model(tiny, cues=6), _model(tiny)
    state = with_cues.state_dict()
    without.load_state_dict({name: state[name] for name in without.state_dict()})
    source = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    made, plain = (_rendered(model, source, CLOSED, MOUTH).prediction for model in (with_cues, without))
    assert torch.equal(made, plain)
    assert with_cues.generator.cues is not None
    nn.init.constant_(with_cues.generator.cues.to_half.weight, 0.5)
    assert (_rendered(with_cues, source, CLOSED, MOUTH).prediction - plain).abs().max() > 1e-4


def test_frozen_networks_give_the_same_pictures_with_all_of_it(tiny: Any) -> None:
    model = _model(tiny, cues=6, openings=((0, 1, 2, 3),), eyes=((1, 0, 2, 3),), seams=((1, 3),), upward=(3, 1))
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.1, generator=torch.Generator().manual_seed(len(parameter)))
    source = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    plain, frozen = (_rendered(part, source, CLOSED, MOUTH).prediction for part in (model, model.for_inference()))
    torch.testing.assert_close(frozen, plain, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seams": ((0, 1),)}, "need an anchor"),
        ({"openings": ((0, 1, 2),)}, "need an anchor"),
        ({"eyes": ((0, 1, 2, 3),)}, "need an anchor"),
        ({"anchor": 0.1, "eyes": ((0, 1, 2),)}, "an iris and at least three keypoints"),
        ({"anchor": 0.1, "seams": ((0, 1),)}, r"upward is \(0, 0\)"),
        ({"anchor": 0.1, "upward": (0, 1)}, r"leave it out without"),
        ({"anchor": 0.1, "openings": ((0, 1, 1),)}, "at least three keypoints"),
        ({"cues": 4}, "cues is 4; use 0, or a positive number with anchor"),
        ({"anchor": 0.1, "cues": 4, "decoder": "spade"}, "decoder 'resblocks'"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GeneratorConfig(composite=True, **settings)


def test_numbers_that_are_no_keypoints_are_refused(tiny: Any) -> None:
    config = tiny(composite=True)
    with pytest.raises(ValueError, match=r"generator\.openings is .*; use numbers below num_kp 5"):
        replace(config, generator=replace(config.generator, anchor=0.1, openings=((0, 1, 9),)))
    part = replace(config.generator, anchor=0.1, anchored=(0, 1), seams=((2, 3),), upward=(0, 1))
    with pytest.raises(ValueError, match=r"generator\.seams is .*; use keypoints that are anchored: \[0, 1\]"):
        replace(config, generator=part)


def _model(tiny: Any, **generator: Any) -> FaceVid2Vid:
    torch.manual_seed(0)
    config = tiny(composite=True, num_down_blocks=2, anchor=0.1, **generator)
    return FaceVid2Vid(replace(config, num_kp=4)).eval()


def _rendered(model: FaceVid2Vid, source: Tensor, kp_source: Tensor, kp_driving: Tensor) -> Any:
    with torch.no_grad():
        feature = model.appearance(functional.interpolate(source, 32))
        return model.render(feature, kp_source, kp_driving, source)
