"""Opening a media file and taking its packets, with every way in which a file can be broken made an error.

Media are untrusted: only demuxers of self-contained files are allowed (no playlists, which could name other files or
hosts), and only the file protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.stream import Disposition

from datasets.media.errors import MediaError
from datasets.media.extent import declared_bytes

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,mpegts,mpeg,mpegvideo,asf,ogg,mxf,nut,gif,ivf,dv,rm,yuv4mpegpipe,"
    "h264,hevc,m4v,mjpeg,obu,wav,w64,aiff,au,caf,flac,mp3,aac,ac3,eac3,amr"
)

_SAYS_LENGTH = frozenset({"matroska,webm", "flv"})
"""Demuxers whose duration is read from the header. Others guess it from what is there, so it proves nothing."""

_SHORTFALL = 0.25
"""Seconds by which packets may end before the declared length: headers are rounded and last frames lack durations."""


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turn what the decoder raises into a `MediaError`."""
    try:
        yield
    except MediaError:
        raise
    except (av.FFmpegError, OSError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise MediaError("decode_error", path, detail[:1].lower() + detail[1:]) from error


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The container of a media file, closed afterwards.

    Raises:
        MediaError: ``decode_error`` where the file is absent, empty, unreadable or no known media file.
    """
    with decoding(path):
        if not path.is_file():
            raise MediaError("decode_error", path, "there is no such file" if not path.exists() else "not a file")
        if path.stat().st_size == 0:
            raise MediaError("decode_error", path, "the file is empty (0 bytes)")
        # An absolute path cannot be taken for a URL by the library.
        container = av.open(
            str(path.absolute()),
            container_options={"protocol_whitelist": "file", "format_whitelist": _FORMATS},
            metadata_errors="replace",
        )
    with container:
        yield container


def video_stream(container: InputContainer) -> av.VideoStream | None:
    """The first stream of moving pictures; cover art is not one."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def audio_stream(container: InputContainer) -> av.AudioStream | None:
    """The first stream of sound."""
    return next(iter(container.streams.audio), None)


def packets(path: Path, container: InputContainer, wanted: Stream) -> Iterator[Packet]:
    """Packets of one stream, the flushing one last; a file that is cut short is refused, not shortened.

    All streams are read, so that the end of the file is known. Three things are checked: no packet is marked corrupt,
    the file has the bytes that its header or index promises, and the packets reach the time that its header declares.
    MPEG-TS, MPEG-PS, fragmented MP4 and raw streams promise nothing: there a cut between two packets cannot be seen;
    in FLV it can from a quarter of a second on.

    Raises:
        MediaError: ``decode_error``.
    """
    if getattr(wanted, "codec_context", None) is None:
        raise MediaError("decode_error", path, f"no decoder for its {wanted.type} stream")
    size = path.stat().st_size
    _check_extent(path, container, size)
    end = 0.0
    with decoding(path):
        for packet in container.demux():
            if packet.is_corrupt:
                raise MediaError("decode_error", path, f"damaged or cut short near {_seconds(packet):.2f} s")
            if packet.size:
                end = max(end, _seconds(packet, end=True))
            if packet.stream.index == wanted.index:  # the packet's own field is unset when it flushes
                yield packet
    _check_extent(path, container, size)  # a fragmented file has its full index only now
    declared = _declared_end(container)
    if end < declared - _SHORTFALL:
        raise MediaError("decode_error", path, f"cut short: ends at {end:.2f} s of {declared:.2f} s")


def _check_extent(path: Path, container: InputContainer, size: int) -> None:
    promised = max((entry.pos + entry.size for s in container.streams for entry in s.index_entries), default=0)
    promised = max(promised, declared_bytes(path))
    if promised > size:
        raise MediaError("decode_error", path, f"cut short: {size} bytes are here, its header promises {promised}")


def _declared_end(container: InputContainer) -> float:
    """When the file ends by its header, in seconds from 0 (not from the first packet); 0 where it does not say."""
    if container.format.name not in _SAYS_LENGTH or container.duration is None:
        return 0.0
    return container.duration / av.time_base


def _seconds(packet: Packet, end: bool = False) -> float:
    stamp = packet.pts if packet.pts is not None else packet.dts
    if stamp is None or packet.time_base is None:
        return 0.0
    return float((stamp + ((packet.duration or 0) if end else 0)) * packet.time_base)
