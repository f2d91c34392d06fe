"""How long a file says that it is, in bytes: the surest sign that its end is missing."""

from __future__ import annotations

from pathlib import Path

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_UNKNOWN_32 = 0xFFFFFFFF
_RIFF_SLACK = 8
"""Bytes. Some writers of RIFF count their own header in the size that should leave it out."""


def declared_bytes(path: Path) -> int:
    """Least size of a Matroska, WebM, AVI or WAV file by its own header; 0 where it is none of these or says nothing.

    Sources: RFC 8794 (EBML) for Matroska, whose segment holds all of the file; the RIFF chunk for AVI and WAV.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_EBML):
        return _matroska(head)
    if head.startswith(b"RIFF") and len(head) >= 8:
        size = int.from_bytes(head[4:8], "little")
        return 0 if size in (0, _UNKNOWN_32) else max(0, size + 8 - _RIFF_SLACK)
    return 0


def _matroska(head: bytes) -> int:
    size, at = _variable_integer(head, len(_EBML))
    if size is None:
        return 0
    at += size
    while at < len(head) and not head.startswith(_SEGMENT, at):
        # Only padding (Void, CRC-32: identifiers of one byte) may stand between the header and the segment.
        size, at = _variable_integer(head, at + 1)
        if size is None:
            return 0
        at += size
    size, begins = _variable_integer(head, at + len(_SEGMENT))
    return 0 if size is None else begins + size


def _variable_integer(data: bytes, at: int) -> tuple[int | None, int]:
    """An EBML size at `at` and where it ends; None where it is cut off or says "unknown" (all bits set)."""
    if at >= len(data) or data[at] == 0:
        return None, at
    length = 9 - data[at].bit_length()
    bits = 7 * length
    value = int.from_bytes(data[at : at + length], "big") & ((1 << bits) - 1)
    return (None if len(data) < at + length or value == (1 << bits) - 1 else value), at + length
