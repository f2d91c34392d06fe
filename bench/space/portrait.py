"""From any picture file to the square portrait that SPACE animates."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from bench.errors import BenchError
from datasets.standardize import face_crop_box
from metrics.features.face_mesh import candidates

LARGEST = 4096
"""Longer side in pixels above which a picture is shrunk first: no output needs more."""
MOST_PIXELS = 150_000_000
SMALLEST_FACE = 40
"""Pixels: below this width a face has no eyes and lips to speak of."""
MINOR = 0.5
"""A face narrower than this share of the largest one is a bystander and is not asked about."""


@dataclass(frozen=True)
class Portrait:
    """A face ready to be animated.

    Attributes:
        picture: RGB uint8 ``(S, S, 3)``.
        landmarks: ``(478, 3)`` float32 in pixels of `picture`.
    """

    picture: NDArray[np.uint8]
    landmarks: NDArray[np.float32]


def open_portrait(path: Path, size: int, crop: float, face: int | None = None) -> Portrait:
    """Read a picture, find its face and cut the square around it as the suite cuts clips.

    Args:
        path: any picture that Pillow reads; grey becomes RGB, transparency lies over white, EXIF turns are followed.
        size: side of the portrait in pixels. crop: side of the square over the side of the face box.
        face: which face counted from the left, from 1; None where there is only one.

    Raises:
        BenchError: unreadable picture; no face; several faces and no choice; a face too small.
    """
    image = read_picture(path)
    boxes = _faces(image)
    chosen = _choose(boxes, face, path)
    left, _, right, _ = boxes[chosen]
    if right - left < SMALLEST_FACE:
        raise BenchError(
            f"{path}: its face is {right - left:.0f} pixels wide; at least {SMALLEST_FACE} are needed. Use a larger picture"
        )
    height, width = image.shape[:2]
    square = face_crop_box(boxes[chosen : chosen + 1], width, height, crop)
    cut = image[square.top : square.top + square.side, square.left : square.left + square.side]
    how = cv2.INTER_AREA if square.side > size else cv2.INTER_CUBIC
    picture = np.asarray(cv2.resize(cut, (size, size), interpolation=how), np.uint8)
    landmarks = _landmarks_near(picture, (boxes[chosen] - [square.left, square.top] * 2) * (size / square.side))
    if landmarks is None:
        raise BenchError(f"{path}: its face was lost when it was cut out ({width}x{height}). Use another picture")
    return Portrait(picture, landmarks)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A picture file as RGB uint8 ``(H, W, 3)``, its longer side at most `LARGEST`.

    Raises:
        BenchError: the file is missing, is no picture, is cut off or is unreasonably large.
    """
    if not path.is_file():
        raise BenchError(f"{path}: no such picture{' (it is a folder)' if path.is_dir() else ''}")
    if not path.stat().st_size:
        raise BenchError(f"{path}: not a readable picture (the file is empty). Use a JPEG or PNG of one face")
    try:
        with warnings.catch_warnings():
            # Pillow warns from 89 megapixels on and refuses from 179 on; ours lies between.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path)
            if image.width * image.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            image.draft("RGB", (LARGEST, LARGEST))
            image.load()
        upright = ImageOps.exif_transpose(image)
        if max(upright.size) > LARGEST:
            upright.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
        return _rgb(upright)
    except Image.DecompressionBombError as error:
        raise BenchError(f"{path} is too large; at most {MOST_PIXELS // 10**6} megapixels. Shrink it first") from error
    except UnidentifiedImageError as error:
        kind = "HEIC, which is not read here" if _heic(path) else "no known format"
        raise BenchError(f"{path}: not a readable picture ({kind}). Use a JPEG or PNG of one face") from error
    except (OSError, SyntaxError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BenchError(f"{path}: not a readable picture ({reason}). Use a JPEG or PNG of one face") from error


def _heic(path: Path) -> bool:
    """Whether it is what telephones write unless told otherwise: its brand says so (ISO/IEC 23008-12)."""
    with path.open("rb") as file:
        return file.read(12)[4:] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftyphevc")


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith("I") or image.mode == "F":
        # 16-bit grey: its own range, or Pillow would cut everything above 255 off.
        values = np.asarray(image, np.float64)
        top = 65535.0 if values.max() > 255 else 255.0
        grey = np.rint(values.clip(0, top) * (255.0 / top)).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if "A" in image.getbands() or "transparency" in image.info:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, over)
    return np.ascontiguousarray(np.asarray(image.convert("RGB")))


def _faces(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Boxes ``(N, 4)`` left, top, right, bottom of the faces that matter, from left to right."""
    boxes = []
    for track in candidates([image], 1.0, limit=8):
        points = track.landmarks[0, :, :2].astype(np.float64)
        boxes.append(np.concatenate([points.min(axis=0), points.max(axis=0)]))
    if not boxes:
        return np.zeros((0, 4))
    found = np.array(sorted(boxes, key=lambda box: box[0]))
    wide = found[:, 2] - found[:, 0]
    return np.asarray(found[wide >= MINOR * wide.max()])


def _choose(boxes: NDArray[np.float64], face: int | None, path: Path) -> int:
    if not len(boxes):
        raise BenchError(f"{path}: no face was found. Use a picture of one person who looks at the camera")
    if face is not None:
        if not 1 <= face <= len(boxes):
            raise BenchError(f"{path}: face {face} was asked for, and it shows {len(boxes)}")
        return face - 1
    if len(boxes) > 1:
        places = "; ".join(f"{i}: {b[2] - b[0]:.0f} pixels wide at x={b[0]:.0f}" for i, b in enumerate(boxes, 1))
        raise BenchError(f"{path}: {len(boxes)} faces ({places}). Choose one with --face N, counted from the left")
    return 0


def _landmarks_near(picture: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """The landmarks of the face at that box of the cut picture: a neighbour may have come along into the square."""
    tracks = candidates([picture], 1.0, limit=4)
    middle = (box[:2] + box[2:]) / 2
    away = [float(np.linalg.norm(track.landmarks[0, :, :2].mean(axis=0) - middle)) for track in tracks]
    if not away or min(away) > (box[2] - box[0]) / 2:
        return None
    return tracks[int(np.argmin(away))].landmarks[0]
