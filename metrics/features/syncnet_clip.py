"""One clip under one protocol of LSE: which crops SyncNet sees, and what it says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from metrics.base import FaceTrack, Status, Unscorable
from metrics.features import syncnet_recode as recode
from metrics.features.s3fd import S3FD
from metrics.features.s3fd_boxes import detect_faces
from metrics.features.syncnet_crop import crop_face, longest_stretch, mesh_boxes, need_frames, smoothed, whole_frame
from metrics.features.syncnet_embed import SyncEmbedder
from metrics.features.syncnet_layout import FPS, LipTrack
from metrics.features.syncnet_protocol import SyncProtocol
from metrics.features.syncnet_tracks import SceneCuts, box_tracks

Frame = NDArray[np.uint8]
Shown = tuple[Frame, float, float]

LENGTH_TOLERANCE = 2
"""Frames by which a face track at another rate may end later than the pictures at 25 a second."""


@dataclass(frozen=True)
class ClipSource:
    """The pictures of a clip, which are gone through once or twice. Frames are RGB ``(H, W, 3)`` uint8.

    Attributes:
        frames: opens the frames on screen at k/25 s. shown: opens the stored frames with the seconds at which each appears
            and disappears (`datasets.media.read_frames` and `read_shown` of a file).
    """

    frames: Callable[[], Iterable[Frame]]
    shown: Callable[[], Iterable[Shown]]


def lip_tracks(
    source: ClipSource,
    protocol: SyncProtocol,
    embedder: SyncEmbedder,
    track: FaceTrack | None = None,
    detector: S3FD | None = None,
) -> list[LipTrack]:
    """Embeddings of the faces that the protocol scores, at least one.

    Args:
        track: the suite's face track, for ``mesh``. detector: for ``s3fd``.

    Raises:
        Unscorable: ``no_face`` or ``too_short``, saying what was found and what is needed.
        ValueError: the track or detector that the protocol needs was not given.
    """
    if protocol.faces == "whole":
        return [_whole(source, protocol, embedder)]
    if protocol.faces == "mesh":
        if track is None:
            raise ValueError(f"protocol {protocol.name} needs a face track")
        first, boxes = longest_stretch(mesh_boxes(track), protocol)
        stretches = [(first, boxes)]
    else:
        if detector is None:
            raise ValueError(f"protocol {protocol.name} needs S3FD")
        stretches = _detected(source, protocol, detector)
    return [_embedded(source, protocol, embedder, first, boxes) for first, boxes in stretches]


def _whole(source: ClipSource, protocol: SyncProtocol, embedder: SyncEmbedder) -> LipTrack:
    count = 0

    def crops() -> Iterator[Frame]:
        nonlocal count
        for frame in _frames(source, protocol):
            count += 1
            yield whole_frame(frame)

    embeddings = embedder.lips(_bgr(_recoded(crops(), protocol, after_crop=True)))
    need_frames(count, protocol)
    return LipTrack(0, embeddings)


def _embedded(
    source: ClipSource, protocol: SyncProtocol, embedder: SyncEmbedder, first: int, boxes: NDArray[np.float64]
) -> LipTrack:
    places = smoothed(boxes, protocol)
    count = 0

    def crops() -> Iterator[Frame]:
        nonlocal count
        for frame in islice(_frames(source, protocol), first, first + len(places)):
            yield crop_face(frame, places[count], protocol)
            count += 1

    embeddings = embedder.lips(_bgr(_recoded(crops(), protocol, after_crop=True)))
    if count < len(places) - LENGTH_TOLERANCE:
        raise Unscorable(
            Status.UNDEFINED,
            f"the face track has {first + len(places)} frames at {FPS} a second and the video {first + count}:"
            " they do not belong together",
        )
    return LipTrack(first, embeddings)


def _detected(source: ClipSource, protocol: SyncProtocol, detector: S3FD) -> list[tuple[int, NDArray[np.float64]]]:
    assert protocol.detection is not None and protocol.tracks is not None
    cuts, faces = SceneCuts(protocol.tracks), []
    for frame in _frames(source, protocol):
        cuts.add(frame)
        faces.append(detect_faces(detector, frame, protocol.detection))
    found = sum(len(boxes) > 0 for boxes in faces)
    if not found:
        raise Unscorable(Status.NO_FACE, f"S3FD found no face in {len(faces)} frames")
    tracks = box_tracks(faces, cuts.scenes(), protocol.tracks)
    if not tracks:
        rule = protocol.tracks
        raise Unscorable(
            Status.TOO_SHORT,
            f"S3FD found faces in {found} of {len(faces)} frames, but no track of one scene with more than"
            f" {rule.min_frames} frames and {rule.min_size:g} pixels",
        )
    return [(found_track.first, found_track.boxes) for found_track in tracks]


def _frames(source: ClipSource, protocol: SyncProtocol) -> Iterator[Frame]:
    if protocol.timing == "ffmpeg":
        frames: Iterator[Frame] = recode.constant_rate(source.shown(), FPS)
    else:
        frames = iter(source.frames())
    return _recoded(frames, protocol, after_crop=False)


def _recoded(frames: Iterator[Frame], protocol: SyncProtocol, after_crop: bool) -> Iterator[Frame]:
    for step in protocol.recode:
        if step.endswith("-crop") != after_crop:
            continue
        if step == "mpeg4":
            frames = recode.mpeg4(frames, FPS)
        elif step == "xvid-crop":
            frames = recode.xvid(frames, FPS)
        else:
            frames = recode.jpeg(frames, FPS, None if after_crop else recode.QSCALE)
    return frames


def _bgr(frames: Iterable[Frame]) -> Iterator[Frame]:
    return (frame[..., ::-1] for frame in frames)
