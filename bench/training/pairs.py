"""Training data of face-vid2vid: two frames of one clip, changed alike."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, default_collate

from bench.errors import BenchError
from bench.training.augment import Change, PictureAugment
from bench.training.draws import Draws, Sample
from bench.training.store import Store, StoredClip
from metrics.rigid import head_pose

FRAMES_A_DRAW = 25
"""Frames of a clip that make one draw of an epoch: about a second."""


class Pairs(Dataset[Sample]):
    """Item n: ``source``, ``driving`` ``(3, S, S)`` in 0..1, their ``_landmarks`` ``(478, 3)`` in frame units and their
    ``_angles`` ``(3,)``: pitch, yaw, roll in degrees. Only frames with a face are drawn.

    Args:
        store: where from. seed: of all choices.
        augment: how the pictures are changed; None leaves them as they are (held-out data).
        clips: names to draw from; None for all.
        cross_clip: probability that the driving frame comes from another clip of the same speaker.

    Raises:
        BenchError: no clip, or one that the store does not have.
    """

    def __init__(
        self, store: Store, seed: int = 0, augment: PictureAugment | None = None, clips: Collection[str] | None = None,
        cross_clip: float = 0.0,
    ) -> None:  # fmt: skip
        self._store, self._augment, self._cross_clip = store, augment, cross_clip
        self._clips = [row for row in chosen(store, clips) if row.drawn]
        if not self._clips:
            raise BenchError(f"training store {store.root}: no clip with pictures to draw pairs from")
        self._draws = Draws([row.frames for row in self._clips], FRAMES_A_DRAW, seed)
        self._of: dict[str, list[StoredClip]] = {}
        for row in self._clips:
            self._of.setdefault(row.speaker, []).append(row)
        self._known = KnownFrames(store)

    def __len__(self) -> int:
        """Draws in an epoch; items go on beyond it."""
        return len(self._draws)

    def __getitem__(self, number: int) -> Sample:
        random = self._draws.random(number)
        source = driving = self._clips[self._draws.clip(number)]
        if random.random() < self._cross_clip:
            mates = self._of[source.speaker]
            driving = mates[int(random.integers(len(mates)))]
        change = Change(self._augment, random) if self._augment is not None else None
        sample: Sample = {}
        for name, row in (("source", source), ("driving", driving)):
            frame = int(random.choice(self._known.of(row.clip)))
            picture, points = self._changed(row.clip, frame, change)
            if change is not None and name == "source":
                picture = change.noisy(picture, random)
            sample |= _named(name, picture, points)
        return _with_angles(sample)

    def driven(self, frames: int) -> Sample:
        """The first `frames` frames with a face of the first clip, as they are, each as ``driving`` beside the first one
        as ``source``: a batch of what items hold."""
        row = self._clips[0]
        known = self._known.of(row.clip)[:frames]
        source = _named("source", *self._changed(row.clip, int(known[0]), None))
        drivings = (_named("driving", *self._changed(row.clip, int(frame), None)) for frame in known)
        batch: Sample = default_collate([_with_angles(source | driving) for driving in drivings])
        return batch

    def _changed(self, clip: str, frame: int, change: Change | None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        picture, points = self._store.frame(clip, frame), np.array(self._store.landmarks(clip)[frame])
        if change is None:
            return picture.astype(np.float32) / 255, points
        return change.picture(picture, points), change.landmarks(points)


def _named(name: str, picture: NDArray[np.float32], points: NDArray[np.float32]) -> Sample:
    return {
        name: torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))),
        f"{name}_landmarks": torch.from_numpy(points),
    }


def _with_angles(sample: Sample) -> Sample:
    landmarks = np.stack([sample["source_landmarks"].numpy(), sample["driving_landmarks"].numpy()])
    # The fit takes any unit: frame units and pixels differ by a scale and a shift.
    angles = torch.from_numpy(head_pose(landmarks).angles.astype(np.float32))
    return {**sample, "source_angles": angles[0], "driving_angles": angles[1]}


class KnownFrames:
    """Which frames of a clip show a face; each clip is looked through once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, NDArray[np.intp]] = {}

    def of(self, clip: str) -> NDArray[np.intp]:
        """Their numbers, rising; a store has no clip without any."""
        if clip not in self._known:
            self._known[clip] = np.flatnonzero(np.isfinite(self._store.landmarks(clip)[:, 0, 0]))
        return self._known[clip]


def chosen(store: Store, clips: Collection[str] | None) -> list[StoredClip]:
    """Rows of these clips, in the order of the store.

    Raises:
        BenchError: the store lacks one of them.
    """
    if clips is None:
        return list(store.clips.values())
    missing = sorted(set(clips) - store.clips.keys())
    if missing:
        raise BenchError(f"training store {store.root} has no clip {missing[0]!r} ({len(missing)} are missing)")
    wanted = set(clips)
    return [row for row in store.clips.values() if row.clip in wanted]


def emotion_vector(emotion: str | None, level: int | None, order: tuple[str, ...]) -> Tensor:
    """Intensities ``(8,)`` of a clip's label: level / 3, or 1 where the dataset has no levels; 0 without a label.

    Raises:
        BenchError: a label outside `order`.
    """
    vector = torch.zeros(len(order))
    if emotion is not None:
        if emotion not in order:
            raise BenchError(f"emotion {emotion!r} is none of {', '.join(order)}")
        vector[order.index(emotion)] = 1.0 if level is None else min(1.0, level / 3)
    return vector
