"""Training data of the sequence networks: stretches of speech with the landmarks, head pose or keypoints under it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from bench.errors import BenchError
from bench.training.augment import SoundAugment, alter
from bench.training.augment.pictures import mirrored
from bench.training.draws import Draws, Sample
from bench.training.pairs import KnownFrames, chosen, emotion_vector
from bench.training.store import Store, StoredClip
from space_ref.audio import MfccConfig, mfcc
from space_ref.landmarks import HeadPose, Normalizer, pose_vector, select
from space_ref.model import EMOTIONS

CONTEXT = 0.3
"""Seconds of sound heard before and after a window: what echoes, and what the first and last columns look at."""
TALKERS = 4
MIN_PRESENT = 0.5
TRIES = 8


@dataclass(frozen=True)
class WindowSettings:
    """How windows are drawn and changed.

    Attributes:
        frames: length T.
        same_clip: probability that the portrait is a frame of the same clip (else of the speaker's neutral one).
        drop_emotion: probability that a portrait of the same clip comes without emotion: it shows it already.
        mirror: probability that face and motion are mirrored (not for latents, whose keypoints have no partners).
        speed: how much faster or slower, either way; speed_probability: how often. Sound and motion stay together.
        sound: changes of the sound; None leaves it as it is.
        normalize: False keeps the head pose in the landmarks (ablation): the portrait's place and size are taken out,
            and the portrait is always of the same clip.
    """

    frames: int
    same_clip: float = 0.5
    drop_emotion: float = 0.5
    mirror: float = 0.5
    speed: float = 0.12
    speed_probability: float = 0.5
    sound: SoundAugment | None = field(default_factory=SoundAugment)
    normalize: bool = True

    def __post_init__(self) -> None:
        if self.frames < 2 or not 0 <= self.speed < 0.5:
            raise BenchError(f"windows: frames must be 2 or more and speed in 0..0.5, found {self}")

    def unchanged(self) -> WindowSettings:
        """The same windows as they were recorded, for held-out data."""
        return WindowSettings(self.frames, self.same_clip, 0.0, 0.0, 0.0, 0.0, None, self.normalize)


@dataclass(frozen=True)
class _Window:
    """A drawn window: between which frames each of its frames lies, and which of them show a face."""

    row: StoredClip
    start: int
    speed: float
    before: NDArray[np.intp]
    after: NDArray[np.intp]
    share: NDArray[np.float32]
    present: NDArray[np.bool_]


class Windows(Dataset[Sample], ABC):
    """Items by the number of the draw; one class a stage. A clip shorter than T is held at its end, ``present`` False.

    Nothing is precomputed: the fit of T frames takes a millisecond or two, far less than the sound.

    Args:
        store: where from; only clips with sound are used. settings: how. audio: of the model, with the store's rates.
        normalizer: of the model. seed: of all choices. clips: names to draw from; None for all.

    Raises:
        BenchError: no clip with sound, a clip that the store lacks, or audio of other rates.
    """

    def __init__(
        self, store: Store, settings: WindowSettings, audio: MfccConfig, normalizer: Normalizer, seed: int = 0,
        clips: Collection[str] | None = None,
    ) -> None:  # fmt: skip
        if (audio.rate, audio.fps) != (store.settings.audio_rate, store.settings.fps):
            raise BenchError(
                f"training store {store.root} has {store.settings.audio_rate} Hz and {store.settings.fps:g} fps, "
                f"the model wants {audio.rate} Hz and {audio.fps:g} fps: build a store with these"
            )
        self.store, self.settings, self.audio, self.normalizer = store, settings, audio, normalizer
        self.clips = [row for row in chosen(store, clips) if row.samples]
        if not self.clips:
            raise BenchError(f"training store {store.root}: no clip with sound to draw windows from")
        self.draws = Draws([row.frames for row in self.clips], settings.frames, seed)
        self.known = KnownFrames(store)
        self._neutral: dict[str, list[StoredClip]] = {}
        for row in self.clips:
            if row.emotion == "neutral":
                self._neutral.setdefault(row.speaker, []).append(row)

    def __len__(self) -> int:
        """Draws in an epoch; items go on beyond it."""
        return len(self.draws)

    def __getitem__(self, number: int) -> Sample:
        random = self.draws.random(number)
        window = self._window(self.clips[self.draws.clip(number)], random)
        heard = mfcc(torch.from_numpy(self._heard(window, random)), self.audio, self._context + self.settings.frames)
        sample = {"mfcc": heard[self._context :], "present": torch.from_numpy(window.present)}
        return {**sample, **self.motion(window, random)}

    @abstractmethod
    def motion(self, window: _Window, random: np.random.Generator) -> Sample:
        """What the stage learns beside the sound."""

    @property
    def _context(self) -> int:
        return math.ceil(CONTEXT * self.store.settings.fps)

    def _window(self, row: StoredClip, random: np.random.Generator) -> _Window:
        """The first of some random windows whose face is seen for half of the time, or the best of them."""
        best = None
        for _ in range(TRIES):
            window = self._any_window(row, random)
            if best is None or window.present.sum() > best.present.sum():
                best = window
            if best.present.mean() >= MIN_PRESENT:
                break
        assert best is not None
        return best

    def _any_window(self, row: StoredClip, random: np.random.Generator) -> _Window:
        settings = self.settings
        speed = 1.0
        if random.random() < settings.speed_probability:
            speed = float(random.uniform(1 - settings.speed, 1 + settings.speed))
        needed = math.ceil((settings.frames - 1) * speed) + 1
        start = int(random.integers(max(1, row.frames - needed + 1)))
        times = start + np.arange(settings.frames) * speed
        known = self.known.of(row.clip)
        after = np.minimum(np.searchsorted(known, times), len(known) - 1)
        before = np.maximum(np.where(known[after] <= times, after, after - 1), 0)
        # Missing frames are bridged between their neighbours, so that everything downstream is finite.
        span = np.maximum(known[after] - known[before], 1)
        share = np.clip((times - known[before]) / span, 0, 1)
        present = (times <= row.frames - 1) & np.isin(np.floor(times), known) & np.isin(np.ceil(times), known)
        return _Window(row, start, speed, known[before], known[after], share.astype(np.float32), present)

    def _heard(self, window: _Window, random: np.random.Generator) -> NDArray[np.float32]:
        """The sound of a window, `CONTEXT` before and after it included, at its speed and changed as drawn."""
        rate, fps = self.audio.rate, self.audio.fps
        frames = self._context + self.settings.frames + self._context
        wanted = round(frames * rate / fps)
        begin = round((window.start - self._context * window.speed) * rate / fps)
        whole = self.store.audio(window.row.clip)
        if window.speed == 1:
            sound = _cut(whole, begin, wanted)
        else:
            stretched = soxr.resample(
                _cut(whole, begin, math.ceil(wanted * window.speed) + 8), window.speed, 1.0, quality="MQ"
            )
            sound = _cut(np.asarray(stretched, np.float32), 0, wanted)
        if self.settings.sound is None:
            return sound
        level = float(np.sqrt(np.mean(np.square(_cut(whole, 0, len(whole)), dtype=np.float64))))
        return alter(sound, rate, level, lambda: self._babble(wanted, random), self.settings.sound, random)

    def _babble(self, length: int, random: np.random.Generator) -> NDArray[np.float32]:
        voices = np.zeros(length, np.float32)
        for _ in range(TALKERS):
            whole = self.store.audio(self.clips[int(random.integers(len(self.clips)))].clip)
            voice = np.resize(np.roll(_cut(whole, 0, len(whole)), int(random.integers(len(whole)))), length)
            voices += voice / np.float32(max(float(np.sqrt(np.mean(voice**2))), 1e-3))
        return voices

    def between(self, values: NDArray[np.float32], window: _Window) -> NDArray[np.float32]:
        """A clip's values ``(T, ..., 3)`` at the times of the window, linear between the frames with a face."""
        share = window.share.reshape(-1, *[1] * (values.ndim - 1))
        # Not a lerp by subtraction: at share 0 the recorded value comes out bit for bit.
        made = values[window.before] * (1 - share) + values[window.after] * share
        return np.asarray(made, np.float32)

    def portrait(self, row: StoredClip, random: np.random.Generator) -> tuple[str, int, bool]:
        """Clip and frame of a portrait for a window of `row`, and whether it is of the same clip."""
        others = self._neutral.get(row.speaker, []) if self.settings.normalize else []
        same = random.random() < self.settings.same_clip or not others
        clip = row.clip if same else others[int(random.integers(len(others)))].clip
        known = self.known.of(clip)
        frame = known[0] if random.random() < 0.5 else random.choice(known)
        return clip, int(frame), same or clip == row.clip

    def emotion(self, row: StoredClip, same: bool, random: np.random.Generator) -> Tensor:
        """Emotion ``(8,)`` of a clip, all 0 where the portrait shows it already and the draw says so."""
        if random.random() < self.settings.drop_emotion and same:
            return torch.zeros(len(EMOTIONS))
        return emotion_vector(row.emotion, row.level, EMOTIONS)


class SpeechWindows(Windows):
    """``mfcc`` ``(T, 40)``, ``portrait`` ``(P, 3)`` and ``landmarks`` ``(T, P, 3)`` normalized, ``emotion`` ``(8,)``,
    ``present`` ``(T,)``."""

    def motion(self, window: _Window, random: np.random.Generator) -> Sample:
        clip, frame, same = self.portrait(window.row, random)
        portrait = np.array(self.store.landmarks(clip)[frame])
        landmarks = self.between(self.store.landmarks(window.row.clip), window)
        if random.random() < self.settings.mirror:
            portrait, landmarks = mirrored(portrait), mirrored(landmarks)
        faces = torch.from_numpy(landmarks)
        own = self.normalizer.fit(torch.from_numpy(portrait)[None])
        poses = self.normalizer.fit(faces)
        if not self.settings.normalize:
            poses, own = own.fixed(len(faces)), own.fixed(1)
        return {
            "portrait": self._normalized(torch.from_numpy(portrait)[None], own)[0],
            "landmarks": self._normalized(faces, poses),
            "emotion": self.emotion(window.row, same, random),
        }

    def _normalized(self, faces: Tensor, poses: HeadPose) -> Tensor:
        return self.normalizer.normalize(select(faces), poses)


class PoseWindows(Windows):
    """``mfcc`` ``(T, 40)``; ``pose`` ``(T, 6)``: pitch, yaw, roll in degrees, translation from the first frame in
    normalized units; ``initial`` ``(6,)``, its first frame; ``present`` ``(T,)``."""

    def motion(self, window: _Window, random: np.random.Generator) -> Sample:
        landmarks = self.between(self.store.landmarks(window.row.clip), window)
        if random.random() < self.settings.mirror:
            landmarks = mirrored(landmarks)
        poses = self.normalizer.fit(torch.from_numpy(landmarks))
        vectors = pose_vector(poses, poses[:1])
        return {"pose": vectors, "initial": vectors[0].clone()}


class LatentsWindows(Windows):
    """``mfcc`` ``(T, 40)``, ``emotion`` ``(8,)``, ``portrait_posed`` ``(P, 3)`` and ``posed`` ``(T, P, 3)`` in frame
    units, ``portrait_keypoints`` ``(K, 3)`` and ``keypoints`` ``(T, K, 3)``, ``present`` ``(T,)``.

    Keypoints that a network found are those of one clip, whose canonical ones they share: `same_clip` must be 1 for
    them. Those that are landmarks are one kind everywhere, and a neutral portrait may stand beside them.

    Args:
        latents: name under which `write_latents` kept the keypoints. The others are those of `Windows`.
    """

    def __init__(
        self, store: Store, settings: WindowSettings, audio: MfccConfig, normalizer: Normalizer, latents: str,
        seed: int = 0, clips: Collection[str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(store, settings, audio, normalizer, seed, clips)
        self._latents = latents

    def motion(self, window: _Window, random: np.random.Generator) -> Sample:
        own, (clip, frame, same) = window.row.clip, self.portrait(window.row, random)
        return {
            "emotion": self.emotion(window.row, same, random),
            "portrait_posed": select(torch.from_numpy(np.array(self.store.landmarks(clip)[frame]))),
            "posed": select(torch.from_numpy(self.between(self.store.landmarks(own), window))),
            "portrait_keypoints": torch.from_numpy(np.array(self.store.latents(clip, self._latents)[frame])),
            "keypoints": torch.from_numpy(self.between(self.store.latents(own, self._latents), window)),
        }


def _cut(sound: NDArray[np.int16] | NDArray[np.float32], begin: int, count: int) -> NDArray[np.float32]:
    """Samples begin .. begin + count as floats in -1..1, silence outside of the sound."""
    piece = sound[max(begin, 0) : max(begin + count, 0)]
    scale = np.float32(1 / 32767 if sound.dtype == np.int16 else 1)
    left = min(max(-begin, 0), count)
    return np.pad(piece.astype(np.float32) * scale, (left, count - left - len(piece)))
