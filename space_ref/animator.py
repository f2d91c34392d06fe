"""From speech to latent keypoints, chunk by chunk: what a portrait does while it speaks, before it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from space_ref.audio import MfccStream
from space_ref.controls import Controls
from space_ref.landmarks import HeadPose, compose, extend, pose_from_vector, pose_vector, relative
from space_ref.model import Source, Space


@dataclass(frozen=True, eq=False)
class Direction:
    """What the portrait shall do beside speaking.

    Attributes:
        emotion: ``(8,)`` intensities 0..1 in the order of `model.EMOTIONS`; all 0 leaves the expression open.
        pose: head pose of each frame of the whole video at the model's frame rate; None lets the pose generator choose.
        controls: blinks, gaze, mouth opening and rigid edits.
        seed: of everything that is drawn by chance: head motion, times of blinks.
    """

    emotion: Tensor
    pose: HeadPose | None = None
    controls: Controls = field(default_factory=Controls)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.emotion.dim() != 1 or not bool(((self.emotion >= 0) & (self.emotion <= 1)).all()):
            raise ValueError(f"emotion: expected intensities (8,) in 0..1, got {self.emotion.tolist()}")


class Animator:
    """Turns the speech of one video into latent keypoints. Memory does not grow with the length of the speech.

    Sound goes in as it comes; keypoints of a frame come out once its look-ahead has been heard. The result does not
    depend on how the sound was cut. One animator makes one video.

    Args:
        space: the model, in evaluation mode.
        source: of `Space.source`, one portrait.
        direction: what it shall do.
    """

    def __init__(self, space: Space, source: Source, direction: Direction) -> None:
        config = space.config
        self.space, self.source, self.direction = space, source, direction
        self._emotion = direction.emotion.to(source.keypoints)[None]
        self._mfcc = MfccStream(config.audio)
        self._speech = space.speech.start(source.normalized)
        self._latents = space.latents.start(source.keypoints, source.posed)
        self._chosen = config.normalize and direction.pose is None
        if self._chosen:
            random = torch.Generator().manual_seed(direction.seed)
            noise = torch.randn(1, config.pose.noise, generator=random).to(source.keypoints)
            self._pose = space.pose.start(pose_vector(source.pose, source.pose), noise)
        self._heard, self._faces, self._turns = (_Queue() for _ in range(3))
        self._received = self._taken = self._done = 0

    @property
    def frames(self) -> int:
        """How many frames have come out."""
        return self._done

    @torch.inference_mode()
    def push(self, samples: Tensor) -> Tensor:
        """Keypoints ``(n, K, 3)`` that the next samples ``(S,)`` make available; n may be 0.

        Args:
            samples: in -1..1 at ``config.audio.rate``.
        """
        self._hear(self._mfcc.push(samples.to(self.source.keypoints)))
        return self._advance()

    @torch.inference_mode()
    def finish(self, frames: int | None = None) -> Tensor:
        """The keypoints that are left when the sound has ended.

        Args:
            frames: length of the whole video; None: as long as the sound.

        Raises:
            ValueError: more than so many frames have been heard already.
        """
        self._hear(self._mfcc.finish(frames))
        self._faces.add(self.space.speech.finish(self._speech)[0])
        if self._chosen:
            self._turns.add(self.space.pose.finish(self._pose)[0])
        made = [self._advance()]
        if self._done < self._received:
            last = self.space.latents.finish(self._latents)[0]
            self._done += len(last)
            made.append(last)
        return torch.cat(made)

    def _hear(self, columns: Tensor) -> None:
        if not len(columns):
            return
        self._received += len(columns)
        self._heard.add(columns)
        faces, self._speech = self.space.speech.step(columns[None], self._emotion, self._speech)
        self._faces.add(faces[0])
        if self._chosen:
            turns, self._pose = self.space.pose.step(columns[None], self._pose)
            self._turns.add(turns[0])

    def _advance(self) -> Tensor:
        """Second stage for all frames whose landmarks and pose are here."""
        ready = min(len(self._faces), len(self._turns)) if self._chosen else len(self._faces)
        if not ready:
            return self.source.keypoints[:0]
        first, config = self._taken, self.space.config
        self._taken += ready
        faces, pose = self._faces.take(ready), self._poses(first, ready)
        faces, pose = self.direction.controls.apply(faces, pose, first, config.fps, self.direction.seed)
        posed = self.space.normalizer.pose(faces, pose)
        heard = self._heard.take(ready)
        made, self._latents = self.space.latents.step(posed[None], heard[None], self._emotion, self._latents)
        self._done += made.shape[1]
        return made[0]

    def _poses(self, first: int, count: int) -> HeadPose:
        if self._chosen:
            return pose_from_vector(self._turns.take(count), self.source.pose)
        if not self.space.config.normalize:
            # The head's motion is in the landmarks themselves.
            return self.source.pose.fixed(count)
        given = self.direction.pose
        assert given is not None
        if len(given) < first + count:
            raise ValueError(f"the given head pose has {len(given)} frames and frame {first + count - 1} needs one")
        return given[first : first + count].to(self.source.keypoints.device).to(self.source.keypoints.dtype)


class _Queue:
    """Frames ``(n, ...)`` that wait, first in first out."""

    def __init__(self) -> None:
        self._waiting: Tensor | None = None

    def __len__(self) -> int:
        return 0 if self._waiting is None else len(self._waiting)

    def add(self, frames: Tensor) -> None:
        self._waiting = frames if self._waiting is None else torch.cat([self._waiting, frames])

    def take(self, count: int) -> Tensor:
        assert self._waiting is not None
        taken, self._waiting = self._waiting[:count], self._waiting[count:].clone()
        return taken


def transfer(driver: HeadPose, source: HeadPose, rotation: Literal["absolute", "relative"] = "absolute") -> HeadPose:
    """The head pose of another video for this portrait, T frames.

    Shifts and changes of size are those since the driver's first frame, in units of the head, so that a portrait that
    was cut otherwise stays in its place.

    Args:
        driver: T frames, none missing (`landmarks.interpolate` bridges them). source: the portrait's, one frame.
        rotation: ``absolute`` turns the head as the driver's is turned; ``relative`` as it has turned since its first
            frame, from where the portrait looks.

    Raises:
        ValueError: the driver has no frames, or another `rotation`.
    """
    if not len(driver):
        raise ValueError("the pose source has no frames")
    if rotation not in ("absolute", "relative"):
        raise ValueError(f"rotation: expected 'absolute' or 'relative', got {rotation!r}")
    moved = compose(relative(driver, driver[:1]), source)
    return moved if rotation == "relative" else HeadPose(driver.rotation, moved.translation, moved.scale)


def still(source: HeadPose, frames: int) -> HeadPose:
    """The portrait's own head pose, held for so many frames."""
    return extend(source, frames, "hold")
