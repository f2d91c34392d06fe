"""Writing media so that it reads back as it was: exact frame count, sound in step, whole files or none."""

from __future__ import annotations

import platform
import wave
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from uuid import uuid4

import av
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

from datasets.media.errors import MediaError
from datasets.media.picture import BT601, LIMITED_RANGE, Frame, FromRgb

AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; renamed to `path` at the end, removed if anything goes wrong."""
    beside = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        yield beside
        with writing(path):
            beside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


def write_video(
    path: Path,
    frames: Iterable[Frame],
    fps: float,
    audio: NDArray[np.float32] | Iterable[NDArray[np.float32]] | None = None,
    rate: int = 16000,
    crf: int = 10,
    preset: str = "veryfast",
) -> int:
    """Write an MP4: H.264 4:2:0 and, where there is sound, AAC; any browser plays it and it can be streamed.

    The same input gives the same bytes. H.264 4:2:0 has only even sizes: an odd side is grown by one pixel that repeats
    the edge (nothing is cut off). The file appears whole or not at all.

    Args:
        path: the file, replaced if it is there; its folder must exist.
        frames: ``(H, W, 3)`` uint8 RGB, all of one size; taken one by one.
        fps: frames a second.
        audio: ``(S,)`` float32 mono in -1..1 (beyond is clipped), sample 0 at the first frame; written whole, even
            where it is longer than the frames. Or such pieces one after the other, taken as they are needed. None or an
            empty array: no audio stream.
        rate: of `audio`, one of `AAC_RATES`.
        crf: x264's constant rate factor, 0 (largest) to 51. preset: x264's name for speed against size.

    Returns:
        The number of frames written.

    Raises:
        MediaError: ``too_short`` where there is no frame; ``write_error`` (disk full, no folder, no permission).
        ValueError: a frame, the sound or a rate that is not as described.
    """
    path = Path(path)
    if not fps > 0:
        raise ValueError(f"fps must be positive, got {fps}")
    sound: Iterable[NDArray[np.float32]] | None = audio
    if isinstance(audio, np.ndarray):
        sound = [_checked_audio(audio)] if len(audio) else None
    if sound is not None and rate not in AAC_RATES:
        raise ValueError(f"AAC has no rate {rate}; choose one of {', '.join(map(str, AAC_RATES))}")
    pictures = iter(frames)
    first = next(pictures, None)
    if first is None:
        raise MediaError("too_short", path, "there are no frames to write")
    with atomic_file(path) as beside:
        with writing(path):
            output = _Mp4(beside, _checked_frame(first, first.shape), fps, sound, rate, crf, preset)
        try:
            picture: Frame | None = first
            while picture is not None:
                checked = _checked_frame(picture, first.shape)
                with writing(path):
                    output.add(checked)
                picture = next(pictures, None)
            with writing(path):
                output.finish()
        finally:
            output.abandon()
    return output.count


def write_audio(path: Path, audio: NDArray[np.float32], rate: int = 16000) -> None:
    """Write sound: 16-bit PCM for ``.wav``, AAC for ``.m4a``; whole or not at all.

    Args:
        path: the file, replaced if it is there; its folder must exist.
        audio: ``(S,)`` float32 mono in -1..1 (beyond is clipped).
        rate: samples a second; for AAC one of `AAC_RATES`.

    Raises:
        MediaError: ``too_short`` where there is no sample; ``write_error``.
        ValueError: another suffix, or sound or a rate that is not as described.
    """
    path = Path(path)
    sound = _checked_audio(audio)
    if path.suffix not in (".wav", ".m4a"):
        raise ValueError(f"sound is written as .wav or .m4a, not {path.suffix!r}: {path}")
    if path.suffix == ".m4a" and rate not in AAC_RATES:
        raise ValueError(f"AAC has no rate {rate}; choose one of {', '.join(map(str, AAC_RATES))}")
    if len(sound) == 0:
        raise MediaError("too_short", path, "there are no samples to write")
    with atomic_file(path) as beside, writing(path):
        if path.suffix == ".wav":
            with beside.open("wb") as raw, wave.open(raw, "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(rate)
                file.writeframes(np.round(sound * 32767).astype("<i2").tobytes())
        else:
            with mp4_container(beside) as output:
                track = AudioTrack(output, [sound], rate)
                track.write_until(float("inf"))


# x264's AVX-512 code gives other bits now and then where the processor is shared: of 69 encodings of the same frames beside
# busy loops 9 differed, without it none of 92. What it makes is else the same.
STEADY = (
    {"x264-params": "asm=MMX2,SSE2,SSE2Fast,SSSE3,SSE4.2,AVX,FMA3,BMI2,AVX2"}
    if platform.machine() in ("x86_64", "AMD64")
    else {}
)


class _Mp4:
    """An MP4 that is being written; sound is added in step with the pictures, so that it interleaves."""

    def __init__(
        self, path: Path, first: Frame, fps: float, sound: Iterable[NDArray[np.float32]] | None, rate: int, crf: int,
        preset: str,
    ) -> None:  # fmt: skip
        self.count = 0
        self._output = mp4_container(path)
        self._fps = Fraction(fps).limit_denominator(1001)  # finds 30000/1001 behind 29.97002997
        self._convert = FromRgb()
        # No B-frames: pictures are stored in order and need no edit list, which some readers ignore.
        # One thread: the same bits on any number of cores.
        options = {"crf": str(crf), "preset": preset, "bf": "0", "threads": "1", **STEADY}
        self._stream = self._output.add_stream("libx264", rate=self._fps, options=options)
        height, width = first.shape[:2]
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.colorspace = BT601
        self._stream.codec_context.color_range = LIMITED_RANGE
        self._track = None if sound is None else AudioTrack(self._output, sound, rate)

    def add(self, picture: Frame) -> None:
        frame = self._convert(picture)
        frame.pts, frame.time_base = self.count, 1 / self._fps
        self._output.mux(self._stream.encode(frame))
        self.count += 1
        if self._track is not None:
            self._track.write_until(float(self.count / self._fps))

    def finish(self) -> None:
        self._output.mux(self._stream.encode(None))
        if self._track is not None:
            self._track.write_until(float("inf"))
        self._output.close()

    def abandon(self) -> None:
        """Let go of the file. What its closing may still complain about was raised before."""
        with suppress(av.FFmpegError, OSError):
            self._output.close()


class AudioTrack:
    """Sound, piece by piece, on its way into a file; no more of it is held than the piece that it has come to."""

    def __init__(self, output: OutputContainer, sound: Iterable[NDArray[np.float32]], rate: int) -> None:
        self._output, self._rate = output, rate
        self._pieces = (_checked_audio(piece) for piece in sound)
        self._held = next(self._pieces, np.zeros(0, np.float32))
        self._at = 0
        self._stream = output.add_stream("aac", rate=rate, layout="mono")
        self._stream.bit_rate = min(6 * rate, 192_000)  # the most that one channel of AAC-LC can hold

    def write_until(self, seconds: float) -> None:
        """Encode the samples before that time; infinity writes the rest and flushes."""
        last = seconds == float("inf")
        while last or self._at < round(seconds * self._rate):
            wanted = len(self._held) if last else round(seconds * self._rate) - self._at
            self._encode(self._held[:wanted])
            self._held = self._held[wanted:]
            if not len(self._held):
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._held = piece
        if last:
            self._output.mux(self._stream.encode(None))

    def _encode(self, samples: NDArray[np.float32]) -> None:
        if not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="fltp", layout="mono")
        frame.rate, frame.pts, frame.time_base = self._rate, self._at, Fraction(1, self._rate)
        self._output.mux(self._stream.encode(frame))
        self._at += len(samples)


def mp4_container(path: Path) -> OutputContainer:
    # Bit-exact leaves out the library's version; fast start puts the index first, so that a page can stream the file.
    return av.open(
        str(path.absolute()), "w", format="mp4", container_options={"movflags": "+faststart", "fflags": "+bitexact"}
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise MediaError("write_error", path, detail[:1].lower() + detail[1:]) from error


def _checked_frame(picture: Frame, shape: tuple[int, ...]) -> Frame:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or picture.shape != shape:
        raise ValueError(f"frames must be uint8 (H, W, 3) of one size {shape}, got {picture.dtype} {picture.shape}")
    return picture


def _checked_audio(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    if audio.ndim != 1 or not np.issubdtype(audio.dtype, np.floating):
        raise ValueError(f"audio must be float (S,), got {audio.dtype} {audio.shape}")
    if not np.all(np.isfinite(audio)):
        raise ValueError("audio holds values that are not numbers")
    return np.clip(audio.astype(np.float32), -1.0, 1.0)
