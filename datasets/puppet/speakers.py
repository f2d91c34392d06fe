"""The people of the puppet data: portraits made into speakers that look calm, frontal and unlike each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.puppet.appearance import recolour
from datasets.puppet.errors import PuppetError
from datasets.puppet.face import Placement, align, mirrored_points, neutral_face
from datasets.puppet.recipes import Recipe
from datasets.puppet.renderer import PortraitMesh
from datasets.puppet.shape import calm, reshape, shut_lips
from datasets.puppet.soothe import soothe
from datasets.puppet.topology import OVAL

Locate = Callable[[NDArray[np.uint8]], NDArray[np.floating] | None]

_WORK = 512
"""Side of the picture that a speaker is made at; clips are no larger."""
_FACE_SHARE, _TIGHT_SHARE = 0.5, 0.6
"""Height of the face in the frame: the first where the portrait shows enough around it, the second at most."""
_FACE_CENTRE = 0.48
_MOST_TURNED = 25.0
"""Degrees that a portrait may look away from the camera."""


@dataclass(frozen=True)
class Speaker:
    """One person ready to be animated.

    Attributes:
        recipe: what the speaker was made from.
        picture: uint8 ``(512, 512, 3)``, calm and frontal.
        face: ``(478, 3)`` in the head frame (units of the distance between the irises, looking ahead).
        placement: where the face is in the picture; its rotation is the identity.
    """

    recipe: Recipe
    picture: NDArray[np.uint8]
    face: NDArray[np.float64]
    placement: Placement

    def at(self, size: int) -> tuple[PortraitMesh, Placement]:
        """The speaker at the size of a video: mesh and placement in pixels of a ``(size, size)`` frame."""
        picture = (
            cv2.resize(self.picture, (size, size), interpolation=cv2.INTER_AREA) if size != _WORK else self.picture
        )
        placement = self.placed(size)
        return PortraitMesh(np.asarray(picture, dtype=np.uint8), placement.apply(self.face)), placement

    def placed(self, size: int) -> Placement:
        """Where the face is in a ``(size, size)`` frame."""
        scale = size / _WORK
        # Pixel centres: the middle of the first pixel of a smaller picture lies between several of the larger one.
        half = np.array([0.5, 0.5, 0.0])
        moved = (self.placement.translation + half) * scale - half
        return Placement(self.placement.scale * scale, self.placement.rotation, moved)

    def unseen(self) -> Speaker:
        """The speaker without a picture: all that is needed where nothing is drawn, and small."""
        return replace(self, picture=np.zeros((0, 0, 3), np.uint8))


def make_speaker(recipe: Recipe, portraits: Mapping[str, NDArray[np.uint8]], locate: Locate) -> Speaker:
    """Make one speaker.

    Args:
        recipe: which portrait, and how it is changed.
        portraits: uint8 RGB pictures by name.
        locate: finds MediaPipe's 478 points ``(478, 3)`` in pixels of a picture, or None where there is no face.

    Raises:
        PuppetError: a portrait is not given, has no face, or looks aside.
    """
    if recipe.portrait not in portraits:
        raise PuppetError(
            f"portrait {recipe.portrait!r} of speaker {recipe.mead} is missing; given: {', '.join(portraits)}"
        )
    image = portraits[recipe.portrait]
    found = locate(image)
    if found is None:
        raise PuppetError(f"no face was found in portrait {recipe.portrait!r}: use a picture of one frontal face")
    picture, landmarks = _crop(image, np.asarray(found, dtype=np.float64))
    posed = align(neutral_face(), landmarks)
    turned = float(np.degrees(np.arccos(np.clip(posed.rotation[2, 2], -1.0, 1.0))))
    if turned > _MOST_TURNED:
        raise PuppetError(f"portrait {recipe.portrait!r} looks {turned:.0f} degrees aside: use a frontal one")
    face = reshape(calm(posed.invert(landmarks)), recipe.shape)
    upright = Placement(posed.scale, np.eye(3), posed.translation)
    made = PortraitMesh(soothe(picture, landmarks), landmarks).render(upright.apply(face))
    made = recolour(made, upright.apply(face), recipe.appearance)
    # Stretched skin is not where the mesh that stretched it says: a chin that was pulled down, say, ends at its shading.
    # The changed picture is a portrait like any other, so its points are found in it again.
    again = locate(made)
    if again is None:
        raise PuppetError(f"portrait {recipe.portrait!r} shows no face any more once it is changed into {recipe.mead}")
    face = upright.invert(np.asarray(again, dtype=np.float64))
    shut_lips(face)
    if recipe.appearance.mirror:
        made = np.ascontiguousarray(made[:, ::-1])
        face = face[mirrored_points()] * (-1, 1, 1)
        upright = upright._replace(translation=upright.translation * (-1, 1, 1) + (_WORK - 1, 0, 0))
    return Speaker(recipe, made, face, upright)


def _crop(image: NDArray[np.uint8], landmarks: NDArray[np.float64]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The square around the face as portrait data sets cut it, ``(512, 512, 3)``, and the landmarks in it."""
    outline = landmarks[list(OVAL), :2]
    centre, height = (outline.min(axis=0) + outline.max(axis=0)) / 2, float(np.ptp(outline[:, 1]))
    side = float(np.clip(min(image.shape[:2]), height / _TIGHT_SHARE, height / _FACE_SHARE))
    scale = _WORK / side
    shift = np.array([_WORK / 2, _WORK * _FACE_CENTRE]) - scale * centre
    matrix = np.column_stack([scale * np.eye(2), shift])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    if scale < 0.5:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / scale), dtype=np.uint8)
    cropped = cv2.warpAffine(image, matrix, (_WORK, _WORK), flags=how, borderMode=cv2.BORDER_REPLICATE)
    placed = landmarks * scale
    placed[:, :2] += shift
    return np.asarray(cropped, dtype=np.uint8), placed
