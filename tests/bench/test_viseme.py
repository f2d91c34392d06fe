from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.models.base import Case, Context, ModelError
from bench.models.viseme import Viseme, create
from bench.models.viseme.articulation import CHANNELS, TABLE
from bench.models.viseme.motion import BLINK_SECONDS, Blinks, HeadMotion
from bench.models.viseme.rig import LOWER_LIP, UPPER_LIP, FaceRig
from bench.models.viseme.trajectory import STEPS, trajectory
from datasets.puppet.speech import Voice, say
from metrics.base import Phoneme
from metrics.features.face_mesh import FaceTracker, locate
from metrics.features.phonemes import ARPABET, BILABIALS, RATE, SILENCE, recognise

GAP = CHANNELS.index("gap")
CONTEXT = Context("cpu", {}, {}, "d/test/self")


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[:256, 96:352])


@pytest.fixture(scope="module")
def case(portrait: NDArray[np.uint8]) -> Case:
    audio = say("Maybe papa may buy a map.", Voice("en-us", speed=140)).samples
    return Case("one", "self", portrait, audio, False, 25.0, 50, None, None, None, Path("clip.mp4"))


def _frames(model: Viseme, case: Case, seed: int = 0) -> NDArray[np.uint8]:
    frames = model.animate(case, seed).frames
    assert frames is not None
    return np.array(list(frames))


