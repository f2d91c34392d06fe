"""SPACE as a model of the suite: a video of the case's length and size, that follows what the case gives."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.models import registry
from bench.models.base import Case, Context, ModelError
from bench.models.space import SpaceModel
from bench.space import weights
from bench.space.recipe import Recipe
from datasets.media import write_audio, write_video
from space_ref.model import Space

Picture = NDArray[np.uint8]
CONTEXT = Context("cpu", {}, {"a": "one"}, "d/test/self")
FRAMES = 8
Make = Callable[..., SpaceModel]


@pytest.fixture(scope="module")
def make(folder: Path) -> Make:
    """``make(**options)``: the untrained model, without blinks."""

    def model(context: Context = CONTEXT, **options: Any) -> SpaceModel:
        made = registry.make("space", {"weights": str(folder), "blinks_per_minute": 0, **options}, context)
        assert isinstance(made, SpaceModel)
        return made

    return model


@pytest.fixture(scope="module")
def model(make: Make) -> SpaceModel:
    return make()


@pytest.fixture
def case(face: Picture, syllables: Callable[..., NDArray[np.float32]], inputs: Path) -> Case:
    portrait = np.asarray(cv2.resize(face, (128, 128), interpolation=cv2.INTER_AREA), np.uint8)
    return Case(
        "a", "self", portrait, syllables(FRAMES / 25), False, 25.0, FRAMES, None, None, None, inputs / "driver.mp4"
    )


def _made(model: SpaceModel, case: Case, seed: int = 0) -> Picture:
    frames = list(model.animate(case, seed).frames or [])
    assert len(frames) == case.frames
    assert all(frame.shape == case.portrait.shape and frame.dtype == np.uint8 for frame in frames)
    return np.stack(frames)


def test_a_case_becomes_its_frames_with_its_own_sound(model: SpaceModel, case: Case) -> None:
    animation = model.animate(case, 0)
    assert animation.audio is case.audio and len(list(animation.frames or [])) == FRAMES
    assert model.animate(replace(case, silent=True), 0).audio is None


@pytest.mark.parametrize(("fps", "frames"), [(30.0, 11), (12.5, 4), (25.0, 1)])
def test_any_rate_and_length_is_met(model: SpaceModel, case: Case, inputs: Path, fps: float, frames: int) -> None:
    _made(model, replace(case, fps=fps, frames=frames, pose_video=inputs / "driver.mp4"))


def test_sound_shorter_or_longer_than_the_video_is_no_matter(model: SpaceModel, case: Case) -> None:
    _made(model, replace(case, audio=case.audio[:1000]))
    _made(model, replace(case, audio=np.zeros(0, np.float32), silent=True))
    assert np.array_equal(
        _made(model, replace(case, frames=4)), _made(model, replace(case, frames=4, audio=np.tile(case.audio, 3)))
    )


def test_case_and_seed_decide_the_frames(model: SpaceModel, make: Make, case: Case) -> None:
    first = _made(model, case, 1)
    assert np.array_equal(first, _made(make(), case, 1))
    assert not np.array_equal(first, _made(model, case, 2))
    assert not np.array_equal(first, _made(model, replace(case, name="b"), 1))


def test_a_fixed_pose_needs_no_chance_and_follows_no_pose_source(make: Make, case: Case, inputs: Path) -> None:
    model = make(pose="fixed")
    first = _made(model, case, 1)
    assert np.array_equal(first, _made(model, case, 2))
    assert np.array_equal(first, _made(model, replace(case, pose_video=inputs / "driver.mp4"), 1))


def test_a_given_pose_is_followed(model: SpaceModel, make: Make, case: Case, inputs: Path) -> None:
    given = replace(case, pose_video=inputs / "driver.mp4")
    followed = _made(model, given, 1)
    assert np.array_equal(followed, _made(model, given, 2))
    assert not np.array_equal(followed, _made(model, case, 1))
    assert not np.array_equal(followed, _made(make(pose="fixed"), given, 1))
    assert np.array_equal(_made(make(pose="predicted"), given, 1), _made(model, case, 1))


def test_speech_emotion_and_its_intensity_have_an_effect(make: Make, case: Case) -> None:
    model = make(pose="fixed")
    happy = replace(case, protocol="emotion", emotion="happy", intensity=1.0)
    made = [
        _made(model, each)
        for each in (case, replace(case, audio=case.audio[::-1].copy()), happy, replace(happy, intensity=0.2))
    ]
    assert all(not np.array_equal(a, b) for k, a in enumerate(made) for b in made[:k])
    assert np.array_equal(made[2], _made(model, replace(happy, intensity=None)))


def test_an_emotion_that_the_portrait_shows_already_is_not_asked_for_again(make: Make, case: Case) -> None:
    model = make(pose="fixed")
    happy = replace(case, protocol="self", emotion="happy", intensity=1.0)
    assert np.array_equal(_made(model, happy), _made(model, replace(happy, emotion=None, intensity=None)))


def test_mouth_and_blinks_have_an_effect(make: Make, case: Case) -> None:
    plain = _made(make(pose="fixed"), case)
    assert not np.array_equal(plain, _made(make(pose="fixed", mouth=2.0), case))
    # At 50 blinks a minute the first begins within 1.02 s.
    long = replace(case, frames=28)
    assert not np.array_equal(
        _made(make(pose="fixed"), long)[-10:], _made(make(pose="fixed", blinks_per_minute=50), long)[-10:]
    )


def test_no_face_is_a_failure_of_the_case(
    model: SpaceModel, case: Case, backdrop: Callable[[int, int], Picture], tmp_path: Path
) -> None:
    video = tmp_path / "coffee.mp4"
    write_video(video, [backdrop(128, 128)] * 3, 25)
    for bad in (replace(case, portrait=backdrop(128, 128)), replace(case, pose_video=video)):
        with pytest.raises(ModelError, match="no face") as raised:
            model.animate(bad, 0)
        assert raised.value.status == "no_face"


def test_a_portrait_that_is_not_square_is_a_failure_of_the_case(model: SpaceModel, case: Case) -> None:
    with pytest.raises(ModelError, match="128x100; SPACE takes squares") as raised:
        model.animate(replace(case, portrait=case.portrait[:100]), 0)
    assert raised.value.status == "not_generated"


def test_shuffled_sound_is_that_of_another_speaker_and_the_video_keeps_its_own(
    make: Make, case: Case, tmp_path: Path, syllables: Callable[..., NDArray[np.float32]]
) -> None:
    sounds = {name: tmp_path / f"{name}.wav" for name in ("a", "b")}
    for seed, path in enumerate(sounds.values()):
        write_audio(path, syllables(FRAMES / 25, 5 + seed))
    context = Context("cpu", sounds, {"a": "one", "b": "two"}, "d/test/self")
    shuffled, own = (make(context, pose="fixed", sound=sound) for sound in ("shuffled", "own"))
    assert shuffled.animate(case, 0).audio is case.audio
    assert not np.array_equal(_made(shuffled, case), _made(own, case))
    with pytest.raises(ModelError, match="no other case"):
        make(sound="shuffled").animate(case, 0)


def test_the_version_follows_weights_variant_and_options(
    make: Make, folder: Path, tiny: Recipe, untrained: Callable[..., Space], tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "other")
    weights.save(tmp_path / "other" / "pose.safetensors", untrained(tiny.model, 1).pose, tiny.model.pose, {})
    options: list[dict[str, Any]] = [
        {}, {"weights": str(tmp_path / "other")}, {"variant": "no-audio"}, {"pose": "fixed"}, {"mouth": 2.0},
        {"blinks_per_minute": 3.0}, {"precision": "bf16"}, {"sound": "shuffled"},
    ]  # fmt: skip
    versions = [make(**each).version for each in options]
    assert len(set(versions)) == len(options) and versions[0] == make(batch=4).version


def test_a_row_of_its_own_names_a_variant(folder: Path, case: Case) -> None:
    options = {"model": "space", "weights": str(folder), "variant": "no-normalization"}
    model = registry.make("space-no-normalization", options, CONTEXT)
    assert isinstance(model, SpaceModel) and model.uses == {"audio", "pose", "emotion"}
    _made(model, replace(case, pose_video=case.clip_video))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"varient": "full"}, "unknown option 'varient'. Did you mean 'variant'"),
        ({"variant": "no-sound"}, "option 'variant' must be one of full, no-audio"),
        ({"variant": 3}, "option 'variant' must be str"),
        ({"pose": "given?"}, "option 'pose' must be given, predicted or fixed"),
        ({"sound": "mine"}, "option 'sound' must be own or shuffled"),
        ({"mouth": 9}, "model 'space': .*mouth"),
        ({"mouth": True}, "option 'mouth' must be int or float"),
        ({"blinks_per_minute": -1}, "model 'space': blink rate"),
        ({"precision": "fp8"}, "unknown precision 'fp8'"),
        ({"batch": 0}, "batch must be at least 1"),
        ({"batch": 2.5}, "option 'batch' must be int"),
        ({"compile": "yes"}, "option 'compile' must be bool"),
        ({"weights": "nowhere"}, "no weights of SPACE under 'nowhere'"),
    ],
)
def test_a_mistake_in_the_options_is_explained(make: Make, options: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        make(**options)
