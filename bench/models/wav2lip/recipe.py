"""From a picture to what the network sees, and back: crops, the blacked out half, the drawn face pasted in."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.models.wav2lip.boxes import Box, Picture
from bench.models.wav2lip.network import SIDE


def cut(frame: Picture, box: Box) -> Picture:
    """The face ``(96, 96, 3)``: the box, stretched to a square.

    Raises:
        ValueError: the box has no pixel.
    """
    left, top, right, bottom = box
    if right <= left or bottom <= top:
        raise ValueError(f"the box of the face is empty: left {left}, top {top}, right {right}, bottom {bottom}")
    return np.asarray(cv2.resize(frame[top:bottom, left:right], (SIDE, SIDE)), np.uint8)


def network_input(faces: NDArray[np.uint8]) -> NDArray[np.float64]:
    """``(N, 6, 96, 96)`` BGR in 0..1 of RGB faces ``(N, 96, 96, 3)``: first with their lower half black, then whole."""
    whole = faces[..., ::-1].transpose(0, 3, 1, 2) / 255.0
    masked = whole.copy()
    masked[:, :, SIDE // 2 :] = 0
    return np.concatenate([masked, whole], axis=1)


def network_output(drawn: NDArray[np.floating]) -> NDArray[np.uint8]:
    """RGB faces ``(N, 96, 96, 3)`` of ``(N, 3, 96, 96)`` BGR in 0..1; decimals are cut off, as the public code does."""
    return (drawn.transpose(0, 2, 3, 1)[..., ::-1] * 255.0).astype(np.uint8)


def paste(frame: Picture, box: Box, face: Picture) -> Picture:
    """The frame with a drawn face, stretched back, in the place of its box."""
    left, top, right, bottom = box
    pasted = frame.copy()
    pasted[top:bottom, left:right] = cv2.resize(face, (int(right - left), int(bottom - top)))
    return pasted