def _aperture(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    eyes = np.linalg.norm(landmarks[:, 33, :2] - landmarks[:, 263, :2], axis=1)
    return np.asarray(np.linalg.norm(landmarks[:, 13, :2] - landmarks[:, 14, :2], axis=1) / eyes)


def test_the_table_has_a_mouth_for_every_sound_of_the_recogniser() -> None:
    assert set(TABLE) == {*ARPABET, SILENCE}
    assert all(TABLE[symbol][0].press == 1.0 and TABLE[symbol][0].gap == 0.0 for symbol in BILABIALS)
    assert TABLE["AA"][0].gap > TABLE["IY"][0].gap > TABLE["M"][0].gap


def test_a_video_has_the_frames_that_were_asked_for(case: Case) -> None:
    frames = _frames(Viseme(), replace(case, frames=7))
    assert frames.shape == (7, *case.portrait.shape)
    assert frames.dtype == np.uint8


def test_speech_may_be_shorter_or_longer_than_the_video(case: Case) -> None:
    assert len(_frames(Viseme(), replace(case, audio=case.audio[:4000], frames=12))) == 12
    assert len(_frames(Viseme(), replace(case, audio=case.audio[:0], frames=3))) == 3


@pytest.mark.parametrize("shape", [(201, 173), (64, 64)])
def test_any_portrait_size_will_do(case: Case, shape: tuple[int, int]) -> None:
    import cv2

    portrait = np.asarray(cv2.resize(case.portrait, shape[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)
    frames = _frames(Viseme(), replace(case, portrait=portrait, frames=2))
    assert frames.shape == (2, *shape, 3)


def test_frames_are_made_as_they_are_taken(case: Case) -> None:
    frames = Viseme().animate(replace(case, frames=10**12), 0).frames
    assert frames is not None
    assert next(iter(frames)).shape == case.portrait.shape


def test_same_case_and_seed_give_the_same_bits_whatever_came_before(case: Case) -> None:
    short = replace(case, frames=8)
    other = replace(short, audio=case.audio[::-1].copy())
    model = Viseme()
    first, between, again = _frames(model, short), _frames(model, other), _frames(Viseme(), short)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, between)
    assert not np.array_equal(first, _frames(model, short, seed=1))


def test_lips_meet_at_bilabials_and_open_between_them(case: Case) -> None:
    frames = _frames(create({"head_motion": 0.0, "blinks_per_minute": 0.0}, CONTEXT), case)
    aperture = _aperture(FaceTracker().track(iter(frames), case.fps).landmarks)
    shut = [p for p in recognise(case.audio) if p.symbol in BILABIALS]
    assert shut
    for phoneme in shut:
        near = slice(max(0, int((phoneme.start - 0.1) * case.fps)), int(phoneme.end * case.fps) + 1)
        assert aperture[near].min() < 0.04
    assert aperture.max() > 0.12


def test_silence_keeps_the_mouth_shut_and_still_blinks(case: Case) -> None:
    silent = replace(case, audio=np.zeros(3 * RATE, np.float32), silent=True, frames=75)
    animation = create({"head_motion": 0.0, "blinks_per_minute": 20.0}, CONTEXT).animate(silent, 0)
    assert animation.audio is None
    assert animation.frames is not None
    frames = np.array(list(animation.frames))
    landmarks = locate(frames[0])
    assert landmarks is not None
    assert _aperture(landmarks[None])[0] < 0.04
    mouth = frames[
        :, int(landmarks[13, 1]) - 5 : int(landmarks[14, 1]) + 5, int(landmarks[61, 0]) : int(landmarks[291, 0])
    ]
    assert np.abs(mouth.astype(int) - mouth[0]).mean(axis=(1, 2, 3)).max() < 1.0
    eye = frames[:, int(landmarks[159, 1]) : int(landmarks[145, 1]), int(landmarks[33, 0]) : int(landmarks[133, 0])]
    assert np.abs(eye.astype(int) - eye[0]).mean(axis=(1, 2, 3)).max() > 10.0


def test_a_portrait_without_a_face_is_refused(case: Case) -> None:
    with pytest.raises(ModelError, match="no face") as caught:
        Viseme().animate(replace(case, portrait=np.full((128, 128, 3), 90, np.uint8)), 0)
    assert caught.value.status == "no_face"


def test_an_open_smile_is_brought_to_closed_lips(portrait: NDArray[np.uint8]) -> None:
    landmarks = locate(portrait)
    assert landmarks is not None
    assert _aperture(landmarks[None])[0] > 0.05
    rig = FaceRig(landmarks)
    inner = [np.array(rows[0]) for rows in (UPPER_LIP, LOWER_LIP)]
    assert np.abs(rig.neutral[inner[0]] - rig.neutral[inner[1]]).max() < 1e-6 * rig.unit
    untouched = [33, 133, 362, 263, 4, 10, 468, 473]
    assert np.allclose(rig.neutral[untouched], landmarks[untouched], atol=1e-3)


def test_each_channel_moves_the_mesh_and_stays_out_of_the_eyes(portrait: NDArray[np.uint8]) -> None:
    landmarks = locate(portrait)
    assert landmarks is not None
    rig = FaceRig(landmarks)
    for channel in range(len(CHANNELS)):
        moved = np.linalg.norm(rig.pose(np.eye(len(CHANNELS))[channel], 0.0) - rig.neutral, axis=1) / rig.unit
        assert moved.max() > 0.01
        assert moved[[33, 159, 145, 133, 10, 4]].max() < 1e-6
    shut = rig.pose(np.zeros(len(CHANNELS)), 1.0)
    assert np.allclose(shut[[159, 386]], shut[[145, 374]])


@given(st.lists(st.tuples(st.sampled_from([*ARPABET, SILENCE]), st.floats(0.02, 0.3)), min_size=1, max_size=12))
def test_any_sequence_of_sounds_gives_a_smooth_mouth_that_shuts_at_bilabials(sounds: list[tuple[str, float]]) -> None:
    edges = np.concatenate([[0.2], 0.2 + np.cumsum([length for _, length in sounds])])
    phonemes = [Phoneme(s, float(a), float(b)) for (s, _), a, b in zip(sounds, edges[:-1], edges[1:], strict=True)]
    audio = np.sin(np.arange(int((edges[-1] + 0.3) * RATE)) * 0.05).astype(np.float32)
    mouth = trajectory(phonemes, audio, RATE)
    assert mouth.shape[1] == len(CHANNELS)
    assert mouth.min() >= 0.0 and mouth.max() <= 1.2
    assert np.abs(np.diff(mouth, axis=0)).max() < 0.5
    for phoneme in phonemes:
        if phoneme.symbol in BILABIALS:
            near = mouth[int((phoneme.start - 0.1) * STEPS) : int(phoneme.end * STEPS) + 1, GAP]
            assert near.min() < 1e-3


def test_louder_speech_opens_further() -> None:
    phonemes = [
        Phoneme(SILENCE, 0.0, 0.5),
        Phoneme("AA", 0.5, 1.0),
        Phoneme("AA", 1.0, 1.5),
        Phoneme(SILENCE, 1.5, 2.0),
    ]
    audio = np.zeros(2 * RATE, np.float32)
    audio[RATE // 2 : RATE] = 0.05 * np.sin(np.arange(RATE // 2) * 0.1)
    audio[RATE : 3 * RATE // 2] = 0.5 * np.sin(np.arange(RATE // 2) * 0.1)
    gap = trajectory(phonemes, audio, RATE)[:, GAP]
    assert gap[120] > 1.5 * gap[75] > 0.1
    assert gap[10] < 0.05 and gap[195] < 0.05


def test_the_head_starts_as_in_the_portrait_and_moves_within_bounds() -> None:
    head = HeadMotion(np.random.default_rng(0), np.full(1000, -60.0), STEPS, 1.0)
    rotation, shift = head.at(0.0)
    assert np.allclose(rotation, np.eye(3)) and np.allclose(shift, 0.0)
    angles = [np.degrees(np.arccos(np.clip((np.trace(head.at(t)[0]) - 1) / 2, -1, 1))) for t in np.arange(0, 10, 0.1)]
    assert 1.0 < max(angles) < 20.0
    assert np.abs(np.diff(angles)).max() < 1.5


def test_blinks_come_at_the_asked_rate_and_last_ten_frames_of_thirty_a_second() -> None:
    blinks = Blinks(np.random.default_rng(3), 6.0)
    shut = np.array([blinks.at(frame / 30.0) for frame in range(30 * 1800)])
    begins = np.flatnonzero((shut[1:] > 0) & (shut[:-1] == 0))
    ends = np.flatnonzero((shut[1:] == 0) & (shut[:-1] > 0))
    assert len(begins) == pytest.approx(180, rel=0.1)
    assert np.abs((ends - begins[: len(ends)]) / 30.0 - BLINK_SECONDS).max() <= 1.01 / 30.0
    assert shut.max() == pytest.approx(1.0)
    never = Blinks(np.random.default_rng(3), 0.0)
    assert max(never.at(float(second)) for second in range(100)) == 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"openning": 1.0}, "Did you mean 'opening'"),
        ({"opening": -1}, "from 0 to 2"),
        ({"head_motion": True}, "must be int or float"),
        ({"blinks_per_minute": float("nan")}, "from 0 to 60"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        create(options, CONTEXT)


def test_the_version_follows_the_options() -> None:
    assert create({}, CONTEXT).version == Viseme().version
    assert create({"opening": 1.4}, CONTEXT).version != create({}, CONTEXT).version
