from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from space_ref.audio import MfccConfig, MfccStream, mel_filters, mfcc

RATE = 22050
STREAMED = MfccConfig(top_db=None)


def sound(samples: int, seed: int = 0) -> torch.Tensor:
    """Voice-like float64 sound: a gliding tone with overtones and noise, loud and soft in turn, some of it silent."""
    random = np.random.default_rng(seed)
    time = np.arange(samples) / RATE
    phase = 2 * np.pi * np.cumsum(120 + 60 * np.sin(3 * time)) / RATE
    voice = sum(np.sin(k * phase) / k for k in range(1, 9)) + 0.1 * random.standard_normal(samples)
    return torch.from_numpy(0.2 * voice * np.clip(np.sin(5 * time + 1), 0, 1))


def by_librosa(samples: torch.Tensor, config: MfccConfig) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=samples.numpy(),
        sr=config.rate,
        n_fft=config.window,
        hop_length=round(config.rate / config.fps),
        n_mels=config.mels,
    )
    return librosa.feature.mfcc(S=librosa.power_to_db(power, top_db=config.top_db), n_mfcc=config.count).T


@pytest.mark.parametrize(("rate", "window", "low", "high"), [(22050, 1024, 0, 11025), (16000, 800, 55, 7600)])
def test_mel_bands_equal_librosas_between_any_two_pitches(rate: int, window: int, low: float, high: float) -> None:
    expected = librosa.filters.mel(sr=rate, n_fft=window, n_mels=80, fmin=low, fmax=high, dtype=np.float64)
    np.testing.assert_allclose(mel_filters(rate, window, 80, low, high).T.numpy(), expected, atol=1e-15)


@pytest.mark.filterwarnings("ignore:n_fft=:UserWarning")
@pytest.mark.parametrize("samples", [1, 300, 735, 1023, 1024, 5 * 735, 22050, 31111])
@pytest.mark.parametrize("fps", [25.0, 30.0, 50.0, 10.0])
def test_equals_librosa(samples: int, fps: float) -> None:
    config = MfccConfig(fps=fps)
    expected = by_librosa(sound(samples), config)
    got = mfcc(sound(samples), config)
    assert got.shape == expected.shape == (config.columns(samples), 40)
    np.testing.assert_allclose(got.numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("top_db", [None, 40.0])
def test_equals_librosa_without_and_with_a_floor(top_db: float | None) -> None:
    config = MfccConfig(top_db=top_db)
    np.testing.assert_allclose(mfcc(sound(20000), config).numpy(), by_librosa(sound(20000), config), atol=1e-4)


def test_equals_librosa_on_silence() -> None:
    silence = torch.zeros(10000, dtype=torch.float64)
    np.testing.assert_allclose(mfcc(silence, MfccConfig()).numpy(), by_librosa(silence, MfccConfig()), atol=1e-4)


def test_float32_sound_gives_the_float64_result_rounded() -> None:
    samples = sound(22050).float()
    got = mfcc(samples, MfccConfig())
    assert got.dtype == torch.float32
    np.testing.assert_allclose(got.numpy(), by_librosa(samples.double(), MfccConfig()), atol=2e-4)


def test_a_clip_of_a_batch_is_as_if_alone() -> None:
    clips = torch.stack([sound(9000, seed) * gain for seed, gain in enumerate((1.0, 0.01, 0.0))])
    together = mfcc(clips, MfccConfig())
    for clip, columns in zip(clips, together, strict=True):
        torch.testing.assert_close(columns, mfcc(clip, MfccConfig()), atol=1e-9, rtol=0)


def test_columns_lie_at_the_nearest_sample_where_the_hop_is_not_whole() -> None:
    config = MfccConfig(fps=24.0, top_db=None)
    samples = sound(30000)
    columns = mfcc(samples, config)
    for t, column in enumerate(columns):
        # A clip that begins half a window before the centre has a window just there.
        centre = round(t * RATE / 24)
        around = torch.nn.functional.pad(samples, (512, 512))[centre : centre + 1024]
        alone = mfcc(around, MfccConfig(fps=RATE / 512, top_db=None))[1]
        torch.testing.assert_close(column, alone, atol=1e-8, rtol=0)
    assert len(columns) == config.columns(30000) == 1 + max(t for t in range(99) if round(t * RATE / 24) <= 30000)


@pytest.mark.parametrize("fps", [23.976, 24.0, 25.0, 29.97, 30.0, 60.0])
def test_number_of_columns_counts_the_centres_within_the_sound(fps: float) -> None:
    config = MfccConfig(fps=fps)
    for samples in (0, 1, 734, 735, 736, 881, 882, 22050, 22051, 1_000_000):
        last = config.columns(samples) - 1
        assert round(last * RATE / fps) <= samples < round((last + 1) * RATE / fps)


def test_asked_for_frames_are_silence_beyond_the_end() -> None:
    samples = sound(10000)
    padded = torch.nn.functional.pad(samples, (0, 20000))
    torch.testing.assert_close(mfcc(samples, STREAMED, frames=30), mfcc(padded, STREAMED)[:30], atol=1e-9, rtol=0)
    torch.testing.assert_close(mfcc(samples, STREAMED, frames=5), mfcc(samples, STREAMED)[:5], atol=1e-9, rtol=0)
    assert mfcc(samples, STREAMED, frames=0).shape == (0, 40)


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 4000), max_size=12),
    fps=st.sampled_from([12.0, 24.0, 25.0, 30.0, 60.0]),
    extra=st.none() | st.integers(0, 9),
)
def test_a_stream_equals_the_whole_however_it_is_cut(cuts: list[int], fps: float, extra: int | None) -> None:
    config = MfccConfig(fps=fps, top_db=None)
    samples = sound(sum(cuts)).float()
    frames = None if extra is None else config.columns(len(samples)) + extra
    stream = MfccStream(config)
    pieces = [stream.push(piece) for piece in samples.split(cuts)] if cuts else []
    got = torch.cat([*pieces, stream.finish(frames)])
    # Coefficients are rounded to float32 at the end; the largest are near 1000, where neighbours are 6e-5 apart.
    torch.testing.assert_close(got, mfcc(samples, config, frames), atol=1e-5, rtol=1e-6)


