"""MakeItTalk under the suite's protocol of models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.config import AUDIO_RATE
from bench.errors import BenchError
from bench.models.base import Animation, Case, Context, ModelError, Options, check_options
from bench.models.checkpoints import load_network, weights_version
from bench.models.makeittalk.autovc import AutoVC
from bench.models.makeittalk.card import CARD
from bench.models.makeittalk.content import ContentBranch
from bench.models.makeittalk.face import LEAST_FRAMES, Face, at_rest, mouth_closed, on_picture, portrait_points
from bench.models.makeittalk.motion import Gains, landmark_frames, landmarks
from bench.models.makeittalk.pitch import HOP
from bench.models.makeittalk.sketch import draw
from bench.models.makeittalk.speaker import SpeakerBranch
from bench.models.makeittalk.speech import FPS, at_loudness, heard, said_by, sixteen_bit
from bench.models.makeittalk.tables import Tables, load_tables, stand_in_tables
from bench.models.makeittalk.translation import SIZE, Translation
from bench.models.makeittalk.voice import VoiceEncoder
from bench.store import digest
from metrics.features.face_mesh import locate

VERSION = "1"
"""Raised when the code changes what comes out; weights and options are hashed beside it."""

_THREADS = 1
"""One process of the suite is one core's work, and one number of threads makes one sum of every convolution."""


@dataclass(frozen=True)
class MakeItTalkOptions:
    """What may be set in ``params.yaml``; the first four have the names and values of the published command.

    Attributes:
        amp_lip_x, amp_lip_y, amp_pos: factors on the motion of the lips, across and up and down, and of the rest.
        close_input_face_mouth: take an open mouth of the portrait back before anything moves.
        batch: frames in one call of the image translation. random_weights: networks filled by name, without files.
    """

    amp_lip_x: float = 2.0
    amp_lip_y: float = 2.0
    amp_pos: float = 0.5
    close_input_face_mouth: bool = False
    batch: int = 4
    random_weights: bool = False


@dataclass(frozen=True)
class Networks:
    """All that is loaded."""

    voice: VoiceEncoder
    autovc: AutoVC
    content: ContentBranch
    speaker: SpeakerBranch
    translation: Translation
    tables: Tables


class MakeItTalk:
    """Speech to landmarks at 62.5 frames a second, those of the asked frames to pictures, one batch at a time."""

    name = "makeittalk"
    uses = frozenset({"audio"})

    def __init__(self, options: MakeItTalkOptions, context: Context) -> None:
        self.options, self._device = options, context.device

    @property
    def version(self) -> str:
        """`VERSION`, a hash of the options, and one of the weights."""
        chosen = {
            name: value for name, value in asdict(self.options).items() if name not in ("batch", "random_weights")
        }
        return f"{VERSION}-{digest(chosen)[:4]}-{self._weights}"

    @cached_property
    def _weights(self) -> str:
        return weights_version(*CARD.weights, random_weights=self.options.random_weights)

    def animate(self, case: Case, seed: int) -> Animation:
        """Make the video of one case; pictures are made as they are taken, none is kept.

        Raises:
            ModelError: ``no_face``: there is none in the portrait; ``too_short``: under 0.52 s of speech; ``not_generated``: the
                portrait is no square, or the sound is not finite; ``weights_missing``.
        """
        height, width = case.portrait.shape[:2]
        if height != width:
            raise ModelError(
                "not_generated", f"{case.name}: the portrait is {width}x{height}; MakeItTalk takes squares"
            )
        if not np.isfinite(case.audio).all():
            raise ModelError("not_generated", f"{case.name}: the sound has values that are not finite; repair it")
        if landmark_frames(len(case.audio) // HOP + 1) < LEAST_FRAMES:
            seconds = len(case.audio) / AUDIO_RATE
            raise ModelError("too_short", f"{case.name}: {seconds:.2f} s of speech; MakeItTalk needs 0.52 s")
        mesh = locate(case.portrait)
        if mesh is None:
            raise ModelError("no_face", f"{case.name}: no face found in the portrait ({width}x{height})")
        # Before any frame: what is missing is this case's failure, and no video is begun.
        networks = load_networks(self.options.random_weights, self._device, self._weights)
        points = portrait_points(mesh) * (SIZE / width)
        if self.options.close_input_face_mouth:
            points = mouth_closed(points)
        face = at_rest(points, networks.tables.depth)
        frames = self._frames(networks, case, face, seed)
        return Animation(frames=frames, audio=None if case.silent else case.audio)

    def _frames(self, networks: Networks, case: Case, face: Face, seed: int) -> Iterator[NDArray[np.uint8]]:
        torch.set_num_threads(_THREADS)
        random = np.random.default_rng(int(digest([seed, case.name]), 16))
        options = self.options
        gains = Gains(options.amp_lip_x, options.amp_lip_y, options.amp_pos)
        pixels = on_picture(face, speaking(networks, case.audio, face, gains), random)
        shown = pixels[frame_numbers(case.frames, case.fps, len(pixels))]
        height = case.portrait.shape[0]
        for frame in pictures(networks.translation, case.portrait, shown, options.batch):
            yield frame if height == SIZE else _resized(frame, height)


def speaking(networks: Networks, audio: NDArray[np.float32], face: Face, gains: Gains) -> NDArray[np.float64]:
    """Landmarks ``(T, 68, 3)`` at 62.5 frames a second of a face that says so; see `bench.models.makeittalk.motion`.

    The recipe embeds the speaker twice, as recorded for the head's motion and at the recipe's loudness for the voice.
    """
    samples = sixteen_bit(audio)
    loud = at_loudness(samples)
    recorded, leveled = (_voice(networks.voice, each) for each in (samples, loud))
    tables = networks.tables
    words = said_by(networks.autovc, *heard(loud), leveled, tables.voice)
    speech = (words - tables.mean.to(words)) / tables.deviation.to(words)
    return landmarks(networks.content, networks.speaker, speech, recorded.to(speech), face.points, gains)


def frame_numbers(frames: int, fps: float, count: int) -> NDArray[np.int64]:
    """Which of `count` frames at 62.5 a second is nearest to each frame of a video; the last one is held."""
    nearest = np.floor(np.arange(frames) / fps * FPS + 0.5).astype(np.int64)
    return np.minimum(nearest, count - 1)


@torch.inference_mode()
def pictures(
    network: Translation, portrait: NDArray[np.uint8], landmarks: NDArray[np.int64], batch: int
) -> Iterator[NDArray[np.uint8]]:
    """Frames ``(256, 256, 3)`` RGB of a portrait (square, RGB) with its landmarks at ``(T, 68, 2)``, `batch` in one call."""
    device = next(network.parameters()).device
    small = portrait if len(portrait) == SIZE else _resized(portrait, SIZE)
    # The network knows BGR, as OpenCV reads pictures.
    still = _tensor(small[None, ..., ::-1], device)
    for first in range(0, len(landmarks), batch):
        drawn = _tensor(np.stack([draw(points) for points in landmarks[first : first + batch]]), device)
        both = torch.cat([drawn, still.expand(len(drawn), -1, -1, -1)], dim=1)
        made = torch.tanh(network(both.contiguous(memory_format=torch.channels_last))).clamp(min=0)
        # Cut down to whole numbers, as published.
        yield from made.mul(255).to(torch.uint8).flip(1).permute(0, 2, 3, 1).contiguous().cpu().numpy()


def _tensor(images: NDArray[np.uint8], device: torch.device) -> Tensor:
    """``(N, H, W, 3)`` uint8 -> ``(N, 3, H, W)`` in 0..1."""
    return torch.from_numpy(np.ascontiguousarray(images)).to(device).permute(0, 3, 1, 2).float() / 255


def _resized(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if side < len(picture) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (side, side), interpolation=way), np.uint8)


