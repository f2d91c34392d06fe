"""A generated frame in the size of the reference frame that it is compared with, pixel by pixel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.base import Status, Unscorable

PROTOCOL = "generated frame resized to the reference's size, area down, cubic up; another shape undefined (a pixel a side may differ)"
"""Part of the protocol of every feature that looks at pairs of frames."""


def in_size_of(frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The frame ``(h, w, 3)`` as ``(H, W, 3)``, the size of the reference. One shape only: nothing is squeezed or cut.

    Raises:
        Unscorable: ``undefined`` where the shapes differ.
    """
    if frame.shape == reference.shape:
        return frame
    (height, width), (high, wide) = frame.shape[:2], reference.shape[:2]
    # Codecs want even sides and scalers round: the smaller of both may be a pixel off at each side.
    if abs(width * high - wide * height) > max(width + height, wide + high):
        raise Unscorable(
            Status.UNDEFINED,
            f"frames of {width}x{height} beside the reference's {wide}x{high} are of another shape; squeezing them would spoil "
            "the number. Cut both to the same part of the picture",
        )
    how = cv2.INTER_AREA if high < height else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(frame, (wide, high), interpolation=how), np.uint8)