def test_a_stream_in_float64_equals_the_whole() -> None:
    samples, stream = sound(7777), MfccStream(STREAMED)
    got = torch.cat([*(stream.push(piece) for piece in samples.split(100)), stream.finish()])
    torch.testing.assert_close(got, mfcc(samples, STREAMED), atol=1e-9, rtol=0)


def test_a_stream_gives_columns_as_soon_as_their_window_is_heard() -> None:
    stream = MfccStream(STREAMED)
    assert [len(stream.push(torch.zeros(count))) for count in (511, 1, 734, 1)] == [0, 1, 0, 1]


@pytest.mark.parametrize("fps", [12.0, 30.0])
def test_a_stream_keeps_no_more_than_a_window_and_a_piece(fps: float) -> None:
    stream = MfccStream(MfccConfig(fps=fps, top_db=None))
    for _ in range(200):
        stream.push(torch.zeros(1000))
        assert stream._kept is not None and len(stream._kept) <= 1024 + 1000


def test_a_stream_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ValueError, match="whole clip"):
        MfccStream(MfccConfig())
    stream = MfccStream(STREAMED)
    stream.push(torch.zeros(22050))
    with pytest.raises(ValueError, match="given out"):
        stream.finish(frames=3)
    stream.finish()
    with pytest.raises(ValueError, match="finished"):
        stream.push(torch.zeros(10))
    with pytest.raises(ValueError, match="finished"):
        stream.finish()


@pytest.mark.parametrize(
    "samples",
    [torch.zeros(2, 3, 4), torch.zeros(100, dtype=torch.int16), torch.tensor([0.0, torch.nan])],
    ids=["shape", "whole numbers", "not finite"],
)
def test_bad_sound_is_refused(samples: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="samples"):
        mfcc(samples, MfccConfig())


@pytest.mark.parametrize(
    "wrong",
    [{"rate": 0}, {"fps": 0.0}, {"window": 1023}, {"count": 0}, {"count": 200}, {"top_db": -1.0}],
    ids=lambda wrong: str(wrong),
)
def test_bad_configurations_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MfccConfig(**wrong)  # type: ignore[arg-type]
