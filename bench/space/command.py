"""``space-bench animate``: one picture and one recording to a video file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bench.config import AUDIO_RATE
from bench.errors import BenchError
from bench.progress import bar, console
from bench.space.portrait import open_portrait
from bench.space.pretrained import load_space
from bench.space.run import Engine, animate, driver_pose, emotion_vector, fixed_pose, make_source, prepare
from datasets.media import MediaError, probe, read_audio_pieces, read_frames, write_video
from metrics.features.face_mesh import FaceTracker
from space_ref.animator import Direction
from space_ref.controls import Controls
from space_ref.landmarks import HeadPose
from space_ref.model import Source, Space

SHORTEST = 0.04
"""Seconds: sound that does not last for one frame is no speech."""
LARGEST = 2048
"""Pixels: side of the largest video, as in the suite's standard form of clips."""
POSES = ("predicted", "fixed")
ROTATIONS = ("absolute", "relative")
EXTENSIONS = ("mirror", "hold")
DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class Request:
    """What ``space-bench animate`` was asked for.

    Attributes:
        image, audio, out: files. emotion: intensities by name. pose: ``predicted`` or ``fixed``; `pose_from`, a video,
            goes before it. rotation, extension: see `bench.space.run.driver_pose`.
        controls: blinks, gaze, mouth, placement. size: side of the video; crop: of the square over the face.
        face: which face of the picture, from 1 at the left. fps: of the video; None for the model's.
        seconds: of the audio that are used; None for all. seed: of all chance.
        weights, variant, vid2vid, device, engine: the model and how it runs.
    """

    image: Path
    audio: Path
    out: Path
    emotion: dict[str, float] = field(default_factory=dict)
    pose: str = "predicted"
    pose_from: Path | None = None
    rotation: str = "absolute"
    extension: str = "mirror"
    controls: Controls = field(default_factory=Controls)
    size: int = 256
    crop: float = 1.9
    face: int | None = None
    fps: float | None = None
    seconds: float | None = None
    seed: int = 0
    weights: str = "small"
    variant: str = "full"
    vid2vid: Path | None = None
    device: str = "cpu"
    engine: Engine = field(default_factory=Engine)


def run(request: Request) -> int:
    """Make the video and return its number of frames. The file appears whole or not at all.

    Raises:
        BenchError: an input cannot be used; nothing was written.
    """
    _check(request)
    emotion = emotion_vector(request.emotion)
    sound = _sound(request)
    portrait = open_portrait(request.image, request.size, request.crop, request.face)
    space = prepare(load_space(request.weights, request.variant, request.device, request.vid2vid).space, request.engine)
    fps = request.fps or space.config.fps
    frames = max(1, math.floor(sound / AUDIO_RATE * fps + 1e-6))
    source = make_source(space, portrait.picture, portrait.landmarks)
    direction = Direction(emotion, _pose(request, space, source, frames / fps), request.controls, request.seed)
    # Read once for the networks and once for the file, which is cheap; held it would grow with its length.
    made = animate(space, source, _pieces(request, sound), AUDIO_RATE, frames, fps, direction, request.engine)
    with bar(f"animate {request.out.name}", frames) as step:
        try:
            return write_video(request.out, _counted(made, step), fps, _pieces(request, sound), AUDIO_RATE)
        except MediaError as error:
            raise BenchError(str(error)) from error


