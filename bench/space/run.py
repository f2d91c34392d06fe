"""Running SPACE: speech in, frames out, as both the command and the suite's model do it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.errors import BenchError, unknown
from metrics.base import FaceTrack
from space_ref.animator import Animator, Direction, still, transfer
from space_ref.landmarks import HeadPose, extend, frame_units, interpolate
from space_ref.model import EMOTIONS, Source, Space
from space_ref.retime import Retime
from space_ref.vid2vid import Rendered

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Engine:
    """How frames are drawn.

    Attributes:
        batch: frames in one call of the generator; bounds memory, and changes no pixel by more than rounding.
        precision: ``fp32``, ``bf16`` or ``fp16`` (autocast of the generator). compile: `torch.compile` of it.
    """

    batch: int = 8
    precision: str = "fp32"
    compile: bool = False

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise BenchError(f"batch must be at least 1, found {self.batch}")
        if self.precision not in PRECISIONS:
            raise unknown("precision", self.precision, PRECISIONS)


def prepare(space: Space, engine: Engine) -> Space:
    """The model as the engine wants it: norms folded into convolutions, compiled where asked for."""
    space.vid2vid = space.vid2vid.for_inference()
    if engine.compile:
        space.vid2vid.render = _compiled(space.vid2vid.render)  # type: ignore[method-assign]
    return space


def _compiled(render: Callable[..., Rendered]) -> Callable[..., Rendered]:
    # Importing the compiler takes a second.
    from torch._dynamo.exc import TorchDynamoException

    compiled = torch.compile(render)

    def call(*arguments: Tensor, source: Tensor | None = None) -> Rendered:
        try:
            return compiled(*arguments, source=source)
        except TorchDynamoException as error:
            # It compiles at its first call and not when it is asked to.
            reason = str(error).strip().partition("\n")[0]
            raise BenchError(
                f"the generator could not be compiled ({reason}). Leave compiling out, or install a C++ compiler"
            ) from error

    return call


def make_source(space: Space, picture: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> Source:
    """A portrait, RGB ``(S, S, 3)`` with its landmarks ``(478, 3)`` in pixels, on the model's device."""
    device = space.normalizer.reference.device
    tensor = torch.from_numpy(np.array(picture)).to(device).permute(2, 0, 1).float() / 255
    return space.source(tensor, torch.from_numpy(np.asarray(landmarks, np.float32)).to(device))


def emotion_vector(intensities: dict[str, float]) -> Tensor:
    """``(8,)`` of emotions by name; several mix.

    Raises:
        BenchError: an unknown emotion (the nearest is named), or an intensity outside 0..1.
    """
    vector = torch.zeros(len(EMOTIONS))
    for name, value in intensities.items():
        if name not in EMOTIONS:
            raise unknown("emotion", name, EMOTIONS)
        if not 0 <= value <= 1:
            raise BenchError(f"intensity of {name!r} must be from 0 to 1, found {value:g}")
        vector[EMOTIONS.index(name)] = value
    return vector


def driver_pose(
    space: Space, source: Source, track: FaceTrack, frames: int, rotation: str = "absolute", extension: str = "mirror"
) -> HeadPose:
    """Head pose of a tracked video for a portrait: `frames` frames at the model's rate.

    Args:
        track: of any size and rate; frames without the face are bridged.
        rotation: ``absolute`` or ``relative``, see `space_ref.animator.transfer`.
        extension: ``mirror`` or ``hold`` where the video is shorter.

    Raises:
        BenchError: there is no face in any frame.
    """
    points = torch.from_numpy(track.landmarks.astype(np.float64))
    # Not square frames have one unit too: that of the longer side.
    pose = space.normalizer.fit(frame_units(points, max(track.width, track.height)).to(space.normalizer.reference))
    if not bool(pose.present.any()):
        raise BenchError("the pose source shows no face: choose another video")
    fps = space.config.fps
    count = max(1, round(len(track) / track.fps * fps))
    even = interpolate(pose, track.fps, torch.arange(count, dtype=torch.float64) / fps)
    given = transfer(even, source.pose, rotation)  # type: ignore[arg-type]
    return extend(given, frames, extension)  # type: ignore[arg-type]


def fixed_pose(source: Source, frames: int) -> HeadPose:
    """The portrait's own head pose for the whole video."""
    return still(source.pose, frames)


def animate(
    space: Space, source: Source, sound: Iterable[NDArray[np.float32]], rate: int, frames: int, fps: float,
    direction: Direction, engine: Engine,
) -> Iterator[NDArray[np.uint8]]:  # fmt: skip
    """The frames of a video, RGB uint8 ``(S, S, 3)``, streamed: memory does not grow with its length.

    Args:
        sound: pieces of mono speech at `rate` samples a second; silence follows where it ends early.
        frames, fps: of the video; where `fps` is not the model's, keypoints are interpolated in time.
        direction: its pose, where given, has a frame for each of the model's.
    """
    retime = Retime(space.config.fps, fps, frames)
    waiting: list[Tensor] = []
    for keypoints in _keypoints(space, source, sound, rate, retime.needed, direction):
        waiting += list(retime.push(keypoints))
        while len(waiting) >= engine.batch:
            yield from _draw(space, source, waiting[: engine.batch], engine)
            del waiting[: engine.batch]
    waiting += list(retime.finish())
    for first in range(0, len(waiting), engine.batch):
        yield from _draw(space, source, waiting[first : first + engine.batch], engine)


def _keypoints(
    space: Space, source: Source, sound: Iterable[NDArray[np.float32]], rate: int, frames: int, direction: Direction
) -> Iterator[Tensor]:
    config = space.config.audio
    resampler = soxr.ResampleStream(rate, config.rate, 1, dtype="float32")
    animator = Animator(space, source, direction)
    # What is beyond the last frame's window is not heard; what is missing before it is silence.
    left = round(frames / config.fps * config.rate)
    for last, piece in _with_end(sound):
        heard = resampler.resample_chunk(np.ascontiguousarray(piece, np.float32), last=last)[:left]
        left -= len(heard)
        yield animator.push(torch.from_numpy(np.array(heard, np.float32)))
    while left > 0:
        silence = torch.zeros(min(left, config.rate))
        left -= len(silence)
        yield animator.push(silence)
    yield animator.finish(frames)


def _with_end(pieces: Iterable[NDArray[np.float32]]) -> Iterator[tuple[bool, NDArray[np.float32]]]:
    held: NDArray[np.float32] | None = None
    for piece in pieces:
        if held is not None:
            yield False, held
        held = piece
    yield True, np.zeros(0, np.float32) if held is None else held


def _draw(space: Space, source: Source, keypoints: list[Tensor], engine: Engine) -> Iterator[NDArray[np.uint8]]:
    kind = PRECISIONS[engine.precision]
    device = source.keypoints.device.type
    with nullcontext() if kind is None else torch.autocast(device, dtype=kind):
        made = space.render(source, torch.stack(keypoints))
    pixels = made.float().mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    yield from np.ascontiguousarray(pixels)
