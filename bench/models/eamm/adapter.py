"""`eamm`: EAMM under the suite's protocol of models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.errors import BenchError, nearest
from bench.models.base import Animation, Case, Context, ModelError, Options, check_least, check_options
from bench.models.checkpoints import Network, load_network, weights_version
from bench.models.eamm.audio import UNUSED, SpeechMotion
from bench.models.eamm.card import CARD
from bench.models.eamm.crop import Paste, Picture, crop_matrix, cut, points_68
from bench.models.eamm.emotion import EmotionDisplacement
from bench.models.eamm.expression import disturbed, drawn_tumult, steady_faces
from bench.models.eamm.generator import Generator
from bench.models.eamm.head import followed_head, still_head
from bench.models.eamm.keypoints import FeatureKeypoints, PictureKeypoints
from bench.models.eamm.recipe import Networks, Request, emotion_features, frames, motion_frames
from bench.models.eamm.speech import FPS
from bench.models.tracks import FaceTracks
from bench.store import digest, sha256_file
from datasets.media import read_frames
from metrics.base import FaceTrack
from space_ref.model import EMOTIONS
from space_ref.vid2vid.inference import freeze

VERSION = "1"
"""Raised when the code changes what comes out; weights and emotion videos are hashed beside it."""

NEUTRAL = "neutral"
_FACES = FaceTracks(kept=8)
"""A pose source, and a video of each emotion."""
_BATCH = {"cpu": 4, "cuda": 16}
_THREADS = 1
"""One process of the suite is one core's work, and one number of threads makes one sum of every convolution."""


@dataclass(frozen=True)
class EAMMOptions:
    """What may be set in ``params.yaml``.

    Attributes:
        emotion_videos: a video of a face that shows it, for each emotion that is asked for (neutral needs none).
        batch: frames in one call; 0 chooses by the device.
        random_weights: see `bench.models.random_weights`.
    """

    emotion_videos: Mapping[str, str] = field(default_factory=dict)
    batch: int = 0
    random_weights: bool = False


class EAMM:
    """Speech and head pose for the motion, a video of somebody else for the emotion, the portrait for the looks."""

    name = "eamm"
    uses = frozenset({"audio", "pose", "emotion"})

    def __init__(self, options: EAMMOptions, context: Context) -> None:
        self.options, self._device = options, context.device

    @cached_property
    def version(self) -> str:
        videos = {emotion: sha256_file(Path(path)) for emotion, path in self.options.emotion_videos.items()}
        weights = weights_version(*CARD.weights, random_weights=self.options.random_weights)
        return f"{VERSION}-{digest(videos)[:4] if videos else 'unmoved'}-{weights}"

    def animate(self, case: Case, seed: int) -> Animation:
        """Make the video of one case; frames are made as they are taken, none is kept.

        Raises:
            ModelError: ``weights_missing``; ``no_face``: there is no face in the portrait, in the pose source, or in the
                emotion video; ``not_generated``: there is no video that shows the emotion, or the sound is not finite.
        """
        if not np.isfinite(case.audio).all():
            raise ModelError("not_generated", f"{case.name}: the sound has values that are not finite; repair it")
        shown = self._emotion_video(case)
        mesh = _FACES.of_picture(case.portrait)
        if mesh is None:
            height, width = case.portrait.shape[:2]
            raise ModelError("no_face", f"{case.name}: no face found in the portrait ({width}x{height})")
        options = self.options
        stamp = weights_version(*CARD.weights, random_weights=options.random_weights)
        networks = load_networks(self._device, options.random_weights, stamp)
        return Animation(
            frames=self._frames(networks, case, mesh, shown, seed), audio=None if case.silent else case.audio
        )

    def _emotion_video(self, case: Case) -> Path | None:
        """What shows the emotion that is asked for. Only the protocol ``emotion`` asks for one."""
        if case.protocol != "emotion" or case.emotion in (None, NEUTRAL):
            return None
        video = self.options.emotion_videos.get(case.emotion)
        if video is None:
            raise ModelError(
                "not_generated",
                f"{case.name}: EAMM is shown an emotion by a video; name one that shows {case.emotion} in the option "
                f"`emotion_videos` of model eamm, `emotion_videos: {{{case.emotion}: FILE}}`",
            )
        if Path(video).resolve() == case.clip_video.resolve():
            raise ModelError(
                "not_generated",
                f"{case.name}: the emotion video {video} is the clip that the case is judged against; name another one",
            )
        return Path(video)

    def _frames(
        self, networks: Networks, case: Case, mesh: NDArray[np.float32], shown: Path | None, seed: int
    ) -> Iterator[Picture]:
        torch.set_num_threads(_THREADS)
        matrix = crop_matrix(points_68(mesh))
        numbers = motion_frames(case.frames, case.fps)
        count = int(numbers[-1]) + 1
        if case.pose_video is None:
            poses = still_head(mesh, matrix, count)
        else:
            track = _FACES.of_video(case.pose_video, FPS)
            _need_face(track, case, "the pose source", case.pose_video)
            poses = followed_head(track.landmarks, track.present, count)
        emotion = None if shown is None else _shown(networks, case, shown, count, seed)
        request = Request(cut(case.portrait, matrix), case.audio, poses, emotion)
        paste = Paste(case.portrait, matrix)
        for crop in frames(networks, request, numbers, self.options.batch or _BATCH[self._device]):
            yield paste(crop)


