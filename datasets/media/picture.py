"""One picture between the codec's world (planes, matrices, orientation) and ours: RGB uint8 ``(H, W, 3)``, upright."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.sidedata.sidedata import SideData
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

# Exact arithmetic, so that pixels do not depend on which vector instructions the processor has.
_SCALING = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT

_ALMOST_SQUARE = 0.02
"""Pixel aspects within 2 % of 1 are rounding left behind by somebody's scaling; resampling for them only blurs."""

LIMITED_RANGE = 1  # AVCOL_RANGE_MPEG
FULL_RANGE = 2  # AVCOL_RANGE_JPEG
UNTAGGED, BT470BG, BT601 = 2, 5, 6  # AVCOL_SPC_UNSPECIFIED, _BT470BG, _SMPTE170M: read by one matrix


class ToRgb:
    """Decoded frames to upright RGB arrays with square pixels, all of the first frame's size.

    Args:
        pixel_aspect: width of a stored pixel over its height, where the stream says.
    """

    def __init__(self, pixel_aspect: Fraction | None = None) -> None:
        self._reformatter = VideoReformatter()  # kept: setting one up costs more than using it
        aspect = float(pixel_aspect) if pixel_aspect else 1.0
        self._aspect = 1.0 if abs(aspect - 1) < _ALMOST_SQUARE else aspect
        self._size: tuple[int, int] | None = None

    def __call__(self, frame: av.VideoFrame) -> Frame:
        if self._size is None:
            self._size = max(1, round(frame.width * self._aspect)), frame.height
        width, height = self._size
        rgb = self._reformatter.reformat(frame, width, height, "rgb24", interpolation=_SCALING, threads=1)
        return upright(np.asarray(rgb.to_ndarray(), dtype=np.uint8), display_matrix(frame))


class FromRgb:
    """RGB arrays to 4:2:0 frames (BT.601, limited range); an odd side is grown by one, repeating the edge.

    BT.601, because readers that ignore the tags of a stream assume it.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def __call__(self, picture: Frame) -> av.VideoFrame:
        height, width = picture.shape[:2]
        if height % 2 or width % 2:
            picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        return self._reformatter.reformat(
            rgb,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU601,
            dst_color_range=LIMITED_RANGE,
            interpolation=_SCALING,
            threads=1,
        )


def display_matrix(frame: av.VideoFrame) -> NDArray[np.int32] | None:
    """The 2x2 part ``[[a, b], [c, d]]`` of the frame's display matrix (16.16 fixed point), or None without one."""
    for key in frame.side_data:
        data = cast(SideData, key)  # iterating this mapping gives its values
        if data.type.name == "DISPLAYMATRIX":
            return np.frombuffer(bytes(data), dtype=np.int32).reshape(3, 3)[:2, :2]
    return None


def colours(frame: av.VideoFrame) -> str:
    """The matrix and range by which the frame's colours are read, in a word; empty for those of a stream without tags.

    They may stand in the container alone, so that the same packets show two pictures.
    """
    plain = frame.colorspace in (UNTAGGED, BT470BG, BT601) and frame.color_range != FULL_RANGE
    return "" if plain else f"{frame.colorspace}/{frame.color_range}"


def mirrored(matrix: NDArray[np.int32] | None) -> bool:
    """Whether a display matrix (see `display_matrix`) does more than turn."""
    if matrix is None:
        return False
    (a, b), (c, d) = matrix.tolist()
    return bool(a * d - b * c < 0)


def upright(picture: Frame, matrix: NDArray[np.int32] | None) -> Frame:
    """Turn and mirror a stored picture for display, by quarter turns (nothing else is in use).

    A stored point ``(x, y)`` is shown at ``(a x + c y, b x + d y)``: ISO/IEC 14496-12, 6.2.2.
    """
    if matrix is None:
        return picture
    (a, b), (c, d) = matrix.tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        across, down = a, d
    else:
        picture, across, down = picture.transpose(1, 0, 2), c, b
    if across < 0:
        picture = picture[:, ::-1]
    if down < 0:
        picture = picture[::-1]
    return np.ascontiguousarray(picture)
