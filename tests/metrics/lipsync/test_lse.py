"""MFCC, windows, distances and scores, apart from any network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.base import Bundle, Features, Labels, Status, Unscorable
from metrics.features.syncnet_layout import LipTrack, packed, unpacked
from metrics.features.syncnet_protocol import PROTOCOLS
from metrics.lse import (
    LIPS,
    METRICS,
    SOUND,
    as_row,
    clip_score,
    compare,
    shift_distances,
    sound_columns,
    sound_windows,
    sync_score,
    window_count,
)

BY_NAME = {metric.name: metric for metric in METRICS}


def noise(rows: int, seed: int, width: int = 1024) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)


def speech(seconds: float) -> np.ndarray:
    return (0.1 * np.random.default_rng(1).standard_normal(round(16000 * seconds))).astype(np.float32)


@given(frames=st.integers(0, 200), samples=st.integers(0, 130_000))
@settings(max_examples=60, deadline=None)
def test_every_window_that_is_counted_has_its_mfcc(frames: int, samples: int) -> None:
    count = window_count(frames, samples)
    assert count == max(0, min(frames, samples // 640) - 5)
    if count:
        columns = sound_columns(np.ones(samples, np.int16))
        windows = sound_windows(columns, count)
        assert windows.shape == (count, 13, 20)
        for f in {0, count // 2, count - 1}:
            assert np.array_equal(windows[f], columns[:, 4 * f : 4 * f + 20])


def test_too_few_columns_are_named() -> None:
    with pytest.raises(ValueError, match="3 windows need 28 MFCC columns, found 27"):
        sound_windows(np.zeros((13, 27)), 3)


def test_float_sound_counts_as_its_integers() -> None:
    integers = np.random.default_rng(0).integers(-32768, 32768, 8000).astype(np.int16)
    assert np.array_equal(sound_columns(integers), sound_columns(integers.astype(np.float32) / 32768))


def test_distances_are_those_of_torch() -> None:
    lips, sound = noise(7, 0), noise(7, 1)
    padded = torch.nn.functional.pad(torch.from_numpy(sound).double(), (0, 0, 15, 15))
    for i, row in enumerate(torch.from_numpy(lips).double()):
        expected = torch.nn.functional.pairwise_distance(row.expand(31, -1), padded[i : i + 31])
        assert np.allclose(shift_distances(lips, sound)[i], expected.numpy(), rtol=1e-12)


@given(shift=st.integers(-15, 15), length=st.integers(40, 80))
@settings(max_examples=40, deadline=None)
def test_planted_offsets_are_found(shift: int, length: int) -> None:
    z = noise(length + 40, 3, 32)
    lips, sound = z[20 : 20 + length], z[20 - shift : 20 - shift + length]
    score = compare(lips, sound)
    # sound[i + shift] is lips[i]: sound that comes later has a negative offset.
    assert score.offset == -shift
    # Away from the ends they are equal; beyond them zeros stand.
    assert score.lse_d < 0.5 * (score.lse_d + score.lse_c)
    if shift == 0:
        assert score.lse_d == pytest.approx(1e-6 * np.sqrt(32), rel=1e-3)


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        shift_distances(noise(3, 0), noise(4, 0))


def test_confidence_takes_the_middle_of_all_shifts_and_the_first_of_equal_minima() -> None:
    means = np.full(31, 9.0)
    means[[4, 9]] = 2.0
    means[20:] = 12.0
    score = sync_score(means[None])
    assert (score.lse_d, score.lse_c, score.offset) == (2.0, 7.0, 11)


@pytest.mark.parametrize(("lips", "sound"), [(0, 50), (1, 50), (50, 0)])
def test_no_common_window_is_too_short(lips: int, sound: int) -> None:
    with pytest.raises(Unscorable, match=f"{lips} lip windows and {sound} sound windows") as caught:
        compare(noise(lips, 0), noise(sound, 1))
    assert caught.value.status == Status.TOO_SHORT


def test_what_is_no_number_is_undefined() -> None:
    lips = noise(20, 0)
    lips[3, 5] = np.nan
    with pytest.raises(Unscorable) as caught:
        compare(lips, noise(20, 1))
    assert caught.value.status == Status.UNDEFINED
    with pytest.raises(Unscorable) as caught:
        sound_columns(np.array([0.1, np.inf, 0.2]))
    assert caught.value.status == Status.UNDEFINED


def test_empty_sound_is_no_audio() -> None:
    with pytest.raises(Unscorable) as caught:
        sound_columns(np.empty(0, np.float32))
    assert caught.value.status == Status.NO_AUDIO


@given(lengths=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30)), min_size=1, max_size=5))
def test_tracks_survive_packing(lengths: list[tuple[int, int]]) -> None:
    tracks, first = [], 0
    for seed, (gap, count) in enumerate(lengths):
        tracks.append(LipTrack(first + gap, noise(count, seed, 4)))
        first += gap + count + 4
    again = unpacked(*packed(tracks))
    assert [track.first for track in again] == [track.first for track in tracks]
    assert all(np.array_equal(a.embeddings, b.embeddings) for a, b in zip(again, tracks, strict=True))


def test_mean_over_tracks_is_another_protocol_than_the_longest() -> None:
    audio = speech(4)
    tracks = [LipTrack(0, noise(30, 0)), LipTrack(50, noise(40, 1))]

    def embed(windows: np.ndarray) -> np.ndarray:
        return np.repeat(windows[:, 0, :1], 1024, axis=1)

    longest, mean = (clip_score(tracks, audio, embed, PROTOCOLS[name]) for name in ("lse-joonson", "lse-wav2lip-real"))
    short = clip_score(tracks[:1], audio, embed, PROTOCOLS["lse-joonson"])
    assert mean.lse_d == pytest.approx((longest.lse_d + short.lse_d) / 2)
    assert mean.offset == longest.offset


def bundle(**fields: object) -> Bundle:
    lips, at = packed([LipTrack(2, noise(46, 0))])
    sound = np.concatenate([noise(2, 5), noise(46, 0)])[:45]
    features = Features(25.0, 52, audio=speech(2.08), samples={LIPS: lips, SOUND: sound}, sampled_at={LIPS: at})
    return Bundle(replace(features, **fields), None, Labels())


def test_metrics_read_the_sound_beside_the_stretch_of_the_face() -> None:
    assert BY_NAME["av_offset"].per_clip(bundle()) == 0
    assert BY_NAME["lse_d"].per_clip(bundle()) == pytest.approx(0, abs=1e-4)
    assert BY_NAME["lse_c"].per_clip(bundle()) > 30


def test_silence_has_no_score() -> None:
    for name in ("lse_c", "lse_d_joonson", "av_offset_wav2lip_lrs"):
        with pytest.raises(Unscorable) as caught:
            BY_NAME[name].per_clip(bundle(audio=np.zeros(33_280, np.float32)))
        assert caught.value.status == Status.NO_SPEECH


def test_legacy_metrics_read_their_own_row() -> None:
    row = as_row(sync_score(np.linspace(1, 2, 31)[None]))
    made = bundle(samples={"sync_joonson": row})
    assert BY_NAME["lse_d_joonson"].per_clip(made) == 1
    assert BY_NAME["lse_c_joonson"].per_clip(made) == pytest.approx(0.5)
    assert BY_NAME["av_offset_joonson"].per_clip(made) == 15
    with pytest.raises(Unscorable, match="sync_wav2lip_real"):
        BY_NAME["lse_d_wav2lip_real"].per_clip(made)


def test_every_protocol_has_an_id_of_its_own() -> None:
    assert len({metric.protocol_id for metric in METRICS}) == len(METRICS) == 3 * len(PROTOCOLS)
    one, other = PROTOCOLS["lse"], replace(PROTOCOLS["lse"], pad=0)
    assert one.describe() != other.describe()
