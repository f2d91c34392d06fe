"""One face followed through consecutive frames by MediaPipe's face mesh with irises (478 points).

The mesh network is shown either the whole frame (small square frames that the face fills, the standard clips) or a
square window around the face, resized to a fixed size. So a face of 40 pixels in a full-body shot is measured like a
portrait, and a frame of any size costs the same. It is never shown anything but squares: on others MediaPipe projects
the points of a tilted face back wrongly.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.features.face_detect import Box
from metrics.features.quiet import native_stderr_silenced

MIN_DETECTION = 0.7
"""Score of the short-range detector in the window, where a face begins or is lost. Measured: faces have 0.82 and more,
what the search on frames and tiles takes for faces and is none has 0.73 at most."""
MIN_TRACKING = 0.5
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

PROTOCOL: Mapping[str, Any] = {
    "tracker": "mediapipe.solutions.face_mesh",
    "mediapipe": version("mediapipe"),
    "refine_landmarks": True,
    "min_detection_confidence": MIN_DETECTION,
    "min_tracking_confidence": MIN_TRACKING,
    "window": {"scale": WINDOW_SCALE, "pixels": WINDOW_PIXELS, "slack": SLACK},
    "whole": {"square_max": WHOLE_MAX, "share": WHOLE_SHARE},
    "max_jump": MAX_JUMP,
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
                min_detection_confidence=MIN_DETECTION,
                min_tracking_confidence=MIN_TRACKING,
            )
            self._mesh.process(np.zeros((64, 64, 3), np.uint8))
        self.reset()

    def reset(self) -> None:
        """Forgets everything: before the next frame MediaPipe's graph is started anew, with the bits of a fresh one."""
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

    def reacquire(self, frame: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Looks for a lost face where it was last: finds small faces too, without a search of the whole frame."""
        return None if self.box is None else self.acquire(frame, self.box)

    def lose(self) -> None:
        """Lets go of the face, as if the last frame had not shown it."""
        self.alive = False

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
            # A face may be centred beyond the border; a window always keeps some of the frame.
            x, y = min(max(x, 0.0), frame.shape[1] - 1.0), min(max(y, 0.0), frame.shape[0] - 1.0)
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


def is_near(box: Box, last: Box) -> bool:
    """Whether a detection may be the face that was last at another place: close by, and of about its size."""
    return box.distance(last) < 1.5 and 0.4 < box.side / last.side < 2.5


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
