"""The steps around SadTalker's networks equal what the functions of its script answer, in float64, weights made of names.

Recorded with the script's draws replaced by numbers made of names, and with mel filters in float64 (librosa's are float32).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import numpy as np
import pytest
import torch

from bench.models.eamm.crop import Array
from bench.models.sadtalker.alignment import aligned
from bench.models.sadtalker.crop import Box, box_of, cut, face_box, in_crop, pasting
from bench.models.sadtalker.expression import ExpressionNetwork, blinks
from bench.models.sadtalker.generator import SadTalkerGenerator
from bench.models.sadtalker.head import HeadMotionNetwork, smoothed
from bench.models.sadtalker.mapping import COEFFICIENTS, PLACED, MappingNetwork
from bench.models.sadtalker.recipe import (
    Networks,
    Request,
    driving_keypoints,
    head_poses,
    source_keypoints,
    spoken_expression,
)
from bench.models.sadtalker.reconstruction import FaceReconstruction
from bench.models.sadtalker.speech import fitted, windows
from metrics.parity import NETWORK_TOLERANCE as TOLERANCE
from space_ref.vid2vid import vox_256_spade
from space_ref.vid2vid.keypoints import KPDetector
from tests.oracle import Oracle

FRAMES = 45
STYLE = 7
FACE = {
    30: (128, 133), 36: (85, 96), 37: (92, 92), 38: (101, 92), 39: (108, 97), 40: (101, 100), 41: (92, 100), 42: (148, 96),
    43: (155, 91), 44: (164, 92), 45: (171, 97), 46: (164, 100), 47: (155, 101), 48: (103, 166), 54: (153, 167),
}  # fmt: skip


def _points(oracle: Oracle, tag: str, scale: float = 1, move: tuple[float, float] = (0, 0)) -> Array:
    """68 points, of which those that are looked at make a face."""
    points = oracle.uniform(f"{tag}.points", (68, 2), 60, 196).numpy()
    points[list(FACE)] = list(FACE.values())
    return np.asarray((points + oracle.uniform(f"{tag}.noise", (68, 2), -3, 3).numpy()) * scale + move)


def _normal(oracle: Oracle) -> Callable[[int], Array]:
    number = count()
    return lambda size: oracle.normal(f"z.{next(number)}", (1, size)).numpy()[0]


def _portrait(oracle: Oracle) -> Array:
    return oracle.normal("portrait.coefficients", (1, PLACED), 0.4).numpy()[0]


def _sound(oracle: Oracle, frames: int = FRAMES) -> Array:
    return fitted(oracle.audio("speech", FRAMES * 640 + 300) / 32768, frames)


def _blinks(oracle: Oracle) -> Array:
    number = count()
    return blinks(FRAMES, lambda: float(oracle.uniform(f"blink.{next(number)}", (1,))[0]))


@pytest.fixture(scope="module")
def networks(oracle: Oracle) -> Networks:
    """In float64; those that draw have no weights, as nothing is drawn here."""
    expression, head = ExpressionNetwork().double().eval(), HeadMotionNetwork().double().eval()
    with torch.no_grad():
        oracle.fill(expression, 0.8, {})
        oracle.fill(head, 0.8, {}, only="audio_encoder.*")
        head.decoder.classbias.copy_(oracle.normal("classbias", (46, 64)))
        factors = {"MLP.*.weight": 2, "linear_audio.weight": 3, "resunet.output_layer.0.weight": 3}
        oracle.fill(head.decoder, 1, factors, only="[!c]*")
    with torch.device("meta"):
        unused = FaceReconstruction(), MappingNetwork(), KPDetector(vox_256_spade()), SadTalkerGenerator()
    return Networks(unused[0], expression, head, *unused[1:])


def test_crop_and_alignment(oracle: Oracle) -> None:
    boxes = [
        face_box(_points(oracle, tag, scale, move), side, side)
        for tag, side, scale, move in (
            ("middle", 400, 1, (70, 60)),
            ("corner", 300, 0.8, (-40, -50)),
            ("right", 320, 1, (120, 130)),
        )
    ]
    picture = oracle.video("portrait", 1, 256)[0]
    faces, places = zip(
        *(
            aligned(picture, points)
            for points in (_points(oracle, "align"), _points(oracle, "beyond", 0.6, (-30, -20)))
        ),
        strict=True,
    )
    error = oracle.error("sadtalker_crop", boxes=boxes, parameters=places, aligned=np.stack(faces).astype(float))
    assert error <= TOLERANCE  # the pictures too are the same to the level


def test_points_of_a_crop_are_where_its_pixels_are() -> None:
    """A box of half the crop's size: its first pixel becomes two of the crop, and lies between them."""
    points = np.array([(10.0, 20.0), (137.0, 147.0)])
    assert np.allclose(in_crop(points, Box(10, 20, 138, 148)), [(0.5, 0.5), (254.5, 254.5)])


def test_points_on_one_spot_are_refused() -> None:
    with pytest.raises(ValueError, match="on one spot"):
        aligned(np.zeros((256, 256, 3), np.uint8), np.full((68, 2), 100.0))


