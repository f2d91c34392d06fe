"""The face tracker: the 478 landmarks of one face, or of each face, of a video.

Detection (`face_detect`) says where to begin, a `FaceFollower` goes on from there. Nothing is remembered from one video
to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import FaceTrack
from metrics.features import face_detect, face_follower
from metrics.features.face_detect import Box, FaceDetector, depths
from metrics.features.face_follower import MAX_JUMP, FaceFollower, is_near

POINTS = 478
PATIENCE = 1.0
"""Seconds for which a lost face is waited for near its last place before another one is taken."""

PROTOCOL: Mapping[str, Any] = {
    **face_follower.PROTOCOL,
    "patience_seconds": PATIENCE,
    "choice": "side * (1 - 0.5 * distance to centre / half diagonal)",
    "detection": dict(face_detect.PROTOCOL),
}


class FaceTracker:
    """Tracks one face of a video: the most prominent at the start (`face_detect.prominence`), then the same one.

    A face that is lost is looked for at once, near its last place; another face of the frame is taken only after
    `PATIENCE` seconds. Memory does not grow but for the landmarks (6 kB a frame). One video at a time; not thread-safe.
    """

    protocol = PROTOCOL

    def __init__(self) -> None:
        self._follower = FaceFollower()
        self._detector = FaceDetector()
        self._rows: list[NDArray[np.float32] | None] = []
        self._size: tuple[int, int, float] | None = None

    def close(self) -> None:
        """Frees the networks; the tracker cannot be used afterwards."""
        self._follower.close()
        self._detector.close()

    def track(self, frames: Iterable[NDArray[np.uint8]], fps: float) -> FaceTrack:
        """Track of all frames ``(H, W, 3)`` RGB of one video; frames are looked at one by one and not kept.

        Raises:
            ValueError: no frames, or frames of differing sizes or other types.
        """
        self._size = None
        for frame in frames:
            if self._size is None:
                self.start(frame.shape[1], frame.shape[0], fps)
            self.step(frame)
        if self._size is None:
            raise ValueError("no frames to track")
        return self.finish()

    def start(self, width: int, height: int, fps: float) -> None:
        """Begins a video; anything of an unfinished one is dropped."""
        if fps <= 0:
            raise ValueError(f"fps must be positive, found {fps}")
        self._follower.reset()
        self._rows = []
        self._size = (width, height, fps)
        self._lost = 0

    def step(self, frame: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Landmarks ``(478, 3)`` float32 of the next frame in pixels, or None if the face is not there."""
        if self._size is None:
            raise RuntimeError("step before start")
        width, height, fps = self._size
        check_frame(frame, width, height)
        landmarks = self._follower.follow(frame) if self._follower.alive else None
        if landmarks is None:
            patience = max(1, round(PATIENCE * fps))
            landmarks = self._search(frame, deep=self._lost % patience == 0, wait=self._lost < patience)
        self._lost = 0 if landmarks is not None else self._lost + 1
        self._rows.append(landmarks)
        return landmarks

    def finish(self) -> FaceTrack:
        """Ends the video: its track."""
        if self._size is None:
            raise RuntimeError("finish before start")
        width, height, fps = self._size
        track = track_of(self._rows, width, height, fps)
        self._rows, self._size = [], None
        self._follower.reset()
        return track

    def _search(self, frame: NDArray[np.uint8], deep: bool, wait: bool) -> NDArray[np.float32] | None:
        last = self._follower.box
        if wait and (landmarks := self._follower.reacquire(frame)) is not None:
            return landmarks
        for depth in depths(frame.shape[1], frame.shape[0]) if deep else (0,):
            boxes = self._detector.find(frame, depth)
            if last is not None and wait:
                boxes = sorted((b for b in boxes if is_near(b, last)), key=lambda box: box.distance(last))
            for box in boxes:
                landmarks = self._follower.acquire(frame, box)
                if landmarks is not None:
                    return landmarks
        return None


