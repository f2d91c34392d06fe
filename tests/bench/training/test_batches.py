"""What training eats: shapes, determinism, and pictures, landmarks and sound that stay together under every change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from bench.errors import BenchError
from bench.training.augment import Change, PictureAugment, SoundAugment, alter
from bench.training.draws import Draws
from bench.training.latents import write_latents
from bench.training.pairs import Pairs, emotion_vector
from bench.training.store import Store
from bench.training.windows import LatentsWindows, PoseWindows, SpeechWindows, WindowSettings
from metrics.features.face_mesh import locate
from metrics.rigid import head_pose
from space_ref.audio import MfccConfig
from space_ref.landmarks import SUBSET, Normalizer
from space_ref.model import EMOTIONS

STILL = PictureAugment(*[0.0] * 12)


def test_pairs_have_the_shapes_of_the_contract(store: Store) -> None:
    sample = Pairs(store, augment=PictureAugment(), cross_clip=0.5)[3]
    shapes = {name: tuple(value.shape) for name, value in sample.items()}
    assert shapes == {
        "source": (3, 128, 128), "driving": (3, 128, 128), "source_landmarks": (478, 3), "driving_landmarks": (478, 3),
        "source_angles": (3,), "driving_angles": (3,),
    }  # fmt: skip
    assert all(value.dtype == torch.float32 and torch.isfinite(value).all() for value in sample.values())
    assert sample["source"].min() >= 0 and sample["source"].max() <= 1


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_samples_do_not_depend_on_the_workers(store: Store, workers: int) -> None:
    data = Pairs(store, seed=5, augment=PictureAugment())
    loader = DataLoader(data, batch_sampler=[[0, 1], [7, 2], [100, 3]], num_workers=workers)
    drawn = torch.cat([batch["source"] for batch in loader])
    fresh = Pairs(store, seed=5, augment=PictureAugment())
    expected = torch.stack([fresh[number]["source"] for number in (0, 1, 7, 2, 100, 3)])
    assert torch.equal(drawn, expected)
    assert not torch.equal(Pairs(store, seed=6, augment=PictureAugment())[0]["source"], expected[0])


def test_an_epoch_takes_each_clip_by_its_length() -> None:
    draws = Draws([100, 50, 3], 25, seed=0)
    assert len(draws) == 7
    for epoch in (0, 1):
        taken = [draws.clip(7 * epoch + k) for k in range(7)]
        assert np.bincount(taken).tolist() == [4, 2, 1]


def test_no_change_gives_the_frame_back(store: Store) -> None:
    change = Change(STILL, np.random.default_rng(0))
    frame, landmarks = store.frame("a", 0), store.landmarks("a")[0]
    assert np.abs(change.picture(frame, landmarks) - frame / 255.0).max() < 0.01
    assert np.allclose(change.landmarks(landmarks), landmarks, atol=1e-6)


@pytest.mark.parametrize(
    "augment",
    [
        replace(STILL, flip=1.0),
        replace(STILL, flip=1.0, shift=0.1, zoom=0.15, turn=12.0),
        replace(STILL, warp=1.0, warp_strength=0.03),
    ],
)
def test_landmarks_lie_where_the_tracker_finds_them_in_the_changed_picture(
    store: Store, augment: PictureAugment
) -> None:
    change = Change(augment, np.random.default_rng(2))
    frame, landmarks = store.frame("a", 4), store.landmarks("a")[4]
    found = locate(np.round(change.picture(frame, landmarks) * 255).astype(np.uint8))
    assert found is not None
    moved = (change.landmarks(landmarks)[:, :2] + 1) * 64
    # Half a percent of the frame; a flip without exchanged partners would be off by tens of pixels.
    assert np.linalg.norm(found[:, :2] - moved, axis=1).mean() < 1.5


def test_a_warp_takes_points_where_it_takes_the_picture(store: Store) -> None:
    change = Change(replace(STILL, warp=1.0, warp_strength=0.08, turn=10.0), np.random.default_rng(1))
    landmarks = store.landmarks("a")[0]
    for x, y in ((-0.1, 0.1), (0.2, -0.3), (0.0, 0.3)):
        dot = np.zeros((128, 128, 3), np.uint8)
        column, row = round((x + 1) * 64 - 0.5), round((y + 1) * 64 - 0.5)
        dot[row - 1 : row + 2, column - 1 : column + 2] = 255
        points = landmarks.copy()
        points[0, :2] = (np.array([column, row]) + 0.5) / 64 - 1
        made = change.picture(dot, landmarks)[..., 0]
        rows, columns = np.indices(made.shape)
        centre = [(columns * made).sum() / made.sum(), (rows * made).sum() / made.sum()]
        # The dot itself may not be a stable point of the head: point 0 is on the lip.
        assert (change.landmarks(points)[0, :2] + 1) * 64 - 0.5 == pytest.approx(centre, abs=0.35)


def test_a_flip_turns_the_angles(store: Store) -> None:
    landmarks = store.landmarks("a")[0]
    flipped = Change(replace(STILL, flip=1.0), np.random.default_rng(0)).landmarks(landmarks)
    before, after = head_pose(np.stack([landmarks, flipped])).angles
    assert after == pytest.approx(before * [1, -1, -1], abs=0.05)


def test_windows_have_the_shapes_of_the_contract(store: Store, audio: MfccConfig, normalizer: Normalizer) -> None:
    settings, points = WindowSettings(20), len(SUBSET)
    for clip in ("a", "n"):
        write_latents(store.root, "k", clip, np.zeros((30, 4, 3), np.float32))
    shared = {"mfcc": (20, 40), "present": (20,)}
    wanted = {
        SpeechWindows(store, settings, audio, normalizer): {
            "portrait": (points, 3), "landmarks": (20, points, 3), "emotion": (8,),
        },
        PoseWindows(store, settings, audio, normalizer): {"pose": (20, 6), "initial": (6,)},
        LatentsWindows(store, settings, audio, normalizer, "k"): {
            "emotion": (8,), "portrait_posed": (points, 3), "posed": (20, points, 3),
            "portrait_keypoints": (4, 3), "keypoints": (20, 4, 3),
        },
    }  # fmt: skip
    for data, shapes in wanted.items():
        for number in range(4):
            sample = data[number]
            assert {name: tuple(value.shape) for name, value in sample.items()} == shared | shapes
            assert all(torch.isfinite(value).all() for value in sample.values())
            again = data[number]
            assert all(torch.equal(value, again[name]) for name, value in sample.items())


@pytest.mark.parametrize(("same_clip", "portrait"), [(1.0, "a"), (0.0, "n")])
def test_keypoints_go_with_the_portrait_of_the_same_clip_or_with_a_neutral_one(
    store: Store, audio: MfccConfig, normalizer: Normalizer, same_clip: float, portrait: str
) -> None:
    for clip in ("a", "n"):
        write_latents(store.root, "own", clip, np.array(store.landmarks(clip)[:, :4]))
    data = LatentsWindows(store, WindowSettings(20, same_clip=same_clip), audio, normalizer, "own", clips=["a", "n"])
    number = next(k for k in range(20) if data.clips[data.draws.clip(k)].clip == "a")
    sample = data[number]
    stood = [np.array_equal(sample["portrait_keypoints"], frame) for frame in store.latents(portrait, "own")]
    assert any(stood)
    frame = torch.from_numpy(np.array(store.landmarks(portrait)[stood.index(True)]))
    assert torch.equal(sample["portrait_posed"], frame[list(SUBSET)])


def test_unchanged_windows_are_the_recording(store: Store, audio: MfccConfig, normalizer: Normalizer) -> None:
    data = SpeechWindows(store, WindowSettings(30).unchanged(), audio, normalizer, clips=["a"])
    sample = data[0]
    faces = torch.from_numpy(np.array(store.landmarks("a")))
    poses = normalizer.fit(faces)
    assert torch.allclose(sample["landmarks"], normalizer.normalize(faces[:, list(SUBSET)], poses), atol=1e-5)
    assert sample["present"].all()
    assert torch.equal(sample["emotion"], emotion_vector("happy", 2, EMOTIONS))
    assert float(sample["emotion"][EMOTIONS.index("happy")]) == pytest.approx(2 / 3)


def test_a_window_longer_than_its_clip_is_held_and_absent(
    store: Store, audio: MfccConfig, normalizer: Normalizer
) -> None:
    sample = SpeechWindows(store, WindowSettings(40).unchanged(), audio, normalizer)[0]
    assert sample["present"].tolist() == [True] * 30 + [False] * 10
    assert torch.equal(sample["landmarks"][29], sample["landmarks"][39])


class _ClickStore:
    """A clip whose face jumps up at the very frame whose time the sound clicks at."""

    def __init__(self, store: Store, at: int) -> None:
        self.root, self.settings = store.root, store.settings
        row = replace(store.clips["a"], frames=100, samples=88200)
        self.clips = {"a": row}
        self._landmarks = np.repeat(store.landmarks("a")[:1], 100, axis=0).copy()
        self._landmarks[at:, :, 1] -= 0.5
        self._sound = np.zeros(88200, np.int16)
        self._sound[at * 882 : at * 882 + 40] = 20000

    def landmarks(self, clip: str) -> NDArray[np.float32]:
        return self._landmarks

    def audio(self, clip: str) -> NDArray[np.int16]:
        return self._sound


@pytest.mark.parametrize("changed", [False, True])
def test_sound_and_motion_stay_together_at_any_speed(
    store: Store, audio: MfccConfig, normalizer: Normalizer, changed: bool
) -> None:
    settings = WindowSettings(90, speed_probability=1.0, sound=SoundAugment(noise=0.0, reverb=1.0) if changed else None)
    data = PoseWindows(_ClickStore(store, 50), settings, audio, normalizer)  # type: ignore[arg-type]
    for number in range(6):
        sample = data[number]
        jump = int(sample["pose"][:, 4].diff().abs().argmax()) + 1
        heard = int(sample["mfcc"][:, 0].diff().argmax()) + 1
        assert abs(jump - heard) <= 1


def test_noise_has_the_level_that_was_drawn() -> None:
    settings = SoundAugment(gain=0, noise=1.0, snr=(10.0, 10.0), filter=0, reverb=0)
    speech = (0.05 * np.sin(np.arange(20000) / 10)).astype(np.float32)
    level = float(np.sqrt(np.mean(speech**2)))
    babble = np.random.default_rng(9).standard_normal(20000).astype(np.float32)
    for seed in range(6):
        made = alter(speech, 22050, level, babble.copy, settings, np.random.default_rng(seed))
        ratio = level / np.sqrt(np.mean((made - speech) ** 2))
        assert 20 * np.log10(ratio) == pytest.approx(10, abs=0.1)


def test_portraits_of_other_clips_are_neutral_and_keep_the_emotion(
    store: Store, audio: MfccConfig, normalizer: Normalizer
) -> None:
    other = SpeechWindows(store, WindowSettings(20, same_clip=0.0, drop_emotion=1.0), audio, normalizer)
    own = SpeechWindows(store, WindowSettings(20, same_clip=1.0, drop_emotion=1.0), audio, normalizer)
    happy, neutral = store.clips["a"], store.clips["n"]
    random = np.random.default_rng(0)
    assert {other.portrait(happy, random)[0] for _ in range(9)} == {"n"}
    assert other.emotion(happy, False, random).sum() > 0
    assert {own.portrait(neutral, random)[0] for _ in range(9)} == {"n"}
    assert own.emotion(happy, True, random).sum() == 0


def test_without_normalization_the_head_moves_in_the_landmarks(
    store: Store, audio: MfccConfig, normalizer: Normalizer
) -> None:
    settings = replace(WindowSettings(30).unchanged(), normalize=False)
    sample = SpeechWindows(store, settings, audio, normalizer, clips=["a"])[0]
    drift = (sample["landmarks"][29] - sample["landmarks"][0])[:, 0].mean()
    # 29 / 3 pixels of 256 against an inter-ocular distance of some 50: far more than expression.
    assert drift > 0.05


def test_audio_of_another_rate_is_refused(store: Store, normalizer: Normalizer) -> None:
    with pytest.raises(BenchError, match="22050 Hz and 25 fps"):
        PoseWindows(store, WindowSettings(20), MfccConfig(fps=30, top_db=None), normalizer)


def test_clips_to_draw_from_must_exist(store: Store) -> None:
    with pytest.raises(BenchError, match="no clip 'zz'"):
        Pairs(store, clips=["a", "zz"])