def test_speech_and_blinks_become_motion(oracle: Oracle, networks: Networks) -> None:
    sound, shut, portrait = _sound(oracle), _blinks(oracle), _portrait(oracle)[:COEFFICIENTS]
    short, long = (
        oracle.normal(f"{name}.coefficients", (length, PLACED), 0.4).numpy()[:, 64:COEFFICIENTS]
        for name, length in (("short", 20), ("long", 60))
    )

    def head(frames: int, poses: Array | None, how: str = "added") -> Array:
        return head_poses(networks, Request(portrait, sound, frames, poses, how, STYLE), sound, _normal(oracle))

    with torch.no_grad():
        spoken = spoken_expression(networks, sound, portrait[:64], shut)
        alone, followed = head(FRAMES, None), head(FRAMES, long, "followed") - portrait[64:]
        error = oracle.error(
            "sadtalker_motion",
            windows=np.concatenate([windows(sound, 0, 20), windows(sound, 20, FRAMES - 20)]),
            blinks=shut,
            alone=np.concatenate([spoken, alone], axis=1),
            after_short=np.concatenate([spoken, head(FRAMES, short)], axis=1),
            after_long=np.concatenate([spoken, alone + followed], axis=1),
            brief=np.concatenate([spoken[:10], head(10, None)], axis=1),
        )
    assert error <= TOLERANCE
    assert (alone.std(axis=0) > 1e-3).all()  # heads do move in what was recorded


@pytest.mark.parametrize(
    ("name", "coefficients", "scale"),
    [("moving", COEFFICIENTS, 1.3), ("still", COEFFICIENTS, 1.0), ("full", PLACED, 1.0)],
)
def test_motion_becomes_keypoints(
    name: str, coefficients: int, scale: float, oracle: Oracle, networks: Networks
) -> None:
    mapping = MappingNetwork(coefficients).double().eval()
    oracle.fill(mapping, 1, {"encoder*.weight": 0.6, "fc_t.weight": 0.05, "fc_exp.weight": 0.05})
    source = _portrait(oracle)[:coefficients]
    moved = oracle.recorded("sadtalker_motion")["alone"].reshape(FRAMES, COEFFICIENTS)[:10]
    moved[:, :64] *= scale
    if name == "still":
        request = Request(source, _sound(oracle), len(moved), np.ones((3, 6)), head="still")
        moved[:, 64:] = head_poses(networks, request, _sound(oracle), _normal(oracle))
    chain = Networks(**{**vars(networks), "mapping": mapping})
    canonical = oracle.uniform("kp_canonical", (1, 15, 3), -0.4, 0.4)
    found = [driving_keypoints(chain, canonical, source, moved, some) for some in np.split(np.arange(len(moved)), [3])]
    golden = oracle.recorded("sadtalker_keypoints")
    for kind, made in (("driving", torch.cat(found)), ("source", source_keypoints(chain, canonical, source))):
        recorded = golden[f"{name}_{kind}"]
        assert np.abs(made.flatten().numpy() - recorded).max() <= TOLERANCE * np.abs(recorded).max()


def test_a_head_that_follows_does_what_the_pose_source_does_and_no_more(networks: Networks, oracle: Oracle) -> None:
    portrait, sound = _portrait(oracle)[:COEFFICIENTS], _sound(oracle, 3)
    poses = np.array([[1.0] * 6, [1.5] * 6])
    followed = head_poses(networks, Request(portrait, sound, 3, poses, head="followed"), sound, _normal(oracle))
    assert np.allclose(followed - portrait[64:], np.array([[0.0] * 6, [0.5] * 6, [0.0] * 6]))


def test_blinks_keep_their_distance_and_end_before_the_video() -> None:
    assert not blinks(21, lambda: 0.0).any() and not blinks(1, lambda: 0.0).any()
    often, rare = blinks(200, lambda: 0.0), blinks(200, lambda: 0.999)
    assert np.flatnonzero(often == 1).tolist() == list(range(12, 195, 15))
    assert np.flatnonzero(rare == 1).tolist() == [71, 145]


def test_few_poses_are_left_as_they_are() -> None:
    poses = np.random.default_rng(0).normal(size=(12, 6))
    for length in (1, 2, 3):
        assert np.allclose(smoothed(poses[:length]), poses[:length])
    assert not np.allclose(smoothed(poses), poses)


@pytest.mark.parametrize("mode", ["crop", "resize", "full"])
def test_a_drawn_crop_comes_back_where_it_was(mode: str) -> None:
    """Given the crop itself the frame is the portrait; given another one only the box changes."""
    across, down = np.meshgrid(np.arange(256), np.arange(200))
    portrait = np.stack([across, down + 20, 255 - across], axis=-1).astype(np.uint8)
    box = Box(60, 40, 188, 168) if mode != "resize" else box_of(mode, portrait, np.empty((68, 2)))
    assert mode != "resize" or box == (0, 0, 256, 200)
    paste, crop = pasting(mode, portrait, box), cut(portrait, box)
    assert np.abs(paste(crop).astype(int) - portrait).max() <= 2
    changed = (paste(np.ascontiguousarray(crop[:, ::-1])) != portrait).any(axis=2)
    assert changed[box.top + 20 : box.bottom - 20, box.left + 20 : box.right - 20].mean() > 0.9
    changed[box.top : box.bottom, box.left : box.right] = False
    assert not changed.any()
