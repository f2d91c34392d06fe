"""`syncnet_clip.lip_tracks` under a protocol of the face mesh, for frames that come one by one and are never held for long."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from metrics.base import FloatArray, Unscorable
from metrics.features.syncnet_crop import MESH_POINTS, crop_face, need_faces, need_frames
from metrics.features.syncnet_embed import SyncEmbedder
from metrics.features.syncnet_layout import EMBEDDING, WINDOW, LipTrack
from metrics.features.syncnet_protocol import PROTOCOLS, SyncProtocol

Frame = NDArray[np.uint8]


@dataclass
class _Stretch:
    """A run of frames with the face, gaps bridged: what waits for the median filter, and what is embedded.

    Attributes:
        first: index of its first frame. last: box of the latest frame with a face. squares: centre and half side of every
            frame so far. waiting: frames whose place is not known yet. crops: fewer than a piece. rows: done.
    """

    first: int
    last: NDArray[np.float64]
    squares: list[NDArray[np.float64]] = field(default_factory=list)
    waiting: deque[Frame] = field(default_factory=deque)
    placed: int = 0
    crops: list[Frame] = field(default_factory=list)
    rows: list[FloatArray] = field(default_factory=list)
    failure: Unscorable | None = None


class LipStream:
    """Lip embeddings of the longest stretch of one video's face. Holds at most ``max_gap + median / 2`` frames and a piece of crops.

    Args:
        embedder: SyncNet. protocol: one whose boxes are the mesh's, at 25 frames a second.
    """

    def __init__(self, embedder: SyncEmbedder, protocol: SyncProtocol = PROTOCOLS["lse"]) -> None:
        self.embedder = embedder
        self.protocol = protocol
        self.count = self.found = 0
        self._open: _Stretch | None = None
        self._best: _Stretch | None = None

    def add(self, frame: Frame, landmarks: NDArray[np.float32] | None) -> None:
        """The next frame ``(H, W, 3)`` RGB and its landmarks ``(478, 3)`` in pixels, or None without a face."""
        index, stretch = self.count, self._open
        self.count += 1
        if landmarks is None:
            if stretch is not None:
                if index - (stretch.first + len(stretch.squares) - 1) > self.protocol.max_gap:
                    self._close()
                else:
                    stretch.waiting.append(frame)
            return
        self.found += 1
        points = landmarks[:MESH_POINTS, :2].astype(np.float64)
        box = np.concatenate([points.min(axis=0), points.max(axis=0)])
        if stretch is not None and index - (stretch.first + len(stretch.squares) - 1) > self.protocol.max_gap:
            self._close()
            stretch = None
        if stretch is None:
            self._open = stretch = _Stretch(index, box)
        stretch.squares += _squares_up_to(stretch, index, box)
        stretch.last = box
        stretch.waiting.append(frame)
        self._advance(stretch, len(stretch.squares) - self.protocol.median // 2)

    def finish(self) -> list[LipTrack]:
        """The longest stretch, as a list of one.

        Raises:
            Unscorable: ``no_face``, ``too_short``, as `syncnet_crop.longest_stretch`.
        """
        self._close()
        need_faces(self.found, self.count)
        best = self._best
        assert best is not None
        need_frames(len(best.squares), self.protocol)
        if best.failure is not None:
            raise best.failure
        rows = np.concatenate(best.rows) if best.rows else np.empty((0, EMBEDDING), np.float32)
        return [LipTrack(best.first, rows)]

    def _close(self) -> None:
        stretch, self._open = self._open, None
        if stretch is None:
            return
        self._advance(stretch, len(stretch.squares))
        self._embed(stretch)
        stretch.waiting.clear()
        if self._best is None or len(stretch.squares) > len(self._best.squares):
            self._best = stretch

    def _advance(self, stretch: _Stretch, until: int) -> None:
        """Crop the frames whose median window is complete."""
        half = self.protocol.median // 2
        while stretch.placed < until:
            at = stretch.placed
            seen = stretch.squares[max(0, at - half) : at + half + 1]
            # Beyond both ends of the stretch there are zeros, as `scipy.signal.medfilt` has it.
            window = np.zeros((self.protocol.median, 3))
            window[: len(seen)] = seen
            frame = stretch.waiting.popleft()
            stretch.placed += 1
            if stretch.failure is not None:
                continue
            try:
                crop = crop_face(frame, np.median(window, axis=0), self.protocol)
            except Unscorable as error:
                stretch.failure = error
                continue
            stretch.crops.append(crop[..., ::-1])
            if len(stretch.crops) == self.embedder.chunk + WINDOW - 1:
                self._embed(stretch)

    def _embed(self, stretch: _Stretch) -> None:
        if len(stretch.crops) >= WINDOW and stretch.failure is None:
            stretch.rows.append(self.embedder.lips(stretch.crops))
            stretch.crops = stretch.crops[1 - WINDOW :]


def _squares_up_to(stretch: _Stretch, index: int, box: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Centre and half side of the frames after the latest one with a face, the last of them at `index`."""
    latest = stretch.first + len(stretch.squares) - 1
    frames = np.arange(latest + 1, index + 1)
    if latest < stretch.first:
        boxes = box[None]
    else:
        ends = (latest, index)
        boxes = np.stack([np.interp(frames, ends, pair) for pair in zip(stretch.last, box, strict=True)], axis=1)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    return list(np.stack([x, y, np.maximum(width, height) / 2], axis=1))
