"""Reading pictures: frames as a player would show them, at their own times or at a chosen rate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
from av.container import InputContainer

from datasets.media.errors import MediaError
from datasets.media.picture import Frame, ToRgb, colours, display_matrix, mirrored
from datasets.media.source import audio_stream, decoding, opened, packets, video_stream
from datasets.media.timing import MAX_TOLERANCE, resample, tolerance_of

Shown: TypeAlias = tuple[Frame, float, float]

_RUN_UP = (0, 1, 10)
"""Seconds before the wanted time that are tried in turn as the goal of a jump into a file."""

_MAX_GAP = 600.0
"""Seconds. A longer wait between two time stamps is a broken clock, not a still picture."""


@dataclass(frozen=True)
class Probe:
    """What a media file holds.

    Attributes:
        path: the file.
        width, height: of the frames that `read_frames` gives, in pixels (0 without video).
        fps: mean frames a second (0 without video, or where the file has one frame and no rate).
        seconds: length of the video stream, or of the sound where there is no video; 0 where the file does not say.
        has_video, has_audio: whether there is such a stream. Cover art is not video.
        audio_rate: samples a second, audio_channels: their number (0 without sound).
        rotation: degrees counter-clockwise by which the stored picture is turned for display: 0, 90, 180 or 270.
    """

    path: Path
    width: int
    height: int
    fps: float
    seconds: float
    has_video: bool
    has_audio: bool
    audio_rate: int
    audio_channels: int
    rotation: int


def probe(path: Path) -> Probe:
    """Look at a media file; its first frame is decoded, the rest is not.

    Raises:
        MediaError: ``decode_error`` where the file or its first frame cannot be read.
    """
    path = Path(path)
    with opened(path) as container:
        video, audio = video_stream(container), audio_stream(container)
        width = height = rotation = 0
        fps = 0.0
        if video is not None:
            first = _first_frame(path, container, video)
            with decoding(path):
                height, width = ToRgb(video.sample_aspect_ratio)(first).shape[:2]
            rotation = first.rotation % 360
            fps = float(video.average_rate or video.guessed_rate or 0)
        main = video if video is not None else audio
        seconds = 0.0
        if main is not None and main.duration and main.time_base:
            seconds = float(main.duration * main.time_base)
        return Probe(
            path=path,
            width=width,
            height=height,
            fps=fps,
            seconds=seconds or (container.duration or 0) / av.time_base,
            has_video=video is not None,
            has_audio=audio is not None,
            audio_rate=audio.sample_rate if audio is not None else 0,
            audio_channels=audio.channels if audio is not None else 0,
            rotation=rotation,
        )


def first_look(path: Path) -> str:
    """All that decides the pictures of a file beside their packets, by its first frame: size, turn, mirroring, colours.

    Raises:
        MediaError: ``no_video``; ``decode_error`` where the file or its first frame cannot be read.
    """
    with opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            raise MediaError("no_video", path, "it has no video stream")
        frame = _first_frame(path, container, stream)
        with decoding(path):
            height, width = ToRgb(stream.sample_aspect_ratio)(frame).shape[:2]
        words = (
            f"{width}x{height}",
            str(frame.rotation % 360),
            "mirrored" if mirrored(display_matrix(frame)) else "",
            colours(frame),
        )
        return " ".join(word for word in words if word)


def first_frame_time(path: Path) -> Fraction | None:
    """Time stamp in seconds, on the clock of the file, of the first frame that is shown; None without video."""
    with opened(path) as container:
        stream = video_stream(container)
        return None if stream is None else _stamp(_first_frame(path, container, stream)) or Fraction(0)


def read_frames(path: Path, fps: float | None = None) -> Iterator[Frame]:
    """Frames of a video, one at a time; memory does not grow with its length.

    Rotation, mirroring and non-square pixels are applied; a change of size in mid-stream is scaled to the first
    frame's. Any pixel format becomes RGB; the colour matrix and range are those that the stream is tagged with, BT.601
    and limited range where it has no tags; an alpha channel is dropped.

    Args:
        path: the file.
        fps: None gives each stored frame once. A number gives the frame on screen at ``k / fps`` after the first
            frame, repeated or left out as needed (`timing.frame_index` is the rule, `timing.output_length` the length).

    Yields:
        ``(H, W, 3)`` uint8 RGB. A repeated frame is the same array again: copy it before writing into it.

    Raises:
        MediaError: ``no_video``; ``decode_error`` where the file is no video, or is damaged or cut short: then
            also after the frames before the damage were given, for a broken video must not pass for a shorter one.
        ValueError: `fps` is not positive.
    """
    if fps is not None and not fps > 0:
        raise ValueError(f"fps must be positive, got {fps}")
    shown = read_shown(path)
    if fps is None:
        for frame, _, _ in shown:
            yield frame
    else:
        yield from resample(shown, fps)


def read_shown(path: Path, start: float = 0.0) -> Iterator[Shown]:
    """Frames as `read_frames` gives them, each with its times: what `timing.resample` takes.

    With a `start`, the file is entered at the last key frame before it, not read from its beginning. The first frame
    given is then the one on screen at `start` or an earlier one; all are the very pictures of a whole reading (but their
    size, where it changes in mid-stream, is that of the first frame given).

    Args:
        start: seconds after the first frame of the file.

    Yields:
        Frame; when it appears, less the tolerance for rounded time stamps; when it goes if no other follows. Seconds
        after the first frame of the file.

    Raises:
        MediaError: as `read_frames`. What lies before the key frame is not looked at.
    """
    path = Path(path)
    zero, goal = _entry(path, start) if start > 0 else (None, None)
    with opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            found = "only sound was found" if audio_stream(container) is not None else "no picture or sound was found"
            raise MediaError("no_video", path, found)
        if goal is not None:
            _seek(path, container, stream, goal)
        yield from _shown(path, container, stream, zero)


def _seek(path: Path, container: InputContainer, stream: av.VideoStream, goal: Fraction) -> None:
    with decoding(path):
        container.seek(math.floor(goal / (stream.time_base or 1)), stream=stream)


def _entry(path: Path, start: float) -> tuple[Fraction | None, Fraction | None]:
    """Time of the first frame of the file, and one to jump to so as to land at a key frame at or before `start`.

    Each is tried before it is used: files with B-frames are indexed by time of decoding, which runs ahead, and containers
    without an index (MPEG-TS, FLV, raw streams) may land anywhere. None and None where no jump will do.
    """
    zero = first_frame_time(path)
    if zero is None:
        return None, None
    for ahead in _RUN_UP:
        with opened(path) as container:
            stream = video_stream(container)
            if stream is None or stream.time_base is None:
                return None, None
            latest = zero + Fraction(start) - Fraction(tolerance_of(float(stream.time_base)))
            goal = latest - ahead
            if goal <= zero:
                return None, None
            try:
                _seek(path, container, stream, goal)
                key = next((frame for frame in _pictures(path, container, stream) if frame.key_frame), None)
            except MediaError:
                continue
            stamp = None if key is None else _stamp(key)
            if stamp is not None and stamp <= latest:
                return zero, goal
    return None, None


def _shown(path: Path, container: InputContainer, stream: av.VideoStream, begin: Fraction | None) -> Iterator[Shown]:
    """The frames with their times, which count from `begin`; None: from the first frame, and nothing was jumped over."""
    convert = ToRgb(stream.sample_aspect_ratio)
    step = float(1 / (stream.average_rate or stream.guessed_rate or 25))
    tick = float(stream.time_base or 0)
    slack = tolerance_of(tick)
    ends = _declared_end(stream)
    time: float | None = None
    for frame in _decoded(path, container, stream, jumped=begin is not None):
        stamp = _stamp(frame)
        if begin is None:
            begin = stamp or Fraction(0)
        if time is None:
            time = 0.0 if stamp is None else float(stamp - begin)
        else:
            now = time + step if stamp is None else max(time, float(stamp - begin))
            if now - time > _MAX_GAP:
                raise MediaError("decode_error", path, f"its time stamps jump by {now - time:.0f} s")
            step = now - time or step
            time = now
        # The file's own word for how long the frame stays is better than the distance to the one before. But a single
        # tick is what writers put that do not know; and MP4 lists durations in order of decoding, so that the last
        # frame may carry another's.
        stays = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else 0.0
        stays = stays if stays > tick else step
        if ends is not None and tick < (left := float(ends - begin) - time) < stays - MAX_TOLERANCE:
            stays = left
        with decoding(path):
            picture = convert(frame)
        yield picture, time - slack, time + stays
    if time is None:
        raise MediaError("decode_error", path, "its video stream holds no frame that can be decoded")


def _decoded(
    path: Path, container: InputContainer, stream: av.VideoStream, jumped: bool = False
) -> Iterator[av.VideoFrame]:
    """Whole frames; after a jump those before the first key frame, which may refer to what was left out, are dropped."""
    for frame in _pictures(path, container, stream):
        if jumped and not frame.key_frame:
            continue
        jumped = False
        if frame.is_corrupt:
            raise MediaError("decode_error", path, f"the frame at {float(_stamp(frame) or 0):.2f} s is damaged")
        yield frame


def _pictures(path: Path, container: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    stream.thread_type = "AUTO"
    for packet in packets(path, container, stream):
        with decoding(path):
            frames = packet.decode()
        yield from (frame for frame in frames if isinstance(frame, av.VideoFrame))


def _first_frame(path: Path, container: InputContainer, stream: av.VideoStream) -> av.VideoFrame:
    for frame in _decoded(path, container, stream):
        return frame
    raise MediaError("decode_error", path, "its video stream holds no frame that can be decoded")


def _declared_end(stream: av.VideoStream) -> Fraction | None:
    """When the stream ends on the clock of the file, where its header says."""
    if not stream.duration or stream.time_base is None:
        return None
    return ((stream.start_time or 0) + stream.duration) * stream.time_base


def _stamp(frame: av.VideoFrame) -> Fraction | None:
    ticks = frame.pts if frame.pts is not None else frame.dts
    return None if ticks is None or frame.time_base is None else ticks * frame.time_base
