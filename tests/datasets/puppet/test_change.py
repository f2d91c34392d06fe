"""A known error in a performance is in the truth, and is the only thing that is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from datasets.puppet import PuppetSpec, plan
from datasets.puppet.animate import NO_CHANGE, Change, Performance, perform
from datasets.puppet.emotion import Actions, expression
from datasets.puppet.plan import randomness
from datasets.puppet.speakers import Speaker

SPEC = PuppetSpec()


@pytest.fixture(scope="module")
def acted(speaker: Speaker) -> Performance:
    return _acted(speaker, NO_CHANGE)


def _acted(speaker: Speaker, change: Change) -> Performance:
    clip = next(each for each in plan(SPEC) if each.speaker == 0 and each.emotion == "neutral")
    clip = replace(clip, fps=12.5)
    return perform(clip, speaker.unseen(), speaker.placed(256), randomness(SPEC, clip.name), change)


@pytest.mark.parametrize("angle", ["pitch", "yaw", "roll"])
def test_a_turned_head_is_turned_by_so_many_degrees_in_every_frame(
    speaker: Speaker, acted: Performance, angle: str
) -> None:
    truth, clean = _acted(speaker, Change(**{angle: 5.0})).truth(), acted.truth()
    column = ("pitch", "yaw", "roll").index(angle)
    assert truth["euler"][:, column] - clean["euler"][:, column] == pytest.approx(
        np.full(len(clean["euler"]), 5.0), abs=1e-4
    )
    # What the axis-angle of the rotation between the two says, without any Euler angles. Turns about an axis that other
    # turns follow are those turns' conjugates: as large.
    between = Rotation.from_matrix(truth["rotation"]) * Rotation.from_matrix(clean["rotation"]).inv()
    assert np.degrees(between.magnitude()) == pytest.approx(np.full(len(clean["euler"]), 5.0), abs=0.01)
    assert np.array_equal(truth["aperture"], clean["aperture"])


def test_the_lips_open_as_much_more_as_was_asked_and_closures_stay(speaker: Speaker, acted: Performance) -> None:
    openings = {factor: _acted(speaker, Change(mouth=factor)).openings for factor in (0.0, 0.5, 2.0)}
    wide = acted.openings > 0.1
    assert wide.sum() >= 3
    for factor, found in openings.items():
        assert np.median(found[wide] / acted.openings[wide]) == pytest.approx(factor, abs=0.2)
    shut = acted.openings < 0.005
    assert shut.any()
    assert openings[2.0][shut].max() < 0.02


def test_nothing_else_moves_when_the_mouth_does(speaker: Speaker, acted: Performance) -> None:
    changed = _acted(speaker, Change(mouth=2.0))
    assert np.array_equal(changed.rotations, acted.rotations)
    assert np.array_equal(changed.utterance.samples, acted.utterance.samples)
    brows = [70, 107, 336, 300]
    assert np.array_equal(changed.vertices[:, brows], acted.vertices[:, brows])


def test_an_expression_goes_all_the_way_to_the_other(speaker: Speaker, acted: Performance) -> None:
    happy = expression("happy", 3)
    smile = [_acted(speaker, Change(expression=(happy, share))).vertices for share in (0.5, 1.0)]
    corners = [61, 291]
    width = [np.ptp(each[:, corners, 0], axis=1).mean() for each in (acted.vertices, *smile)]
    assert width[0] < width[1] < width[2]
    assert expression("sad", 2).towards(happy, 1.0) == happy
    assert expression("sad", 2).towards(happy, 0.0) == expression("sad", 2)
    assert happy.towards(Actions(), 0.5).smile == pytest.approx(happy.smile / 2)
