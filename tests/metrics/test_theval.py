"""THEval's measures against what its own scripts say of the same faces and sound; Silero's segments against Silero's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.media import read_audio
from metrics import registry
from metrics.base import Bundle, FaceTrack, Features, Status, Unscorable
from metrics.features.regions import LEFT_BROW, RIGHT_BROW
from metrics.features.voice_activity import VoiceActivity
from metrics.features.weights import WeightsError
from metrics.speech_segments import segments, speech_frames

MEASURES = ("lip_dynamics", "eyebrow_dynamics", "head_motion_mesh", "silent_lip_stability", "lip_sync")
"""In the order in which their values were recorded."""
FRAMES = 150

Golden = Mapping[str, NDArray[np.generic]]


@pytest.fixture(scope="module")
def golden() -> Golden:
    with np.load(Path(__file__).with_name("golden") / "theval.npz") as recorded:
        return dict(recorded)


@pytest.fixture
def speaker(golden: Golden, make_talker: Callable[..., Features]) -> Features:
    """Six seconds in a frame of 320x240: a head that turns, brows that move, four frames without a face, three pauses."""
    turned = np.cumsum(np.random.default_rng(5).normal(scale=0.6, size=(FRAMES, 3)), axis=0)
    made = make_talker(seconds=6.0, seed=3, angles=turned, missing=(0, 40, 41, 149))
    assert made.track is not None
    points = made.track.landmarks.astype(np.float64)
    points[:, :, :2] += np.array([20, -8])
    noise = np.random.default_rng(9).random(FRAMES + 12)
    kernel = np.hanning(7)
    curve = np.convolve(noise, kernel / kernel.sum(), "same")[6 : 6 + FRAMES]
    points[:, [*LEFT_BROW, *RIGHT_BROW], 1] += 3 * ((curve - curve.min()) / np.ptp(curve))[:, None]
    track = FaceTrack(points.astype(np.float32), made.track.present, 320, 240, 25.0)
    return replace(made, track=track, samples={"speech": golden["probabilities"][:, None].astype(np.float32)})


def score(name: str, bundle: Bundle) -> float:
    return float(registry.get(f"theval_{name}").per_clip(bundle))


@pytest.mark.parametrize(("index", "name"), list(enumerate(MEASURES)))
def test_values_equal_those_of_thevals_scripts(
    index: int, name: str, golden: Golden, speaker: Features, make_bundle: Callable[..., Bundle]
) -> None:
    # Lip sync: librosa keeps loudness in float32.
    assert score(name, make_bundle(speaker)) == pytest.approx(float(golden["values"][index]), rel=1e-7)


def test_speech_segments_equal_sileros(golden: Golden) -> None:
    parts = np.split(golden["windows"].astype(np.float64), np.cumsum(golden["sizes"])[:-1])
    for case, (part, samples) in enumerate(zip(parts, golden["samples"], strict=True)):
        wanted = golden["segments"][golden["segments"][:, 0] == case, 1:]
        np.testing.assert_array_equal(np.reshape(segments(part, int(samples)), (-1, 2)), wanted)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=80), st.integers(0, 511))
def test_segments_lie_in_the_sound_in_order(probabilities: list[float], short: int) -> None:
    samples = 512 * len(probabilities) - short
    bounds = [bound for pair in segments(np.array(probabilities), samples) for bound in pair]
    assert bounds == sorted(bounds)
    assert all(0 <= bound <= samples for bound in bounds)


def test_the_network_hears_speech_as_sileros_own_script(asset_path: Callable[[str], Path], golden: Golden) -> None:
    network = VoiceActivity({"silero_vad": asset_path("silero_vad")})
    sound = read_audio(asset_path("obama_speech_audio"), 16000)[16000:48000]
    found = network.probabilities(sound)
    assert found.shape == (63, 1)
    np.testing.assert_allclose(found[:, 0], golden["clip"], atol=2e-6)
    np.testing.assert_array_equal(network.probabilities(sound), found)  # No memory from one sound to the next.
    assert network.probabilities(np.zeros(16000, np.float32)).max() < 0.1


def test_another_network_in_sileros_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "silero_vad.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsError, match="cannot be loaded as an ONNX network"):
        VoiceActivity({"silero_vad": tmp_path / "silero_vad.onnx"})


def test_a_sound_without_samples_or_with_nan_has_no_probabilities(asset_path: Callable[[str], Path]) -> None:
    network = VoiceActivity({"silero_vad": asset_path("silero_vad")})
    with pytest.raises(Unscorable, match="empty"):
        network.probabilities(np.empty(0, np.float32))
    with pytest.raises(Unscorable, match="not numbers"):
        network.probabilities(np.full(600, np.nan, np.float32))


@pytest.mark.parametrize(
    ("name", "probability", "status"),
    [("silent_lip_stability", 1.0, Status.NOT_APPLICABLE), ("lip_sync", 0.0, Status.NO_SPEECH)],
)
def test_sound_without_silence_or_without_speech_is_said_so(
    name: str, probability: float, status: Status, speaker: Features, make_bundle: Callable[..., Bundle]
) -> None:
    heard = replace(speaker, samples={"speech": np.full((188, 1), probability, np.float32)})
    with pytest.raises(Unscorable) as caught:
        score(name, make_bundle(heard))
    assert caught.value.status is status


def test_a_still_face_does_not_move(speaker: Features, make_bundle: Callable[..., Bundle]) -> None:
    assert speaker.track is not None
    still = replace(speaker.track, landmarks=np.repeat(speaker.track.landmarks[1:2], FRAMES, axis=0))
    bundle = make_bundle(replace(speaker, track=replace(still, present=np.ones(FRAMES, dtype=bool))))
    for name in ("lip_dynamics", "eyebrow_dynamics", "head_motion_mesh", "silent_lip_stability"):
        assert score(name, bundle) == pytest.approx(0, abs=1e-9)


def test_speech_frames_reach_to_the_frame_in_which_speech_ends() -> None:
    probabilities = np.zeros(100)
    probabilities[20:40] = 1
    # 0.61 s to 1.31 s, rounded to 0.6 and 1.3 s.
    assert np.flatnonzero(speech_frames(probabilities, 51200, 25, 80))[[0, -1]].tolist() == [15, 32]
