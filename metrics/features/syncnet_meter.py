"""SyncNet on one clip, for the engine: what to keep of pictures, of sound, and of both under the legacy protocols."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metrics.base import FaceTrack, FloatArray
from metrics.features.s3fd import S3FD, load_s3fd
from metrics.features.syncnet import load_syncnet
from metrics.features.syncnet_clip import ClipSource, lip_tracks
from metrics.features.syncnet_embed import SyncEmbedder
from metrics.features.syncnet_layout import packed
from metrics.features.syncnet_protocol import PROTOCOLS, SyncProtocol
from metrics.lse import as_row, clip_score, sound_embeddings

SYNCNET, DETECTOR = "syncnet_v2", "sfd_face"
"""Assets: SyncNet, and S3FD for the protocols that detect faces with it."""


class SyncMeter:
    """The networks of all protocols, loaded once.

    Args:
        assets: files of `SYNCNET` and, for protocols with ``s3fd``, of `DETECTOR`.

    Raises:
        WeightsError: a file cannot be read as weights, or belongs to another network.
    """

    def __init__(self, assets: Mapping[str, Path], device: str = "cpu") -> None:
        self.embedder = SyncEmbedder(load_syncnet(assets[SYNCNET], device))
        self.detector: S3FD | None = load_s3fd(assets[DETECTOR], device) if DETECTOR in assets else None

    def with_detector(self, path: Path, device: str = "cpu") -> SyncMeter:
        """The same SyncNet beside S3FD of that file. Raises `WeightsError` as the constructor."""
        other = copy(self)
        other.detector = load_s3fd(path, device)
        return other

    def lips(self, source: ClipSource, track: FaceTrack) -> tuple[FloatArray, NDArray[np.int64]]:
        """Feature ``sync_lips`` of the pictures: embeddings ``(N, 1024)``, frame at which each window begins ``(N,)``.

        Raises:
            Unscorable: ``no_face``, ``too_short``, ``undefined``.
        """
        return packed(lip_tracks(source, PROTOCOLS["lse"], self.embedder, track))

    def sound(self, audio: NDArray[np.floating]) -> FloatArray:
        """Feature ``sync_sound`` of 16 kHz mono sound ``(S,)``: embeddings ``(S // 640 - 5, 1024)``.

        Raises:
            Unscorable: ``no_audio``, ``undefined``.
        """
        return sound_embeddings(audio, self.embedder.sound)

    def score(self, protocol: SyncProtocol, source: ClipSource, audio: NDArray[np.floating]) -> FloatArray:
        """Feature of pictures and sound under a legacy protocol (`metrics.lse.legacy_feature`): ``(1, 3)``.

        Raises:
            Unscorable: as `lips` and `sound`.
        """
        tracks = lip_tracks(source, protocol, self.embedder, detector=self.detector)
        return as_row(clip_score(tracks, audio, self.embedder.sound, protocol))
