"""EAMM at work: one portrait, speech, head poses and a face that shows an emotion to frames, in batches, as they are asked for.

What is done, in which order and with which constants is that of ``demo.py`` of github.com/jixinya/EAMM, whose keypoints are
absolute by default: where the speech network puts them, not what has changed since its first frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.models.eamm.audio import SpeechMotion, State
from bench.models.eamm.crop import Array, Picture
from bench.models.eamm.emotion import EmotionDisplacement
from bench.models.eamm.expression import Face
from bench.models.eamm.generator import Generator
from bench.models.eamm.keypoints import FeatureKeypoints, Keypoints, PictureKeypoints
from bench.models.eamm.one_euro import OneEuro
from bench.models.eamm.speech import FPS, windows

SPEECH_WEIGHT = 1.6
"""Factor on what the speech says, against portrait and head pose."""
EMOTIONAL = {1: 0.2, 4: 1.0, 6: 1.0}
"""Keypoints that an emotion displaces, and factors; the network's fourth displacement is not used."""
TOGETHER = 8
"""Frames whose keypoints are found in one call."""


@dataclass(frozen=True)
class Networks:
    """The five networks, frozen, on one device."""

    speech: SpeechMotion
    spoken: FeatureKeypoints
    emotion: EmotionDisplacement
    picture: PictureKeypoints
    generator: Generator

    @property
    def device(self) -> torch.device:
        return self.generator.final.weight.device


@dataclass(frozen=True)
class Request:
    """What is to be drawn.

    Attributes:
        portrait: ``(256, 256, 3)`` RGB, cropped. sound: ``(S,)`` float32 at 16 kHz; silence follows where it ends early.
        poses: ``(T, 6)`` of the head, at 25 a second, one for each frame of motion.
        emotion: ``(E, 512)`` of `emotion_features`, at 25 a second, shown over and over; None shows none.
    """

    portrait: Picture
    sound: NDArray[np.float32]
    poses: Array
    emotion: Tensor | None


def motion_frames(frames: int, fps: float) -> NDArray[np.int64]:
    """Which frame at 25 a second is nearest in time to each frame of a video, ``(frames,)``."""
    return np.floor(np.arange(frames) / fps * FPS + 0.5).astype(np.int64)


@torch.inference_mode()
def emotion_features(networks: Networks, faces: Iterable[Face]) -> Tensor:
    """``(E, 512)`` of faces ``(256, 256, 3)`` in 0..1 that show an emotion; none is kept."""
    left, found = iter(faces), []
    while some := list(islice(left, TOGETHER)):
        stacked = torch.from_numpy(np.stack(some)).permute(0, 3, 1, 2)
        found.append(networks.emotion.features(stacked.to(networks.device)))
    return torch.cat(found)


def frames(networks: Networks, request: Request, shown: NDArray[np.int64], batch: int) -> Iterator[Picture]:
    """The frames of a video, ``(256, 256, 3)`` RGB; memory does not grow with their number but for sound and poses.

    Args:
        shown: which frames of motion, ``(N,)``, never falling; those left out are not drawn, repeated ones drawn once.
        batch: frames drawn in one call.
    """
    source = torch.from_numpy(request.portrait).to(networks.device).permute(2, 0, 1)[None].float() / 255
    times = dict(zip(*(each.tolist() for each in np.unique(shown, return_counts=True)), strict=True))
    with torch.inference_mode():
        look, own = networks.generator.encode(source), networks.picture(source)
    wanted = ((number, points) for number, points in enumerate(keypoints(networks, request, source)) if number in times)
    while some := list(islice(wanted, batch)):
        with torch.inference_mode():
            driving = Keypoints(*_read(np.stack([points for _, points in some]), source))
            made = networks.generator(look, driving, own).mul_(255).round_().to(torch.uint8)
        pictures = made.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        for (number, _), picture in zip(some, pictures, strict=True):
            for _ in range(times[number]):
                yield picture


def keypoints(networks: Networks, request: Request, source: Tensor) -> Iterator[Array]:
    """Keypoints ``(10, 6)`` of each frame of motion, place and Jacobian, smoothed, the emotion's displacement added.

    Args:
        source: the cropped portrait ``(1, 3, 256, 256)`` in 0..1.
    """
    smooth, smooth_emotion = OneEuro(0.05, 8), OneEuro(1, 0.2)
    for spoken, displaced in _found(networks, request, source):
        for number, sample in enumerate(spoken):
            points = smooth(sample * 10) / 10
            if displaced is not None:
                moved = smooth_emotion(displaced[number] * 100) / 100
                for row, (place, factor) in enumerate(EMOTIONAL.items()):
                    points[place] += factor * moved[row]
            yield points


def _found(networks: Networks, request: Request, source: Tensor) -> Iterator[tuple[Array, Array | None]]:
    """As the networks find them, a few frames together: keypoints ``(T, 10, 6)``, and displacements ``(T, 4, 6)``."""
    state: State | None = None
    emotion = request.emotion
    with torch.inference_mode():
        looks = networks.speech.looks(source)
    for first in range(0, len(request.poses), TOGETHER):
        poses = request.poses[first : first + TOGETHER]
        with torch.inference_mode():
            heard = torch.from_numpy(windows(request.sound, first, len(poses))).to(source)
            pose = torch.from_numpy(poses).to(source)
            maps, state = networks.speech.step(looks, heard[None], pose[None], SPEECH_WEIGHT, state)
            spoken = networks.spoken(maps[0])
            displaced = None
            if emotion is not None:
                number = torch.arange(first, first + len(poses), device=source.device) % len(emotion)
                displaced = _numbers(networks.emotion.some_points(emotion[number], spoken))
        yield _numbers(spoken), displaced


def _numbers(points: Keypoints) -> Array:
    joined = torch.cat([points.value, points.jacobian.flatten(2)], dim=2)
    return np.asarray(joined.double().cpu().numpy(), np.float64)


def _read(numbers: Array, like: Tensor) -> tuple[Tensor, Tensor]:
    joined = torch.from_numpy(numbers).to(like)
    return joined[..., :2], joined[..., 2:].unflatten(2, (2, 2))
