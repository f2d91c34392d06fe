"""The face tracker: MediaPipe's face mesh with irises (478 points), on a window that follows the face.

The mesh network is shown either the whole frame (small square frames that the face fills, the standard clips) or a
square window around the face, resized to a fixed size. So a face of 40 pixels in a full-body shot is measured like a
portrait, and a frame of any size costs the same. It is never shown anything but squares: on others MediaPipe projects
the points of a tilted face back wrongly. Nothing is remembered from one video to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.base import FaceTrack
from metrics.features import face_detect
from metrics.features.face_detect import Box, FaceDetector
from metrics.features.quiet import native_stderr_silenced

POINTS = 478
MIN_CONFIDENCE = 0.5
WINDOW_SCALE = 2.0
"""Side of the window over the longer side of the face's bounding box (the mesh itself looks at 1.5)."""
WINDOW_PIXELS = 320
WHOLE_MAX = 400
"""Square frames up to this size are shown whole if the face fills `WHOLE_SHARE` of their side."""
WHOLE_SHARE = 0.25
SLACK = 0.1
"""The window stands still while the face stays this close to its centre and to its size (both relative)."""
MAX_JUMP = 0.6
"""A mesh whose centre moved by more than this many face sizes in one frame is another face, or none."""
PATIENCE = 1.0
"""Seconds for which a lost face is waited for near its last place before another one is taken."""

PROTOCOL: Mapping[str, Any] = {
    "tracker": "mediapipe.solutions.face_mesh",
    "mediapipe": version("mediapipe"),
    "refine_landmarks": True,
    "min_confidence": MIN_CONFIDENCE,
    "window": {"scale": WINDOW_SCALE, "pixels": WINDOW_PIXELS, "slack": SLACK},
    "whole": {"square_max": WHOLE_MAX, "share": WHOLE_SHARE},
    "max_jump": MAX_JUMP,
    "patience_seconds": PATIENCE,
    "choice": "side * (1 - 0.5 * distance to centre / half diagonal)",
    "detection": dict(face_detect.PROTOCOL),
}


