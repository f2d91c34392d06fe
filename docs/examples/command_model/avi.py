"""Uncompressed AVI: planar pictures (I420) and 16-bit mono sound, an interleaved chunk of each a frame."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path


def write_avi(
    path: Path, pictures: Sequence[bytes], width: int, height: int, fps: float, sound: bytes, rate: int
) -> None:
    """Write a whole file; `pictures` are Y, U and V planes joined, `sound` is little-endian PCM."""
    ratio = Fraction(fps).limit_denominator(1001)
    count, size = len(pictures), len(pictures[0])
    edges = [2 * round(frame / fps * rate) for frame in range(count + 1)]
    chunks, index, place = [], [], 4
    for number, picture in enumerate(pictures):
        for name, data in ((b"00dc", picture), (b"01wb", sound[edges[number] : edges[number + 1]])):
            chunks.append(_chunk(name, data))
            index.append(struct.pack("<4sIII", name, 16, place, len(data)))
            place += len(chunks[-1])
    main = struct.pack("<14I", round(1e6 / fps), 0, 0, 16, count, 0, 2, size, width, height, 0, 0, 0, 0)
    video = struct.pack("<4s4sIHHIIIIIIII4H", b"vids", b"I420", 0, 0, 0, 0, ratio.denominator, ratio.numerator, 0, count, size,
                        0xFFFFFFFF, 0, 0, 0, width, height)  # fmt: skip
    bitmap = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 12, b"I420", size, 0, 0, 0, 0)
    audio = struct.pack("<4s4sIHHIIIIIIII4H", b"auds", bytes(4), 0, 0, 0, 0, 1, rate, 0, edges[-1] // 2, 2 * rate,
                        0xFFFFFFFF, 2, 0, 0, 0, 0)  # fmt: skip
    pcm = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    streams = [
        _list(b"strl", _chunk(b"strh", head) + _chunk(b"strf", form)) for head, form in ((video, bitmap), (audio, pcm))
    ]
    header = _list(b"hdrl", _chunk(b"avih", main) + b"".join(streams))
    body = header + _list(b"movi", b"".join(chunks)) + _chunk(b"idx1", b"".join(index))
    path.write_bytes(_chunk(b"RIFF", b"AVI " + body))


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _list(name: bytes, data: bytes) -> bytes:
    return _chunk(b"LIST", name + data)
