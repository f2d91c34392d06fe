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

_SURROUND = frozenset({
    "2.1", "3.0", "3.0(back)", "3.1", "4.0", "4.1", "quad", "quad(side)", "5.0", "5.0(side)", "5.1", "5.1(side)", "6.0",
    "6.1", "6.1(back)", "7.0", "7.1",
})  # fmt: skip
"""Layouts of more than two channels in which speech, as a rule, comes from the centre."""

_MAX_SECONDS = 24 * 3600
"""No clip is a day long; a time stamp that says so is broken, and would ask for that much memory."""


def read_audio(path: Path, rate: int = 16000, first: int = 0, stop: int | None = None) -> Samples:
    """The sound of a media file, its first sample at the time of the first video frame.

    Stream offsets, edit lists and encoder priming are honoured: sound before the first frame is cut, a late start or a
    hole is zeros. Two channels are averaged; surround sound (5.1, say) is brought to two first, as FFmpeg does (ITU-R
    BS.775: the centre at -3 dB in both, no low-frequency effects). Channels that the file does not name are averaged.
    Resampling is libswresample's (no delay). The sound keeps its own end, which may differ from that of the pictures.
    A file without video starts at its own first sample.

    Args:
        path: the file.
        rate: samples a second of the result.
        first, stop: give only these samples of it, as a slice would; memory is then that of the slice. The file is read
            to its end all the same, and checked.

    Returns:
        ``(S,)`` float32; -1..1 unless the file itself (float samples, lossy codec) goes beyond, or loud surround
        channels add up.

    Raises:
        MediaError: ``no_audio``; ``decode_error`` where the file is no media file, damaged or cut short.
        ValueError: `rate` is not positive, `first` is negative.
    """
    if rate <= 0:
        raise ValueError(f"rate must be positive, got {rate}")
    if first < 0:
        raise ValueError(f"first must not be negative, got {first}")
    path = Path(path)
    with opened(path) as container:
        stream = audio_stream(container)
        if stream is None:
            found = "only pictures were found" if video_stream(container) is not None else "no sound was found"
            raise MediaError("no_audio", path, found)
        zero = first_frame_time(path)
        kept: list[tuple[int, Samples]] = []
        reach: int | None = None
        for start, offset, samples in _blocks(path, container, stream, rate):
            zero = start if zero is None else zero
            at = round((start - zero) * rate) + offset
            reach = max(reach or 0, at + len(samples))
            if at + len(samples) > first and (stop is None or at < stop):
                kept.append((at, samples))
        end = _declared_end(stream)
    if reach is None or zero is None:
        raise MediaError("decode_error", path, "its audio stream holds no sample that can be decoded")
    if end is not None:
        # What lies beyond is the padding of the last packet. The header rounds up to milliseconds.
        reach = min(reach, max(0, round((end - zero) * rate)))
    if reach > _MAX_SECONDS * rate:
        raise MediaError("decode_error", path, f"its time stamps say {reach / rate:.0f} s of sound")
    return _placed(kept, first, reach if stop is None else min(stop, reach))


def read_audio_pieces(path: Path, rate: int = 16000) -> Iterator[Samples]:
    """The samples of `read_audio` in order and piece by piece: memory does not grow with the length of the sound.

    Only where broken time stamps make stretches overlap do the two differ: here what was given first stays.

    Args:
        path: the file. rate: samples a second of the result.

    Yields:
        ``(S,)`` float32, S of 1 or more, at most a few seconds.

    Raises:
        MediaError: as `read_audio`; for a damaged file after the pieces before the damage were given.
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
        zero, end, given, decoded = first_frame_time(path), _declared_end(stream), 0, False
        for start, offset, samples in _blocks(path, container, stream, rate):
            zero, decoded = start if zero is None else zero, True
            at = round((start - zero) * rate) + offset
            if at + len(samples) > _MAX_SECONDS * rate:
                raise MediaError("decode_error", path, f"its time stamps say {at / rate:.0f} s of sound")
            if end is not None:
                samples = samples[: max(0, round((end - zero) * rate) - at)]
            while at > given and len(samples):
                hole = np.zeros(min(at - given, rate), dtype=np.float32)
                given += len(hole)
                yield hole
            new = samples[max(0, given - at) :]
            given += len(new)
            if len(new):
                yield new
    if not decoded:
        raise MediaError("decode_error", path, "its audio stream holds no sample that can be decoded")


def _placed(blocks: list[tuple[int, Samples]], first: int, stop: int) -> Samples:
    sound = np.zeros(max(0, stop - first), dtype=np.float32)
    for at, samples in blocks:
        skip = max(0, first - at)
        room = sound[at + skip - first : max(0, at + len(samples) - first)]
        room[:] = samples[skip : skip + len(room)]
    return sound


def _blocks(
    path: Path, container: InputContainer, stream: av.AudioStream, rate: int
) -> Iterator[tuple[Fraction, int, Samples]]:
    """Sound at `rate`, piece by piece: when its unbroken stretch starts on the clock of the file, its place in that
    stretch in samples, and the samples."""
    start, expected = Fraction(0), None
    resampler: av.AudioResampler | None = None
    given = 0
    for frame in _decoded(path, container, stream):
        now = Fraction(frame.pts) * frame.time_base if frame.pts is not None and frame.time_base else expected or start
        if resampler is None or expected is None or abs(now - expected) > _JUMP:
            if resampler is not None:
                yield start, given, _resampled(path, resampler, None)
            start, expected, given = now, now, 0
            layout = "stereo" if frame.layout.name in _SURROUND else frame.layout
            # In one plane: PyAV counts wrong, and may end the process, where a frame has eight.
            resampler = av.AudioResampler(format="flt", layout=layout, rate=rate)
        expected += Fraction(frame.samples, frame.sample_rate)
        block = _resampled(path, resampler, frame)
        yield start, given, block
        given += len(block)
    if resampler is not None:
        yield start, given, _resampled(path, resampler, None)


def _resampled(path: Path, resampler: av.AudioResampler, frame: av.AudioFrame | None) -> Samples:
    """What comes out for a frame; None asks for what is left."""
    with decoding(path):
        blocks = [_mono(out) for out in resampler.resample(frame) if out.samples]
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


def _mono(frame: av.AudioFrame) -> Samples:
    # Not left to the resampler, whose downmix of two channels keeps the power and so raises the level.
    interleaved = np.asarray(frame.to_ndarray(), dtype=np.float32).reshape(-1, frame.layout.nb_channels)
    return interleaved.T.mean(axis=0, dtype=np.float32)


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