def locate(image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Landmarks ``(478, 3)`` float32 in pixels of the most prominent face of an RGB image, or None.

    As the first frame of a video would be measured. Loads the networks each time (some 0.1 s): for single images.
    """
    tracker = FaceTracker()
    try:
        tracker.start(image.shape[1], image.shape[0], 1.0)
        return tracker.step(image)
    finally:
        tracker.close()


@dataclass
class _Candidate:
    """One face of several: who follows it, its landmarks so far, for how many frames it has been lost."""

    follower: FaceFollower
    rows: list[NDArray[np.float32] | None]
    lost: int = 0

    def step(self, frame: NDArray[np.uint8], patience: int) -> None:
        if self.follower.alive:
            self.rows.append(self.follower.follow(frame))
        else:
            self.rows.append(self.follower.reacquire(frame) if self.lost < patience else None)
        self.lost = 0 if self.follower.alive else self.lost + 1

    def drop(self) -> None:
        self.follower.lose()
        self.rows[-1], self.lost = None, 1

    def is_at(self, box: Box) -> bool:
        mine = self.follower.box
        return self.follower.alive and mine is not None and mine.distance(box) < MAX_JUMP


def candidates(frames: Iterable[NDArray[np.uint8]], fps: float, limit: int = 3) -> list[FaceTrack]:
    """Tracks of up to `limit` faces of one video, the one seen longest and largest first; empty if there is none.

    For data preparation, which picks the speaker among them. The frame is searched for more faces twice a second, tiles
    of it every two seconds while no face is followed. A face that returns near its last place continues its track.
    Tracks that cover less than a tenth of the frames are left out.

    Raises:
        ValueError: frames of differing sizes or other types.
    """
    detector = FaceDetector()
    faces: list[_Candidate] = []
    size, count = (0, 0), 0
    often, patience = max(1, round(fps / 2)), max(1, round(PATIENCE * fps))
    try:
        for frame in frames:
            size = size if count else (frame.shape[1], frame.shape[0])
            check_frame(frame, *size)
            for face in faces:
                face.step(frame, patience)
            _drop_doubles(faces)
            for depth in depths(*size):
                if count % often or (depth and count % (4 * often)):
                    break
                _find_more(detector.find(frame, depth), frame, faces, limit, count)
                if any(face.follower.alive for face in faces):
                    break
            count += 1
    finally:
        detector.close()
        for face in faces:
            face.follower.close()
    tracks = [track_of(face.rows, size[0], size[1], fps) for face in faces]
    tracks = [track for track in tracks if track.present.mean() >= 0.1]
    return sorted(tracks, key=lambda track: -_weight(track))


def _drop_doubles(faces: list[_Candidate]) -> None:
    """Where two followers have come to the same face, the one that was there first keeps it."""
    for k, face in enumerate(faces):
        box = face.follower.box
        if face.follower.alive and box is not None and any(other.is_at(box) for other in faces[:k]):
            face.drop()


def _find_more(boxes: list[Box], frame: NDArray[np.uint8], faces: list[_Candidate], limit: int, count: int) -> None:
    """Gives faces that nobody follows to the follower that lost one there, or to a new one."""
    for box in boxes:
        if any(face.is_at(box) for face in faces):
            continue
        idle = [
            (box.distance(face.follower.box), k)
            for k, face in enumerate(faces)
            if not face.follower.alive and face.follower.box is not None and is_near(box, face.follower.box)
        ]
        if idle:
            face = faces[min(idle)[1]]
            face.rows[-1] = face.follower.acquire(frame, box)
            face.lost = 0 if face.follower.alive else face.lost
        elif len(faces) < limit:
            follower = FaceFollower()
            landmarks = follower.acquire(frame, box)
            if landmarks is None:
                follower.close()
            else:
                faces.append(_Candidate(follower, [*([None] * count), landmarks]))


def _weight(track: FaceTrack) -> float:
    across = track.landmarks[track.present, :, 0]
    return float(np.ptp(across, axis=1).sum())


def track_of(rows: list[NDArray[np.float32] | None], width: int, height: int, fps: float) -> FaceTrack:
    """Per-frame landmarks, None where the face is missing, as a `FaceTrack` with NaN rows."""
    landmarks = np.full((len(rows), POINTS, 3), np.nan, dtype=np.float32)
    for k, row in enumerate(rows):
        if row is not None:
            landmarks[k] = row
    present = np.array([row is not None for row in rows], dtype=np.bool_)
    return FaceTrack(landmarks, present, width, height, fps)


def check_frame(frame: NDArray[np.uint8], width: int, height: int) -> None:
    """Raises ValueError unless the frame is uint8 RGB of that size."""
    if frame.dtype != np.uint8 or frame.shape != (height, width, 3):
        raise ValueError(f"expected a uint8 frame ({height}, {width}, 3), found {frame.dtype} {frame.shape}")
