"""The whole chain with seeded weights: streaming, determinism, and that every input has the effect that it should."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.features.canonical import canonical_face
from space_ref.animator import Animator, Direction, still, transfer
from space_ref.audio import MfccConfig
from space_ref.config import SpaceConfig
from space_ref.controls import Blink, Controls, Gaze
from space_ref.landmarks import SUBSET, HeadPose
from space_ref.landmarks2latents import Landmarks2LatentsConfig
from space_ref.model import Source, Space, join
from space_ref.pose import PoseGeneratorConfig
from space_ref.rotation import rotation_matrix
from space_ref.speech2landmarks import Speech2LandmarksConfig
from space_ref.vid2vid.config import (
    GeneratorConfig,
    HeadConfig,
    KeypointConfig,
    MotionConfig,
    Vid2VidConfig,
)

FRAMES = 23
RATE = 22050

CONFIG = SpaceConfig(
    fps=25,
    audio=MfccConfig(fps=25, top_db=None),
    speech=Speech2LandmarksConfig(points=len(SUBSET), hidden=16, layers=1, rank=8),
    pose=PoseGeneratorConfig(hidden=16, layers=1, noise=4),
    latents=Landmarks2LatentsConfig(points=len(SUBSET), keypoints=6, hidden=16, layers=1),
    vid2vid=Vid2VidConfig(
        image_size=32,
        num_kp=6,
        feature_channel=4,
        reshape_depth=2,
        keypoints=KeypointConfig(8, 16, 2, 2, 1.0),
        head=HeadConfig(8, 32, (1, 1, 1, 1)),
        motion=MotionConfig(8, 16, 2, 1, 0.01, 3, 3),
        generator=GeneratorConfig("resblocks", 8, 16, 2, 1, 1, composite=True),
    ),
)


def _space(config: SpaceConfig = CONFIG) -> Space:
    torch.manual_seed(0)
    space = Space(config, torch.tensor(canonical_face(), dtype=torch.float32))
    for network in (space.speech, space.pose, space.latents):
        for weight in network.parameters():
            # Last layers start at 0; here everything shall have an effect.
            torch.nn.init.normal_(weight, std=0.1)
    return space.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def space() -> Space:
    return _space()


@pytest.fixture(scope="module")
def source(space: Space) -> Source:
    return _source(space)


def _source(space: Space) -> Source:
    generator = torch.Generator().manual_seed(1)
    face = torch.tensor(canonical_face(), dtype=torch.float32) @ rotation_matrix(torch.tensor([5.0, -8.0, 3.0])).mT
    picture = torch.rand(3, 64, 64, generator=generator)
    return space.source(picture, face * 14 + torch.tensor([33.0, 30.0, 0.0]))


def _speech(frames: int = FRAMES, seed: int = 2) -> torch.Tensor:
    samples = round(frames / 25 * RATE)
    loudness = torch.sin(torch.arange(samples) / 2000) ** 2
    return torch.randn(samples, generator=torch.Generator().manual_seed(seed)) * 0.2 * loudness


def _run(space: Space, source: Source, direction: Direction, sound: torch.Tensor, frames: int = FRAMES) -> torch.Tensor:
    animator = Animator(space, source, direction)
    made = torch.cat([animator.push(sound), animator.finish(frames)])
    assert animator.frames == len(made) == frames
    return made


def _calm(**changes: object) -> Direction:
    direction = Direction(torch.zeros(8), controls=Controls(blink=Blink(rate=0)))
    return replace(direction, **changes)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=15)
@given(cuts=st.lists(st.integers(0, round(FRAMES / 25 * RATE)), max_size=6), chosen=st.booleans())
def test_keypoints_do_not_depend_on_how_the_sound_comes(cuts: list[int], chosen: bool) -> None:
    space = _SHARED[0]
    source = _SHARED[1]
    sound = _speech()
    pose = None if chosen else still(source.pose, FRAMES)
    direction = Direction(torch.zeros(8), pose=pose, seed=3)
    animator = Animator(space, source, direction)
    edges = [0, *sorted(cuts), len(sound)]
    pieces = [animator.push(sound[a:b]) for a, b in itertools.pairwise(edges)]
    made = torch.cat([*pieces, animator.finish(FRAMES)])
    assert torch.allclose(made, _run(space, source, direction, sound), atol=1e-5)


_SHARED: tuple[Space, Source] = (lambda space: (space, _source(space)))(_space())


def test_the_same_seed_gives_the_same_motion_and_another_seed_another(space: Space, source: Source) -> None:
    one, same, other = (_run(space, source, _calm(seed=seed), _speech()) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.allclose(one, other, atol=1e-4)


def test_a_fixed_head_does_not_follow_the_seed(space: Space, source: Source) -> None:
    pose = still(source.pose, FRAMES)
    one, other = (_run(space, source, _calm(pose=pose, seed=seed), _speech()) for seed in (1, 2))
    assert torch.equal(one, other)


@pytest.mark.parametrize("what", ["speech", "emotion", "pose", "blink", "gaze", "mouth"])
def test_every_input_moves_the_keypoints(space: Space, source: Source, what: str) -> None:
    held = still(source.pose, FRAMES)
    turned = HeadPose(rotation_matrix(torch.tensor([0.0, 20.0, 0.0])) @ held.rotation, held.translation, held.scale)
    happy = torch.zeros(8)
    happy[4] = 0.5
    plain = _calm(pose=held)
    changed = {
        "speech": plain,
        "emotion": replace(plain, emotion=happy),
        "pose": replace(plain, pose=turned),
        "blink": replace(plain, controls=Controls(blink=Blink(rate=0, times=(0.4,)))),
        "gaze": replace(plain, controls=Controls(blink=Blink(rate=0), gaze=Gaze(angles=((0.0, 15.0),)))),
        "mouth": replace(plain, controls=Controls(blink=Blink(rate=0), mouth=2.0)),
    }[what]
    made = _run(space, source, changed, _speech(seed=9 if what == "speech" else 2))
    assert not torch.allclose(made, _run(space, source, plain, _speech()), atol=1e-6)


def test_sound_that_ends_early_is_followed_by_silence(space: Space, source: Source) -> None:
    direction = _calm(pose=still(source.pose, FRAMES))
    short = torch.cat([_speech()[:9000], torch.zeros(len(_speech()) - 9000)])
    assert torch.allclose(
        _run(space, source, direction, _speech()[:9000]), _run(space, source, direction, short), atol=1e-6
    )


def test_one_frame_is_a_video_too(space: Space, source: Source) -> None:
    assert _run(space, source, _calm(), torch.zeros(880), frames=1).shape == (1, 6, 3)


def test_what_is_carried_does_not_grow_with_the_speech(space: Space, source: Source) -> None:
    animator = Animator(space, source, _calm())
    waiting = set()
    for second in range(12):
        animator.push(_speech(25, seed=second))
        waiting.add(sum(len(queue) for queue in (animator._heard, animator._faces, animator._turns)))
    assert max(list(waiting)) <= 2 * CONFIG.speech.lookahead + 2


def test_without_normalization_the_portrait_s_place_stays_and_no_pose_is_asked_for() -> None:
    space = _space(replace(CONFIG, normalize=False))
    source = _source(space)
    assert torch.equal(source.pose.rotation[0], torch.eye(3))
    assert torch.allclose(space.normalizer.pose(source.normalized, source.pose), source.posed, atol=1e-5)
    one, other = (_run(space, source, _calm(seed=seed), _speech()) for seed in (1, 2))
    assert torch.equal(one, other)


def test_a_pose_that_ends_too_early_is_an_error(space: Space, source: Source) -> None:
    with pytest.raises(ValueError, match="given head pose has 5 frames"):
        _run(space, source, _calm(pose=still(source.pose, 5)), _speech())


def test_frames_have_the_source_s_size_and_do_not_depend_on_the_batch(space: Space, source: Source) -> None:
    keypoints = _run(space, source, _calm(), _speech())[:4]
    together = space.render(source, keypoints)
    assert together.shape == (4, 3, 64, 64) and together.min() >= 0 and together.max() <= 1
    apart = torch.cat([space.render(source, keypoints[k : k + 1]) for k in range(4)])
    assert torch.allclose(together, apart, atol=1e-5)


def test_frames_of_several_portraits_are_drawn_in_one_call(space: Space, source: Source) -> None:
    other = space.source(1 - source.picture[0], (source.posed.new_tensor(canonical_face()) * 13) + 31.0)
    keypoints = torch.cat([source.keypoints, other.keypoints]) + 0.02
    both = space.render(join([source, other]), keypoints)
    assert torch.allclose(both[0], space.render(source, keypoints[:1])[0], atol=1e-5)
    assert torch.allclose(both[1], space.render(other, keypoints[1:])[0], atol=1e-5)


def test_a_transferred_pose_starts_where_the_portrait_is_and_turns_as_the_driver_does(source: Source) -> None:
    angles = torch.tensor([[0.0, 0.0, 0.0], [4.0, -10.0, 2.0]])
    driver = HeadPose(
        rotation_matrix(angles), torch.tensor([[0.1, 0.2, 0.0], [0.3, 0.2, 0.0]]), torch.tensor([0.5, 0.6])
    )
    absolute, relative = transfer(driver, source.pose), transfer(driver, source.pose, "relative")
    assert torch.allclose(absolute.rotation, driver.rotation)
    assert torch.allclose(relative.rotation[0], source.pose.rotation[0], atol=1e-6)
    for moved in (absolute, relative):
        assert torch.allclose(moved.translation[0], source.pose.translation[0], atol=1e-6)
        # 0.2 frame units at scale 0.5 are 0.4 heads.
        shift = (moved.translation[1] - moved.translation[0]) / source.pose.scale[0]
        assert torch.allclose(shift, torch.tensor([0.4, 0.0, 0.0]), atol=1e-6)
        assert float(moved.scale[1] / moved.scale[0]) == pytest.approx(1.2, rel=1e-5)


@pytest.mark.parametrize("emotion", [torch.full((8,), 1.2), -torch.ones(8), torch.zeros(2, 8)])
def test_intensities_outside_the_range_are_refused(emotion: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="expected intensities"):
        Direction(emotion)


def test_a_portrait_without_a_face_is_refused(space: Space) -> None:
    with pytest.raises(ValueError, match="no face to animate"):
        space.source(torch.rand(3, 64, 64), torch.full((478, 3), torch.nan))


def test_keypoints_can_be_landmarks_of_the_portrait() -> None:
    points = (61, 291, 13, 14, 33, 263)
    source = _source(_space(replace(CONFIG, keypoint_points=points)))
    expected = source.posed[:, [SUBSET.index(point) for point in points]]
    assert torch.equal(source.keypoints, expected)


def test_keypoints_that_are_landmarks_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="2 entries for 6 keypoints"):
        replace(CONFIG, keypoint_points=(1, 2))


def test_parts_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"latents\.keypoints is 9 and must be 6"):
        replace(CONFIG, latents=replace(CONFIG.latents, keypoints=9))
