"""Reading sound: one channel at a chosen rate, on the clock of the pictures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from datasets.media.errors import MediaError
from datasets.media.source import audio_stream, decoding, opened, packets, video_stream
from datasets.media.video import first_frame_time

Samples = NDArray[np.float32]

_JUMP = 0.010
"""Seconds. Time stamps may wander this far from the count of samples (containers round them) before the sound is
taken to have a hole or an overlap there and is placed anew."""

_MAX_SECONDS = 24 * 3600
"""No clip is a day long; a time stamp that says so is broken, and would ask for that much memory."""


def read_audio(path: Path, rate: int = 16000) -> Samples:
    """The sound of a media file, its first sample at the time of the first video frame.

    Stream offsets, edit lists and encoder priming are honoured: sound before the first frame is cut, a late start or
    a hole is zeros. Channels are averaged. Resampling is libswresample's (no delay). The sound keeps its own end, which
    may differ from that of the pictures. A file without video starts at its own first sample.

    Args:
        path: the file.
        rate: samples a second of the result.

    Returns:
        ``(S,)`` float32; -1..1 unless the file itself (float samples, lossy codec) goes beyond.

    Raises:
        MediaError: ``no_audio``; ``decode_error`` where the file is no media file, damaged or cut short.
        ValueError: `rate` is not positive.
    """
    if rate <= 0:
        raise ValueError(f"rate must be positive, got {rate}")
    path = Path(path)
    with opened(path) as container:
        stream = audio_stream(container)
        if stream is None:
            found = "only pictures were found" if video_stream(container) is not None else "no sound was found"
            raise MediaError("no_audio", path, found)
        pieces = list(_pieces(path, container, stream, rate))
        end = _declared_end(stream)
    if not pieces:
        raise MediaError("decode_error", path, "its audio stream holds no sample that can be decoded")
    zero = first_frame_time(path)
    return _placed(path, pieces, pieces[0][0] if zero is None else zero, end, rate)


def _placed(
    path: Path, pieces: list[tuple[Fraction, Samples]], zero: Fraction, end: Fraction | None, rate: int
) -> Samples:
    starts = [round((start - zero) * rate) for start, _ in pieces]
    length = max(0, *(at + len(samples) for at, (_, samples) in zip(starts, pieces, strict=True)))
    if end is not None:
        # What lies beyond is the padding of the last packet. The header rounds up to milliseconds.
        length = min(length, max(0, round((end - zero) * rate)))
    if length > _MAX_SECONDS * rate:
        raise MediaError("decode_error", path, f"its time stamps say {length / rate:.0f} s of sound")
    sound = np.zeros(length, dtype=np.float32)
    for at, (_, samples) in zip(starts, pieces, strict=True):
        skip = max(0, -at)
        room = sound[at + skip : at + len(samples)]
        room[:] = samples[skip : skip + len(room)]
    return sound


def _pieces(
    path: Path, container: InputContainer, stream: av.AudioStream, rate: int
) -> Iterator[tuple[Fraction, Samples]]:
    """Stretches of unbroken sound: when each starts, on the clock of the file, and its samples at `rate`."""
    start, expected = Fraction(0), None
    blocks: list[Samples] = []
    resampler: av.AudioResampler | None = None
    for frame in _decoded(path, container, stream):
        now = Fraction(frame.pts) * frame.time_base if frame.pts is not None and frame.time_base else expected or start
        if resampler is None or expected is None or abs(now - expected) > _JUMP:
            if resampler is not None:
                yield start, _joined(path, blocks, resampler)
            start, expected, blocks = now, now, []
            resampler = av.AudioResampler(format="fltp", layout=frame.layout, rate=rate)
        expected += Fraction(frame.samples, frame.sample_rate)
        with decoding(path):
            blocks += [_mono(out) for out in resampler.resample(frame)]
    if resampler is not None:
        yield start, _joined(path, blocks, resampler)


def _joined(path: Path, blocks: list[Samples], resampler: av.AudioResampler) -> Samples:
    with decoding(path):
        blocks = blocks + [_mono(out) for out in resampler.resample(None) if out.samples]
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


def _mono(frame: av.AudioFrame) -> Samples:
    # Not left to the resampler, whose downmix to one channel keeps the power and so raises the level.
    return np.asarray(frame.to_ndarray(), dtype=np.float32).mean(axis=0, dtype=np.float32)


def _decoded(path: Path, container: InputContainer, stream: av.AudioStream) -> Iterator[av.AudioFrame]:
    for packet in packets(path, container, stream):
        with decoding(path):
            frames = packet.decode()
        for frame in frames:
            if isinstance(frame, av.AudioFrame) and frame.samples:
                yield frame


def _declared_end(stream: av.AudioStream) -> Fraction | None:
    """When the sound ends, on the clock of the file, where its index says so exactly (MP4 and its kin)."""
    if not (stream.frames and stream.duration and stream.time_base) or "mp4" not in stream.container.format.name:
        return None
    return ((stream.start_time or 0) + stream.duration) * stream.time_base
