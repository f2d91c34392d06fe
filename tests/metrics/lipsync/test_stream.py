"""Lips from frames that come one by one are those of the whole clip, and few frames are held."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics.base import FaceTrack, Unscorable
from metrics.features.syncnet_clip import ClipSource, lip_tracks
from metrics.features.syncnet_embed import SyncEmbedder
from metrics.features.syncnet_protocol import PROTOCOLS, SyncProtocol
from metrics.features.syncnet_stream import LipStream

Frame = NDArray[np.uint8]
SHORT = replace(PROTOCOLS["lse"], min_frames=8, max_gap=4, median=5)


class Sums:
    """Stands for SyncNet where only the crops matter: a window's row is the pixel sums of its five crops."""

    chunk = 3

    def lips(self, crops: Iterable[Frame]) -> NDArray[np.float64]:
        sums = np.array([crop.sum(dtype=np.int64) for crop in crops], np.float64)
        return np.lib.stride_tricks.sliding_window_view(sums, 5) if len(sums) >= 5 else np.empty((0, 5))


def face_track(present: list[bool], seed: int) -> FaceTrack:
    random = np.random.default_rng(seed)
    low = 20 + np.cumsum(random.normal(0, 2, (len(present), 1, 2)), axis=0)
    corners = np.concatenate([low, low + random.uniform(15, 40, low.shape)], axis=1)
    points = np.zeros((len(present), 478, 3), np.float32)
    points[:, ::2, :2], points[:, 1::2, :2] = corners[:, :1], corners[:, 1:]
    points[~np.array(present)] = np.nan
    return FaceTrack(points, np.array(present), 64, 64, 25.0)


def whole(frames: list[Frame], track: FaceTrack, protocol: SyncProtocol, embedder: Any) -> Any:
    source = ClipSource(lambda: iter(frames), lambda: iter(()))
    return outcome(lambda: lip_tracks(source, protocol, embedder, track))


def streamed(frames: list[Frame], track: FaceTrack, protocol: SyncProtocol, embedder: Any) -> tuple[Any, int]:
    stream, held = LipStream(embedder, protocol), 0
    for k, frame in enumerate(frames):
        stream.add(frame, track.landmarks[k] if track.present[k] else None)
        held = max(held, 0 if stream._open is None else len(stream._open.waiting))
    return outcome(stream.finish), held


def outcome(measure: Callable[[], Any]) -> Any:
    try:
        (track,) = measure()
    except Unscorable as error:
        return error.status, error.detail
    return track.first, track.embeddings


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9)), min_size=1, max_size=7), st.integers(0, 99))
def test_any_pattern_of_faces_gives_the_tracks_of_the_whole_clip(runs: list[tuple[bool, int]], seed: int) -> None:
    present = [there for there, length in runs for _ in range(length)]
    random = np.random.default_rng(seed)
    frames = [random.integers(0, 255, (64, 64, 3)).astype(np.uint8) for _ in present]
    track = face_track(present, seed)
    one = whole(frames, track, SHORT, Sums())
    other, held = streamed(frames, track, SHORT, Sums())
    assert one[0] == other[0]
    np.testing.assert_array_equal(one[1], other[1])
    assert held <= SHORT.max_gap + SHORT.median // 2 + 1


@pytest.mark.slow
def test_syncnet_sees_the_same(make_embedder: Callable[..., SyncEmbedder], moving: NDArray[np.uint8]) -> None:
    frames = [frame[:64, :64] for frame in moving]
    track = face_track([k not in (7, 8, 20) for k in range(30)], 3)
    embedder = make_embedder(chunk=6)
    one = whole(frames, track, PROTOCOLS["lse"], embedder)
    other, _ = streamed(frames, track, PROTOCOLS["lse"], embedder)
    assert one[0] == other[0] and len(one[1]) == 26
    np.testing.assert_allclose(other[1], one[1], rtol=1e-5, atol=1e-6)