def _check(request: Request) -> None:
    if request.pose not in POSES:
        raise BenchError(f"--pose must be {' or '.join(POSES)}, found {request.pose!r}; a video goes to --pose-from")
    if request.rotation not in ROTATIONS:
        raise BenchError(f"--pose-rotation must be {' or '.join(ROTATIONS)}, found {request.rotation!r}")
    if request.extension not in EXTENSIONS:
        raise BenchError(f"--pose-extend must be {' or '.join(EXTENSIONS)}, found {request.extension!r}")
    if request.out.suffix.lower() != ".mp4":
        raise BenchError(f"--out must end in .mp4, found {request.out}")
    if not request.out.parent.is_dir():
        raise BenchError(f"the folder of --out does not exist: {request.out.parent}")
    if not 64 <= request.size <= LARGEST or request.size % 2:
        raise BenchError(f"--size must be even and from 64 to {LARGEST}, found {request.size}")
    if not 1 <= request.crop <= 6:
        raise BenchError(f"--crop must be from 1 to 6, found {request.crop:g}")
    if request.seconds is not None and not request.seconds > 0:
        raise BenchError(f"--seconds must be more than 0, found {request.seconds:g}")
    if request.fps is not None and not 1 <= request.fps <= 120:
        raise BenchError(f"--fps must be from 1 to 120, found {request.fps:g}")
    if request.device not in DEVICES:
        raise BenchError(f"--device must be {' or '.join(DEVICES)}, found {request.device!r}")
    if request.device == "cuda" and not torch.cuda.is_available():
        raise BenchError("--device cuda: torch sees no GPU here; `space-bench doctor` tells what is installed")


def _sound(request: Request) -> int:
    """Samples of the speech that are used; the whole file is read once and checked before any work begins."""
    count, loudest = 0, 0.0
    try:
        for piece in read_audio_pieces(request.audio, AUDIO_RATE):
            if not np.isfinite(piece).all():
                raise BenchError(
                    f"{request.audio}: its sound holds values that are not numbers. Convert it to 16-bit WAV"
                )
            count, loudest = count + len(piece), max(loudest, float(np.abs(piece).max()))
    except MediaError as error:
        raise BenchError(
            f"{request.audio}: no speech can be read from it ({error.detail}). Give a sound file or a video with sound"
        ) from error
    if request.seconds is not None and request.seconds * AUDIO_RATE < count:
        count = round(request.seconds * AUDIO_RATE)
    if count < SHORTEST * AUDIO_RATE:
        raise BenchError(f"{request.audio}: {count / AUDIO_RATE:.3f} s of sound; at least {SHORTEST:g} s make a frame")
    if loudest < 1e-4:
        _note(f"{request.audio.name} is silent; the portrait will blink and move, and not speak")
    return count


def _pieces(request: Request, samples: int) -> Iterator[NDArray[np.float32]]:
    """The first samples of the speech by the second: however the file is packed, the networks are fed alike."""
    held, left = np.zeros(0, np.float32), samples
    for piece in read_audio_pieces(request.audio, AUDIO_RATE):
        held = np.concatenate([held, piece[:left]])
        left -= len(piece[:left])
        while len(held) >= AUDIO_RATE:
            yield held[:AUDIO_RATE]
            held = held[AUDIO_RATE:]
        if left <= 0:
            break
    if len(held):
        yield held


def _pose(request: Request, space: Space, source: Source, seconds: float) -> HeadPose | None:
    """Head pose of each of the model's frames, or None where the model chooses."""
    # One frame more: rates that differ round up.
    frames = math.ceil(seconds * space.config.fps) + 1
    if request.pose_from is None:
        return None if request.pose == "predicted" else fixed_pose(source, frames)
    if not space.config.normalize:
        raise BenchError(f"variant {request.variant!r} moves the head itself: --pose-from cannot be followed")
    path = request.pose_from
    tracker = FaceTracker()
    try:
        fps = float(probe(path).fps or space.config.fps)
        track = tracker.track(islice(read_frames(path, fps), math.ceil(seconds * fps) + 2), fps)
    except MediaError as error:
        raise BenchError(f"{path}: {error.detail}") from error
    finally:
        tracker.close()
    if len(track) / fps < seconds - 1 / fps:
        how = "played back and forth" if request.extension == "mirror" else "held at its end"
        _note(f"{path.name} lasts {len(track) / fps:.1f} s and the speech {seconds:.1f} s; it is {how}")
    try:
        return driver_pose(space, source, track, frames, request.rotation, request.extension)
    except BenchError as error:
        raise BenchError(f"{path}: {error}") from error


def _note(text: str) -> None:
    console.print(f"note: {text}", markup=False, highlight=False, soft_wrap=True)


def _counted(frames: Iterator[NDArray[np.uint8]], step: object) -> Iterator[NDArray[np.uint8]]:
    for frame in frames:
        yield frame
        step()  # type: ignore[operator]