def _shown(networks: Networks, case: Case, video: Path, count: int, seed: int) -> Tensor:
    """What a video shows of an emotion, as far as `count` frames need it."""
    track = _FACES.of_video(video, FPS)
    _need_face(track, case, "the emotion video", video)
    tumult = drawn_tumult(int(digest([seed, case.name]), 16) % 2**31)
    faces = islice(steady_faces(read_frames(video, FPS), track, case.emotion or ""), count)
    return emotion_features(networks, (disturbed(face, index, tumult) for index, face in enumerate(faces)))


def _need_face(track: FaceTrack, case: Case, what: str, video: Path) -> None:
    if not track.present.any():
        raise ModelError("no_face", f"{case.name}: no face found in any frame of {what} {video.name}")


@lru_cache(maxsize=1)
def load_networks(device: str, random_weights: bool, stamp: str) -> Networks:
    """The networks; one copy serves every case set. `stamp` tells files that were replaced.

    Raises:
        ModelError: ``weights_missing``.
    """
    context = Context(device, {}, {}, "")

    def load(network: Network, asset: str, key: str) -> Network:
        return load_network(network, asset, context, key=key, rename=_inferring, random_weights=random_weights)

    generator = load(Generator(), "eamm_generator", "generator").for_inference()
    picture = load(PictureKeypoints(), "eamm_generator", "kp_detector")
    speech = load(SpeechMotion(), "eamm_speech", "audio_feature")
    spoken = load(FeatureKeypoints(), "eamm_speech", "kp_detector_a")
    emotion = load(EmotionDisplacement(), "eamm_emotion", "emo_detector")
    return Networks(freeze(speech), spoken, freeze(emotion), picture, generator)


def _inferring(name: str) -> str | None:
    """Leaves out the decoder that the speech network's authors do not use."""
    return None if name.startswith(UNUSED) else name


def create(options: Options, context: Context) -> EAMM:
    """The model for the options of ``params.yaml``.

    Raises:
        BenchError: an option is unknown or out of range, or an emotion video does not exist.
    """
    check_options("eamm", options, {"emotion_videos": dict, "batch": int, "random_weights": bool})
    chosen = EAMMOptions(**options)
    check_least("eamm", options, batch=0)
    shown = tuple(name for name in EMOTIONS if name != NEUTRAL)
    for emotion, path in chosen.emotion_videos.items():
        if emotion not in shown:
            raise BenchError(f"model 'eamm': option 'emotion_videos' has {emotion!r}. {nearest(str(emotion), shown)}")
        if not Path(str(path)).is_file():
            raise BenchError(f"model 'eamm': option 'emotion_videos': {path!r} for {emotion} is not a file")
    return EAMM(chosen, context)
