"""The pictures of a file as they are, packet for packet: with another sound, and as a hash of their own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.media.errors import MediaError
from datasets.media.source import decoding, opened, packets, video_stream
from datasets.media.write import AudioTrack, atomic_file, mp4_container, writing


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
            sound = None if audio is None else AudioTrack(output, audio, rate)
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
    digest = hashlib.sha256()
    with opened(path) as container, decoding(path):
        stream = video_stream(container)
        if stream is None or stream.codec_context is None:
            raise MediaError("no_video", path, "it has no video stream")
        context = stream.codec_context
        rotation = _rotation(path)
        digest.update(repr((context.name, context.width, context.height, rotation)).encode())
        digest.update(context.extradata or b"")
        origin: int | None = None
        for packet in packets(path, container, stream):
            if not packet.size or packet.time_base is None:
                continue
            stamp = packet.pts if packet.pts is not None else packet.dts or 0
            origin = stamp if origin is None else origin
            digest.update(f"{round((stamp - origin) * packet.time_base * 90000)}:".encode())
            digest.update(bytes(packet))
    return digest.hexdigest()


def _rotation(path: Path) -> int:
    from datasets.media.video import probe

    return probe(path).rotation


