"""The pictures of a file as they are, packet for packet: with another sound, and as a hash of their own."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datasets.media.errors import MediaError
from datasets.media.source import audio_stream, opened, packets, video_stream
from datasets.media.video import first_look
from datasets.media.write import AudioTrack, atomic_file, mp4_container, writing

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream


def replace_sound(source: Path, target: Path, audio: NDArray[np.float32] | None, rate: int = 16000) -> None:
    """Write the pictures of `source` with another sound (None: without any); no picture is encoded again.

    Args:
        source: a file whose pictures are in a codec that MP4 holds. target: the MP4, replaced if it is there.
        audio: ``(S,)`` float32 mono in -1..1, sample 0 at the first frame.

    Raises:
        MediaError: ``decode_error`` or ``no_video`` for the source, ``write_error`` for the target.
    """
    with opened(source) as container, atomic_file(target) as beside:
        pictures = video_stream(container)
        if pictures is None:
            raise MediaError("no_video", source, "it has no video stream")
        with writing(target), mp4_container(beside) as output:
            copied = output.add_stream_from_template(pictures)
            sound = None if audio is None else AudioTrack(output, [audio], rate)
            origin: int | None = None
            for packet in packets(source, container, pictures):
                if packet.dts is None or packet.time_base is None:
                    continue
                if origin is None:
                    origin = packet.pts or 0
                packet.pts, packet.dts = (packet.pts or 0) - origin, packet.dts - origin
                seconds = float(packet.pts * packet.time_base)
                packet.stream = copied
                output.mux(packet)
                if sound is not None:
                    sound.write_until(seconds)
            if sound is not None:
                sound.write_until(float("inf"))


def pictures_sha256(path: Path) -> str:
    """Hash of the encoded pictures: codec, its header, and every packet with its time. Sound and container do not matter.

    Two files with this hash in common decode to the same frames at the same times.

    Raises:
        MediaError: ``decode_error`` or ``no_video``.
    """
    with opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            raise MediaError("no_video", path, "it has no video stream")
        return _packets_sha256(path, container, stream, None, first_look(path))


def sound_sha256(path: Path) -> str:
    """Hash of the encoded sound and of its place in time relative to the first picture; pictures do not matter.

    Two files with this hash in common decode to the same `read_audio`.

    Raises:
        MediaError: ``decode_error`` or ``no_audio``.
    """
    with opened(path) as container:
        stream, pictures = audio_stream(container), video_stream(container)
        if stream is None:
            raise MediaError("no_audio", path, "it has no audio stream")
        origin = Fraction(0)
        if pictures is not None and pictures.start_time is not None and pictures.time_base is not None:
            origin = pictures.start_time * pictures.time_base
        return _packets_sha256(path, container, stream, origin, f"{stream.rate} {stream.layout.name}")


def _packets_sha256(path: Path, container: InputContainer, stream: Stream, origin: Fraction | None, header: str) -> str:
    """Times count from `origin` in seconds; None: from the first packet."""
    digest = hashlib.sha256(f"{stream.codec_context.name} {header}".encode())
    digest.update(getattr(stream.codec_context, "extradata", None) or b"")
    for packet in packets(path, container, stream):
        stamp = packet.pts if packet.pts is not None else packet.dts
        if not packet.size or packet.time_base is None or stamp is None:
            continue
        time = stamp * packet.time_base
        origin = time if origin is None else origin
        digest.update(f"{round((time - origin) * 90000)}:".encode())
        digest.update(bytes(packet))
    return digest.hexdigest()