def _voice(network: VoiceEncoder, samples: NDArray[np.int16]) -> Tensor:
    return torch.from_numpy(network.embed(samples.astype(np.float32) / 32768))


@lru_cache(maxsize=1)
def load_networks(random_weights: bool, device: str, weights: str) -> Networks:
    """The networks; one copy serves every case set. `weights` tells files apart that were replaced since."""
    context = Context(device, {}, {}, "")
    tables = stand_in_tables() if random_weights else load_tables()
    return Networks(
        load_network(VoiceEncoder(), "resemblyzer", context, key="model_state", rename=_inferring, random_weights=random_weights),
        load_network(AutoVC(), "makeittalk_autovc", context, key="model", random_weights=random_weights),
        load_network(ContentBranch(), "makeittalk_content", context, key="model_g_face_id", random_weights=random_weights),
        load_network(SpeakerBranch(), "makeittalk_speaker", context, key="G", rename=_inferring, random_weights=random_weights),
        load_network(Translation(), "makeittalk_translation", context, key="G", random_weights=random_weights).for_inference(),
        tables,
    )  # fmt: skip


def _inferring(name: str) -> str | None:
    """Leaves out what only training reads: Resemblyzer's loss, and a layer that the speaker branch once had."""
    return None if name.startswith(("similarity_", "comb_mlp.")) else name


def create(options: Options, context: Context) -> MakeItTalk:
    """The model for the options of ``params.yaml``.

    Raises:
        BenchError: an option is unknown, of the wrong type or out of range.
    """
    numbers: tuple[type, ...] = (int, float)
    known: dict[str, type | tuple[type, ...]] = {
        "amp_lip_x": numbers, "amp_lip_y": numbers, "amp_pos": numbers, "close_input_face_mouth": bool, "batch": int,
        "random_weights": bool,
    }  # fmt: skip
    check_options("makeittalk", options, known)
    chosen = MakeItTalkOptions(**options)
    if chosen.batch < 1:
        raise BenchError(f"model 'makeittalk': option 'batch' must be at least 1, found {chosen.batch}")
    for name in ("amp_lip_x", "amp_lip_y", "amp_pos"):
        if not (np.isfinite(value := getattr(chosen, name)) and value >= 0):
            raise BenchError(f"model 'makeittalk': option {name!r} must be a number from 0 up, found {value!r}")
    return MakeItTalk(chosen, context)
