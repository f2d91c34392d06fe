"""From a picture to what the network sees, and back: crops, the blacked out half, the drawn face pasted in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.models.wav2lip.boxes import Box, Picture
from bench.models.wav2lip.drawing import StillFace
from bench.models.wav2lip.network import SIDE, Wav2Lip
from bench.models.wav2lip.windows import speech


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


def speaking_portrait(
    network: Wav2Lip, portrait: Picture, box: Box, sound: NDArray[np.floating], fps: float, frames: int, batch: int
) -> Iterator[Picture]:
    """A portrait that speaks, frame by frame; all but the face stands still.

    Args:
        network: a folded one, see `bench.models.wav2lip.drawing`.
        portrait: RGB ``(H, W, 3)``. box: of its face. sound: ``(S,)`` at 16 kHz. batch: faces drawn at once.
    """
    still = StillFace(network, _like(network, network_input(cut(portrait, box)[None])))
    for mel in speech(sound, fps, frames, batch):
        drawn = network_output(still(_like(network, mel)).cpu().numpy())
        yield from (paste(portrait, box, face) for face in drawn)


def speaking_video(
    network: Wav2Lip,
    shown: Iterator[tuple[Picture, Box]],
    sound: NDArray[np.floating],
    fps: float,
    frames: int,
    batch: int,
) -> Iterator[Picture]:
    """A video whose face says something else, frame by frame.

    Args:
        network: a folded one. shown: frames and the boxes of their faces, at least `frames` of them.
        sound, batch: as of `speaking_portrait`.
    """
    for mel in speech(sound, fps, frames, batch):
        pictures = list(islice(shown, len(mel)))
        faces = network_input(np.stack([cut(frame, box) for frame, box in pictures]))
        with torch.inference_mode():
            drawn = network_output(network(_like(network, mel), _like(network, faces)).cpu().numpy())
        yield from (paste(frame, box, face) for (frame, box), face in zip(pictures, drawn, strict=True))


def _like(network: Wav2Lip, values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values).to(next(network.parameters()))
