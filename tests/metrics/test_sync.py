from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from metrics import registry
from metrics.base import Bundle, Features, Phoneme, Status, Unscorable
from metrics.envelope import loudness, onset_times, rms
from metrics.features.regions import LIPS_INNER, LIPS_OUTER
from metrics.sync import aperture, floored_correlation, lag_curve, lip_motion

MakeTalker = Callable[..., Features]
MakeBundle = Callable[..., Bundle]


@pytest.mark.parametrize("fps", [25.0, 30.0])
@pytest.mark.parametrize("lag", [-8, -3, 0, 2, 9])
def test_known_shifts_give_known_lags(lag: int, fps: float, make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    bundle = make_bundle(make_talker(seconds=4, fps=fps, delay=lag / 25))
    assert registry.get("lip_lag").per_clip(bundle) == pytest.approx(lag, abs=1)
    assert registry.get("lip_offset").per_clip(bundle) == pytest.approx(abs(lag), abs=1)


def test_correlation_falls_with_the_shift_and_for_foreign_sound(
    make_talker: MakeTalker, make_bundle: MakeBundle
) -> None:
    corr = registry.get("lip_corr").per_clip
    own = make_talker(seconds=6, seed=1)
    late = corr(make_bundle(make_talker(seconds=6, seed=1, delay=0.2)))
    foreign = corr(make_bundle(replace(own, audio=make_talker(seconds=6, seed=5).audio)))
    assert corr(make_bundle(own)) > 0.7 > 0.5 > late
    assert abs(foreign) < 0.4


def test_correlation_is_the_same_at_25_and_30_frames(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    values = [registry.get("lip_corr").per_clip(make_bundle(make_talker(seconds=4, fps=fps))) for fps in (25, 30)]
    assert values[0] == pytest.approx(values[1], abs=0.03)


def test_lip_motion_does_not_see_head_pose_or_size(make_talker: MakeTalker) -> None:
    count = 100
    angles = np.stack([np.linspace(-15, 15, count), np.linspace(25, -25, count), np.linspace(-9, 9, count)], axis=1)
    still, moving = make_talker(), make_talker(angles=angles, origin=(90.0, 140.0, 3.0))
    assert still.track is not None and moving.track is not None
    for measure in (aperture, lip_motion):
        np.testing.assert_allclose(measure(moving.track.landmarks), measure(still.track.landmarks), atol=1e-5)
        enlarged = measure(2 * still.track.landmarks)
        np.testing.assert_allclose(enlarged, measure(still.track.landmarks), atol=1e-5)


def test_a_frozen_mouth_scores_nothing(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    phonemes = (Phoneme("P", 1.0, 1.1), Phoneme("AA", 1.1, 1.3), Phoneme("M", 2.0, 2.1))
    frozen = make_talker(frozen=True, phonemes=phonemes)
    assert frozen.track is not None
    jitter = np.random.default_rng(0).normal(scale=0.1, size=frozen.track.landmarks.shape).astype(np.float32)
    trembling = replace(frozen, track=replace(frozen.track, landmarks=frozen.track.landmarks + jitter))
    for features in (frozen, trembling):
        bundle = make_bundle(features)
        assert abs(registry.get("lip_corr").per_clip(bundle)) < 0.05
        assert abs(registry.get("closure").per_clip(bundle)) < 0.1
        with pytest.raises(Unscorable) as caught:
            registry.get("lip_offset").per_clip(bundle)
        assert caught.value.status is Status.UNDEFINED


def closing_talker(make_talker: MakeTalker, centre: float) -> Features:
    """Lips open but for 80 ms around `centre`; a P is heard at 2.0 to 2.08 s."""
    talker = make_talker(seconds=4, phonemes=(Phoneme("AA", 0, 2.0), Phoneme("P", 2.0, 2.08), Phoneme("AA", 2.08, 4)))
    shut = make_talker(seconds=4, frozen=True)
    assert talker.track is not None and shut.track is not None
    landmarks = shut.track.landmarks.copy()
    times = np.arange(len(landmarks)) / 25
    upper, lower = np.array(LIPS_INNER[1:10]), np.array(LIPS_INNER[:10:-1])
    mouth = np.where(np.abs(times - centre) <= 0.09, 0.0, 0.2)
    landmarks[:, lower] = landmarks[:, upper] + np.array([0, 60.0, 0]) * mouth[:, None, None]
    return replace(talker, track=replace(talker.track, landmarks=landmarks))


def test_closure_is_high_where_the_lips_meet_at_p_and_negative_where_they_meet_beside_it(
    make_talker: MakeTalker, make_bundle: MakeBundle
) -> None:
    closure = registry.get("closure").per_clip
    assert closure(make_bundle(closing_talker(make_talker, 2.0))) > 0.85
    assert closure(make_bundle(closing_talker(make_talker, 2.22))) < 0
    assert closure(make_bundle(closing_talker(make_talker, 1.0))) == pytest.approx(0, abs=1e-6)


def test_closure_without_bilabials_is_not_applicable_and_without_speech_no_speech(
    make_talker: MakeTalker, make_bundle: MakeBundle
) -> None:
    for phonemes, status in (
        ((Phoneme("AA", 0.0, 2.0),), Status.NOT_APPLICABLE),
        ((Phoneme("SIL", 0.0, 4.0),), Status.NO_SPEECH),
        ((), Status.NO_SPEECH),
    ):
        with pytest.raises(Unscorable) as caught:
            registry.get("closure").per_clip(make_bundle(make_talker(phonemes=phonemes)))
        assert caught.value.status is status


@pytest.mark.parametrize("name", ["lip_corr", "lip_offset", "lip_lag", "closure"])
def test_sound_that_is_absent_silent_or_short_is_said(
    name: str, make_talker: MakeTalker, make_bundle: MakeBundle
) -> None:
    clip = make_talker(phonemes=(Phoneme("P", 1.0, 1.1),))
    assert clip.audio is not None
    for broken, status in (
        (replace(clip, audio=None), Status.NO_AUDIO),
        (replace(clip, audio=np.zeros_like(clip.audio)), Status.NO_SPEECH),
        (replace(clip, audio=clip.audio * 1e-4), Status.NO_SPEECH),
        (make_talker(seconds=0.8, phonemes=()), Status.TOO_SHORT),
    ):
        with pytest.raises(Unscorable) as caught:
            registry.get(name).per_clip(make_bundle(broken))
        assert caught.value.status is status


def test_the_recorded_reason_for_missing_sound_is_kept(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    reason = Unscorable(Status.DECODE_ERROR, "the sound stream is damaged")
    features = replace(make_talker(), audio=None, failures={"audio": reason})
    with pytest.raises(Unscorable) as caught:
        registry.get("lip_corr").per_clip(make_bundle(features))
    assert caught.value is reason


def test_volume_does_not_matter(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    clip = make_talker()
    assert clip.audio is not None
    quiet = replace(clip, audio=clip.audio * np.float32(0.25))
    for name in ("lip_corr", "lip_lag"):
        per_clip = registry.get(name).per_clip
        assert per_clip(make_bundle(quiet)) == pytest.approx(per_clip(make_bundle(clip)), rel=1e-5)


def test_a_breath_in_silence_does_not_hide_the_lag(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    clip = make_talker(seconds=6, delay=0.12)
    assert clip.track is not None and clip.audio is not None
    landmarks, audio = clip.track.landmarks.copy(), clip.audio.copy()
    lower = np.array([*LIPS_INNER[:10:-1], *LIPS_OUTER[:10:-1]])
    landmarks[50:60, lower, 1] += 40
    audio[round(2.0 * 16000) : round(2.5 * 16000)] = 0
    breathing = replace(clip, track=replace(clip.track, landmarks=landmarks), audio=audio)
    assert registry.get("lip_lag").per_clip(make_bundle(breathing)) == pytest.approx(3, abs=1)


def test_missing_frames_are_left_out_of_the_correlation(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    whole, gaps = make_talker(), make_talker(missing=(3, 40, 41, 77))
    corr, lag = registry.get("lip_corr").per_clip, registry.get("lip_lag").per_clip
    assert corr(make_bundle(gaps)) == pytest.approx(corr(make_bundle(whole)), abs=0.05)
    assert lag(make_bundle(gaps)) == lag(make_bundle(whole))


def test_lag_curve_pads_nothing(make_talker: MakeTalker) -> None:
    clip = make_talker()
    assert clip.track is not None and clip.audio is not None
    lips = lip_motion(clip.track.landmarks)
    # Sound before the first and after the last used sample cannot matter: there is none.
    assert lag_curve(lips, 25, clip.audio)[15] == pytest.approx(
        floored_correlation(lips, loudness(clip.audio, np.arange(len(lips)) / 25))
    )


def test_rms_is_exact_at_the_ends_and_independent_of_the_other_times() -> None:
    steady = np.full(16000, 0.5)
    times = np.array([0.0, 0.013, 0.5, 0.99, 1.0])
    np.testing.assert_allclose(rms(steady, times, 0.16), 0.5, rtol=1e-12)
    noise = np.random.default_rng(0).standard_normal(16000)
    np.testing.assert_array_equal(rms(noise, times, 0.16)[2], rms(noise, times[2:3], 0.16)[0])
    np.testing.assert_array_equal(rms(noise, np.array([-5.0, 9.0]), 0.16), 0.0)


def test_onsets_are_where_sound_sets_in() -> None:
    starts = np.array([0.5, 1.1, 1.7])
    sound = np.zeros(40000, dtype=np.float32)
    for start in starts:
        first = round(start * 16000)
        sound[first : first + 4000] = 0.3 * np.random.default_rng(1).standard_normal(4000)
    np.testing.assert_allclose(onset_times(sound, 16000, 2.5), starts, atol=0.03)
