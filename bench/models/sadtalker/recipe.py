"""SadTalker at work: speech and a portrait to motion coefficients, those to keypoints and frames, in batches, as they are taken.

What is done, in which order and with which constants is that of ``inference.py`` of github.com/OpenTalker/SadTalker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.models.eamm.crop import Array, Picture
from bench.models.facevid2vid.portraits import to_pictures
from bench.models.inference.vid2vid import drawing
from bench.models.sadtalker.expression import EXPRESSION, ExpressionNetwork, blinks
from bench.models.sadtalker.generator import SadTalkerGenerator
from bench.models.sadtalker.head import NOISE, STEPS, HeadMotionNetwork, smoothed
from bench.models.sadtalker.keypoints import transform_keypoints
from bench.models.sadtalker.mapping import COEFFICIENTS, RADIUS, WINDOW, MappingNetwork
from bench.models.sadtalker.reconstruction import FaceReconstruction
from bench.models.sadtalker.speech import fitted, windows
from space_ref.vid2vid.inference import freeze
from space_ref.vid2vid.keypoints import KPDetector

HEADS = ("added", "followed", "still")
"""How heads move: as PoseVAE draws, and as the pose source moves; as the pose source alone; not at all. See `head_poses`."""
TOGETHER = 8
"""Faces that are reconstructed in one call."""


@dataclass(frozen=True)
class Networks:
    """All networks on one device."""

    reconstruction: FaceReconstruction
    expression: ExpressionNetwork
    head: HeadMotionNetwork
    mapping: MappingNetwork
    detector: KPDetector
    generator: SadTalkerGenerator

    @property
    def like(self) -> Tensor:
        """A tensor of the kind and on the device that the networks take."""
        return self.expression.mapping1.weight

    def for_inference(self) -> Networks:
        """The same networks with norms and doublings worked into their weights; these ones are used up."""
        freeze(self.detector)
        drawing(self.generator)
        return self


@dataclass(frozen=True)
class Request:
    """What is to be said, and how.

    Attributes:
        portrait: its coefficients ``(70,)``. sound: ``(S,)`` at 16 kHz; silence follows where it ends early.
        frames: at 25 a second. poses: of the pose source ``(P, 6)``, shown again where it is shorter; None: there is none.
        head: one of `HEADS`. style: 0..45, of the head's motion. scale: factor on the expression.
    """

    portrait: Array
    sound: NDArray[np.floating]
    frames: int
    poses: Array | None = None
    head: str = "added"
    style: int = 0
    scale: float = 1.0


@torch.inference_mode()
def face_coefficients(networks: Networks, faces: Iterable[Picture]) -> Array:
    """Coefficients ``(N, 70)`` of aligned faces ``(224, 224, 3)``; none is kept."""
    left, found = iter(faces), [np.empty((0, COEFFICIENTS))]
    while some := list(islice(left, TOGETHER)):
        seen = torch.from_numpy(np.stack(some)).permute(0, 3, 1, 2).to(networks.like) / 255
        found.append(_numbers(networks.reconstruction.motion(seen)))
    return np.concatenate(found)


@torch.inference_mode()
def motion(networks: Networks, request: Request, seed: int) -> Array:
    """Coefficients ``(T, 70)`` of all frames; of a chunk of the speech only they are kept."""
    chance = np.random.default_rng(seed)
    sound = fitted(request.sound, request.frames)
    shut = blinks(request.frames, chance.random)
    expression = request.scale * spoken_expression(networks, sound, request.portrait[:EXPRESSION], shut)
    return np.concatenate([expression, head_poses(networks, request, sound, chance.standard_normal)], axis=1)


def spoken_expression(networks: Networks, sound: Array, portrait: Array, shut: Array) -> Array:
    """Expression ``(T, 64)`` of T frames whose eyes are `shut` ``(T,)``; `portrait` ``(64,)`` is that of the portrait."""
    like, found = networks.like, []
    own = torch.from_numpy(portrait).to(like)
    for first in range(0, len(shut), STEPS):
        some = torch.from_numpy(shut[first : first + STEPS]).to(like)
        heard = torch.from_numpy(windows(sound, first, len(some))).to(like)
        found.append(_numbers(networks.expression(heard, own, some)))
    return np.concatenate(found)


def head_poses(networks: Networks, request: Request, sound: Array, normal: Callable[[int], Array]) -> Array:
    """Head pose ``(T, 6)`` of all frames.

    The script adds what the pose source has done since its first frame to what PoseVAE draws (``added``); ``still`` is its
    ``--still``. ``followed``, without PoseVAE's part, is not in the script.

    Args:
        normal: draws so many numbers.
    """
    own = request.portrait[EXPRESSION:]
    poses = np.tile(own, (request.frames, 1))
    if request.head == "added":
        poses = smoothed(own + drawn_motion(networks, request, sound, normal))
    if request.head != "still" and request.poses is not None:
        shown = request.poses[np.arange(request.frames) % len(request.poses)]
        poses = poses + (shown - request.poses[0])
    return poses


def drawn_motion(networks: Networks, request: Request, sound: Array, normal: Callable[[int], Array]) -> Array:
    """What PoseVAE adds to the portrait's pose, ``(T, 6)``: none in the first frame, then draws of 32 frames each.

    The last draw hears the last 32 frames, and as many of its own are taken as are left.
    """
    like = networks.like
    own = torch.from_numpy(request.portrait[EXPRESSION:]).to(like)
    found = [np.zeros((1, len(own)))]
    for begin in range(1, request.frames, STEPS):
        end = min(begin + STEPS, request.frames)
        first = max(1, end - STEPS)
        heard = torch.from_numpy(windows(sound, first, end - first)).to(like)
        noise = torch.from_numpy(normal(NOISE)).to(like)
        found.append(_numbers(networks.head(heard, own, noise, request.style))[begin - end :])
    return np.concatenate(found)


def frames(
    networks: Networks, portrait: Picture, source: Array, coefficients: Array, shown: NDArray[np.int64], batch: int
) -> Iterator[Picture]:
    """The frames of a video, ``(256, 256, 3)`` RGB; memory does not grow with their number but for the coefficients.

    Args:
        portrait: ``(256, 256, 3)``. source: its coefficients ``(70,)``, or ``(73,)`` where the mapping network takes so many.
        coefficients: ``(T, 70)`` of all frames of motion.
        shown: which of them, ``(N,)``, never falling; those left out are not drawn, repeated ones drawn once.
        batch: frames drawn in one call.
    """
    with torch.inference_mode():
        picture = torch.from_numpy(portrait).permute(2, 0, 1)[None].to(networks.like) / 255
        look, canonical = networks.generator.appearance(picture), networks.detector(picture)
        still = source_keypoints(networks, canonical, source)
    numbers, times = np.unique(shown, return_counts=True)
    for first in range(0, len(numbers), batch):
        some = slice(first, first + batch)
        with torch.inference_mode():
            driving = driving_keypoints(networks, canonical, source, coefficients, numbers[some])
            pictures = to_pictures(networks.generator.render(look, still, driving).prediction)
        for picture_made, often in zip(pictures, times[some].tolist(), strict=True):
            for _ in range(often):
                yield picture_made


def source_keypoints(networks: Networks, canonical: Tensor, source: Array) -> Tensor:
    """Keypoints ``(1, 15, 3)`` of the portrait, as the mapping network has them, not as they are seen."""
    window = torch.from_numpy(source)[None, :, None].expand(1, -1, WINDOW).to(canonical)
    return transform_keypoints(canonical, networks.mapping(window))


def driving_keypoints(
    networks: Networks, canonical: Tensor, source: Array, coefficients: Array, numbers: NDArray[np.int64]
) -> Tensor:
    """Keypoints ``(B, 15, 3)`` of the frames of these numbers; the first and the last frame go on beyond the ends."""
    around = np.clip(numbers[:, None] + np.arange(-RADIUS, RADIUS + 1), 0, len(coefficients) - 1)
    window = coefficients[around].transpose(0, 2, 1)
    # Where a face is in its picture stays as it is in the portrait.
    place = np.broadcast_to(source[COEFFICIENTS:, None], (len(window), len(source) - COEFFICIENTS, WINDOW))
    told = torch.from_numpy(np.concatenate([window, place], axis=1)).to(canonical)
    return transform_keypoints(canonical, networks.mapping(told))


def _numbers(values: Tensor) -> Array:
    return np.asarray(values.double().cpu().numpy(), np.float64)