class FaceFollower:
    """Follows one face through consecutive frames; the caller says where to begin.

    Attributes:
        box: where the face was last, None before `acquire`.
        alive: whether the last frame showed it.
    """

    def __init__(self) -> None:
        from mediapipe.python.solutions.face_mesh import FaceMesh

        with native_stderr_silenced():
            self._mesh = FaceMesh(
                static_image_mode=False,
                max_num_faces=1,
                refine_landmarks=True,
                min_detection_confidence=MIN_CONFIDENCE,
                min_tracking_confidence=MIN_CONFIDENCE,
            )
            self._mesh.process(np.zeros((64, 64, 3), np.uint8))
        self.reset()

    def reset(self) -> None:
        """Forgets everything: before its next frame MediaPipe's graph is restarted, which gives the bits of a new one."""
        self._started = False
        self._window: tuple[float, float, float] | None = None
        self.box: Box | None = None
        self.alive = False

    def close(self) -> None:
        """Frees the graph; the follower cannot be used afterwards."""
        self._mesh.close()

    def acquire(self, frame: NDArray[np.uint8], box: Box) -> NDArray[np.float32] | None:
        """Begins, or begins again, at a detected face. Landmarks ``(478, 3)``, or None if the mesh sees no face there.

        The detector's box only starts it: the frame is looked at again with the window and the region that follow from
        the landmarks, so that the first frame is measured like all others.
        """
        self._window, self.alive = self._window_for(frame, box), False
        self._started = False
        first = self._look(frame)
        if first is None or _box_of(first).distance(box) > MAX_JUMP:
            return None
        self._window = self._window_for(frame, _box_of(first))
        self._started = False
        self._look(frame)
        return self._accept(self._look(frame), _box_of(first))

    def follow(self, frame: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """The next frame of a face that is `alive`: landmarks ``(478, 3)``, or None if it is lost."""
        if self.box is None:
            raise RuntimeError("follow before acquire")
        self._move_window(frame)
        return self._accept(self._look(frame), self.box)

    def _accept(self, landmarks: NDArray[np.float32] | None, before: Box) -> NDArray[np.float32] | None:
        self.alive = landmarks is not None and _box_of(landmarks).distance(before) <= MAX_JUMP
        if landmarks is None or not self.alive:
            return None
        self.box = _box_of(landmarks)
        return landmarks

    def _window_for(self, frame: NDArray[np.uint8], box: Box) -> tuple[float, float, float] | None:
        height, width = frame.shape[:2]
        if height == width <= WHOLE_MAX and box.side >= WHOLE_SHARE * width:
            return None
        return box.x, box.y, WINDOW_SCALE * box.side

    def _move_window(self, frame: NDArray[np.uint8]) -> None:
        """Moves the window only by what the face exceeds its slack: each move of it would add noise to still points."""
        if self.box is None:
            return
        if self._window is None:
            # A face that moved away from the camera: leave the whole frame with some slack, so as not to flicker.
            if self.box.side < 0.8 * WHOLE_SHARE * frame.shape[1]:
                self._window = (self.box.x, self.box.y, WINDOW_SCALE * self.box.side)
                self._started = False
            return
        x, y, side = self._window
        slack, wanted = SLACK * self.box.side, WINDOW_SCALE * self.box.side
        self._window = (
            min(max(x, self.box.x - slack), self.box.x + slack),
            min(max(y, self.box.y - slack), self.box.y + slack),
            min(max(side, (1 - SLACK) * wanted), (1 + SLACK) * wanted),
        )

    def _look(self, frame: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        left, top, side, view = 0, 0, frame.shape[1], frame
        if self._window is not None:
            x, y, wanted = self._window
            side = max(round(wanted), 8)
            left, top = round(x - side / 2), round(y - side / 2)
            view = _resize(_cut(frame, left, top, side), WINDOW_PIXELS)
        view = np.ascontiguousarray(view).view()
        view.flags.writeable = False  # lets MediaPipe read the pixels without copying them
        faces = self._process(view).multi_face_landmarks
        if not faces:
            return None
        points = np.array([(p.x, p.y, p.z) for p in faces[0].landmark], dtype=np.float64)
        points *= side
        points[:, :2] += (left, top)
        return points.astype(np.float32)


    def _process(self, view: NDArray[np.uint8]) -> Any:
        if self._started:
            return self._mesh.process(view)
        with native_stderr_silenced():
            self._mesh.reset()
            self._started = True
            return self._mesh.process(view)


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
        boxes = self._detector.find(frame, deep)
        if last is not None and wait:
            boxes = sorted((b for b in boxes if is_near(b, last)), key=lambda box: box.distance(last))
        for box in boxes:
            landmarks = self._follower.acquire(frame, box)
            if landmarks is not None:
                return landmarks
        return None


def locate(image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Landmarks ``(478, 3)`` float32 in pixels of the most prominent face of an RGB image, or None.

    As the first frame of a video would be measured. Loads the networks each time (some 50 ms): for single images.
    """
    tracker = FaceTracker()
    try:
        tracker.start(image.shape[1], image.shape[0], 1.0)
        return tracker.step(image)
    finally:
        tracker.close()


def candidates(frames: Iterable[NDArray[np.uint8]], fps: float, limit: int = 3) -> list[FaceTrack]:
    """Tracks of up to `limit` faces of one video, the one seen longest and largest first; empty if there is none.

    For data preparation, which picks the speaker among them. All frames are searched for new faces twice a second, and
    a face that returns near its last place continues its track. Tracks of under a tenth of the frames are left out.
    """
    detector = FaceDetector()
    followers: list[FaceFollower] = []
    rows: list[list[NDArray[np.float32] | None]] = []
    size, count = (0, 0), 0
    try:
        for frame in frames:
            size = size if count else (frame.shape[1], frame.shape[0])
            check_frame(frame, *size)
            for follower, row in zip(followers, rows, strict=True):
                row.append(follower.follow(frame) if follower.alive else None)
            if count % max(1, round(fps / 2)) == 0:
                _find_more(detector.find(frame), frame, followers, rows, limit, count)
            count += 1
    finally:
        detector.close()
        for follower in followers:
            follower.close()
    tracks = [track_of(row, size[0], size[1], fps) for row in rows]
    tracks = [track for track in tracks if track.present.mean() >= 0.1]
    return sorted(tracks, key=lambda track: -_weight(track))


def _find_more(
    boxes: list[Box],
    frame: NDArray[np.uint8],
    followers: list[FaceFollower],
    rows: list[list[NDArray[np.float32] | None]],
    limit: int,
    count: int,
) -> None:
    """Gives faces that nobody follows to the follower that lost one there, or to a new one."""
    for box in boxes:
        if any(f.alive and f.box is not None and f.box.distance(box) < MAX_JUMP for f in followers):
            continue
        idle = [k for k, f in enumerate(followers) if not f.alive and f.box is not None and is_near(box, f.box)]
        if idle:
            k = min(idle, key=lambda k: box.distance(followers[k].box or box))
            rows[k][-1] = followers[k].acquire(frame, box)
        elif len(followers) < limit:
            follower = FaceFollower()
            landmarks = follower.acquire(frame, box)
            if landmarks is None:
                follower.close()
                continue
            followers.append(follower)
            rows.append([*([None] * count), landmarks])


def _weight(track: FaceTrack) -> float:
    across = track.landmarks[track.present, :, 0]
    return float(np.ptp(across, axis=1).sum())


def is_near(box: Box, last: Box) -> bool:
    """Whether a detection may be the face that was last at another place: close by, and of about its size."""
    return box.distance(last) < 1.5 and 0.4 < box.side / last.side < 2.5


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


def _box_of(landmarks: NDArray[np.float32]) -> Box:
    low, high = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    x, y = (low + high) / 2
    return Box(float(x), float(y), float((high - low).max()), 1.0)


def _cut(frame: NDArray[np.uint8], left: int, top: int, side: int) -> NDArray[np.uint8]:
    """Square of the frame; what lies outside repeats the border, as the mesh's own cropping does."""
    height, width = frame.shape[:2]
    x0, y0 = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    x1, y1 = max(min(left + side, width), x0 + 1), max(min(top + side, height), y0 + 1)
    inside = frame[y0:y1, x0:x1]
    before_x, before_y = x0 - left, y0 - top
    after_x, after_y = left + side - x1, top + side - y1
    if max(before_x, before_y, after_x, after_y) <= 0:
        return inside
    edges = (max(before_y, 0), max(after_y, 0), max(before_x, 0), max(after_x, 0))
    return np.asarray(cv2.copyMakeBorder(inside, *edges, cv2.BORDER_REPLICATE), dtype=np.uint8)


def _resize(view: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    how = cv2.INTER_AREA if view.shape[0] > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(view, (side, side), interpolation=how), dtype=np.uint8)
