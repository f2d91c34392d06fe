"""What the files between the steps of the original SyncNet chain do to a video: its frame rate rule and its lossy codecs.

Done with the FFmpeg and OpenCV libraries of the wheels, frame by frame. Not repeated: the chain's own decoding (frames come
as RGB of the suite's reader), and AVI's rounding of sound.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.base import Status, Unscorable

T = TypeVar("T")
Frame = NDArray[np.uint8]

QSCALE = 2
"""Of the chain's video.avi and of the pictures cut from it (``-qscale:v 2``)."""
_LAMBDA = 118
"""What FFmpeg multiplies a quantizer with (``FF_QP2LAMBDA``)."""


def constant_rate(shown: Iterable[tuple[T, float, float]], rate: float) -> Iterator[T]:
    """Frames at a constant rate by the rule of ffmpeg's ``-r``: each frame once, repeated or dropped once it is far off.

    A frame is dropped only if it comes more than 1.1 output frames late, so a faster video first runs ahead: 240 frames at
    30 a second become 202 at 25, and the first 12 pass one by one. Compare `datasets.media.frame_index`, which keeps time.

    Args:
        shown: frames with the seconds at which each appears and disappears; counted from the first.
        rate: output frames a second.
    """
    begin: float | None = None
    following = 0
    last: T | None = None
    repeats: deque[int] = deque([0, 0, 0], maxlen=3)
    for frame, start, end in shown:
        begin = start if begin is None else begin
        early = (start - begin) * rate - following
        # The output's own frame length is the longest that counts.
        late = early + min((end - start) * rate, 1.0)
        before, count = 0, 1
        if late < -1.1:
            count = 0
        elif late > 1.1:
            count = round(late)
            before = round(early - 0.6) if early > 1.1 else 0
        for k in range(count):
            yield last if k < before and last is not None else frame
        following += count
        repeats.append(before)
        last = frame
    if last is not None:
        # At the end ffmpeg repeats the last frame as often as the median of the last three did.
        for _ in range(sorted(repeats)[1]):
            yield last


def mpeg4(frames: Iterable[Frame], rate: int) -> Iterator[Frame]:
    """Through MPEG-4 at quantizer 2, as the chain's ``video.avi``: RGB ``(H, W, 3)`` in and out."""
    for picture in _transcoded(frames, "mpeg4", "yuv420p", rate, QSCALE):
        yield picture.to_ndarray(format="rgb24")


def jpeg(frames: Iterable[Frame], rate: int, quantizer: int | None) -> Iterator[Frame]:
    """Through FFmpeg's JPEG encoder and OpenCV's reader, as the chain's ``%06d.jpg``: RGB ``(H, W, 3)`` in and out.

    Args:
        quantizer: fixed, or None for the encoder's default of 200 kbit a second, which the chain's second set of pictures has.
    """
    for packet in _packets(frames, "mjpeg", "yuvj420p", rate, quantizer):
        decoded = cv2.imdecode(np.frombuffer(bytes(packet), np.uint8), cv2.IMREAD_COLOR)
        if decoded is None:
            raise Unscorable(Status.ERROR, "a JPEG picture of the legacy chain cannot be read back")
        yield np.ascontiguousarray(decoded[..., ::-1])


def xvid(frames: Iterable[Frame], rate: int) -> Iterator[Frame]:
    """Through OpenCV's video writer with XVID in AVI, as the chain's crops: RGB ``(H, W, 3)`` in and out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crop.avi"
        writer: Any = None
        for frame in frames:
            if writer is None:
                writer = cv2.VideoWriter(
                    str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"XVID"), rate, frame.shape[1::-1]
                )
                if not writer.isOpened():
                    raise Unscorable(Status.ERROR, "OpenCV cannot write XVID; the recoding protocols need its FFmpeg")
            writer.write(np.ascontiguousarray(frame[..., ::-1]))
        if writer is None:
            return
        writer.release()
        with av.open(str(path)) as container:
            for picture in container.decode(video=0):
                yield np.asarray(picture.to_ndarray(format="rgb24"), dtype=np.uint8)


def _transcoded(frames: Iterable[Frame], codec: str, pixels: str, rate: int, quantizer: int | None) -> Iterator[Any]:
    decoder: Any = None
    for packet in _packets(frames, codec, pixels, rate, quantizer):
        if decoder is None:
            decoder = av.CodecContext.create(codec, "r")
        yield from decoder.decode(packet)
    if decoder is not None:
        yield from decoder.decode(None)


def _packets(frames: Iterable[Frame], codec: str, pixels: str, rate: int, quantizer: int | None) -> Iterator[Any]:
    encoder: Any = None
    for index, frame in enumerate(frames):
        if encoder is None:
            encoder = av.CodecContext.create(codec, "w")
            encoder.height, encoder.width = frame.shape[:2]
            encoder.pix_fmt, encoder.time_base, encoder.framerate = pixels, Fraction(1, rate), Fraction(rate)
            encoder.thread_count = 1
            if quantizer is not None:
                encoder.options = {"flags": "+qscale", "global_quality": str(quantizer * _LAMBDA)}
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24").reformat(format=pixels)
        picture.pts, picture.time_base = index, Fraction(1, rate)
        yield from encoder.encode(picture)
    if encoder is not None:
        yield from encoder.encode(None)
