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
from datasets.media import AAC_RATES, MediaError, probe, read_audio_pieces, read_frames, write_video
from metrics.features.face_mesh import FaceTracker
from space_ref.animator import Direction
from space_ref.controls import Controls
from space_ref.landmarks import HeadPose
from space_ref.model import Source, Space

FULLEST_RATE = 48000
"""Samples a second of the video's sound at most: what every player takes, and beyond what ears hear."""
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
    steered = (request.pose_from, request.pose, request.controls) != (None, POSES[0], Controls())
    if steered and not space.config.latents.use_landmarks:
        _note(f"variant {request.variant} sees no landmarks: head pose, blinks, gaze and other controls do nothing")
    fps = request.fps or space.config.fps
    frames = max(1, round(sound / AUDIO_RATE * fps))
    source = make_source(space, portrait.picture, portrait.landmarks)
    direction = Direction(emotion, _pose(request, space, source, frames / fps), request.controls, request.seed)
    # Read once for the networks and once for the file, which is cheap; held it would grow with its length.
    made = animate(
        space, source, _pieces(request, sound, AUDIO_RATE), AUDIO_RATE, frames, fps, direction, request.engine
    )
    with bar(f"animate {request.out.name}", frames) as step:
        try:
            rate = _written_rate(request.audio)
            return write_video(request.out, _counted(made, step), fps, _pieces(request, sound, rate), rate)
        except MediaError as error:
            raise BenchError(str(error)) from error


def _check(request: Request) -> None:
    if request.pose not in POSES:
        raise BenchError(f"--pose must be {' or '.join(POSES)}, found {request.pose!r}; a video goes to --pose-from")
    if request.rotation not in ROTATIONS:
        raise BenchError(f"--pose-rotation must be {' or '.join(ROTATIONS)}, found {request.rotation!r}")
    if request.extension not in EXTENSIONS:
        raise BenchError(f"--pose-extend must be {' or '.join(EXTENSIONS)}, found {request.extension!r}")
    if request.pose_from is not None and request.pose == "fixed":
        raise BenchError("--pose fixed and --pose-from contradict each other: leave one of them out")
    if request.pose_from is None and (request.rotation, request.extension) != (ROTATIONS[0], EXTENSIONS[0]):
        raise BenchError("--pose-rotation and --pose-extend say how a video is followed: name it with --pose-from")
    if not -(2**63) <= request.seed < 2**63:
        raise BenchError(f"--seed must be a number of 64 bits, found {request.seed}")
    if request.out.suffix.lower() != ".mp4":
        raise BenchError(f"--out must end in .mp4, found {request.out}")
    if not request.out.parent.is_dir():
        raise BenchError(f"the folder of --out does not exist: {request.out.parent}")
    for option, path in (("--audio", request.audio), ("--pose-from", request.pose_from), ("--image", request.image)):
        if path is not None and request.out.exists() and path.exists() and request.out.samefile(path):
            raise BenchError(f"--out is the file of {option}, which it would replace: {path}. Give another name")
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


def _written_rate(path: Path) -> int:
    """Of the video's sound: the recording's own, as near above as AAC has one. The networks hear less than people do."""
    own = max(probe(path).audio_rate, AUDIO_RATE)
    return min((rate for rate in AAC_RATES if own <= rate <= FULLEST_RATE), default=FULLEST_RATE)


def _pieces(request: Request, sound: int, rate: int) -> Iterator[NDArray[np.float32]]:
    """The speech that is used, of `sound` samples at `AUDIO_RATE`, at a rate, by the second.

    However the file is packed, the networks are fed alike.
    """
    held, left = np.zeros(0, np.float32), round(sound / AUDIO_RATE * rate)
    for piece in read_audio_pieces(request.audio, rate):
        held = np.concatenate([held, piece[:left]])
        left -= len(piece[:left])
        while len(held) >= rate:
            yield held[:rate]
            held = held[rate:]
        if left <= 0:
            break
    if len(held):
        yield held


def _pose(request: Request, space: Space, source: Source, seconds: float) -> HeadPose | None:
    """Head pose of each of the model's frames, or None where the model chooses."""
    if request.pose_from is None and request.pose == "predicted":
        return None
    if not space.config.normalize:
        raise BenchError(f"variant {request.variant!r} moves the head itself: leave --pose and --pose-from out")
    # One frame more: rates that differ round up.
    frames = math.ceil(seconds * space.config.fps) + 1
    if request.pose_from is None:
        return fixed_pose(source, frames)
    path = request.pose_from
    tracker = FaceTracker()
    try:
        fps = float(probe(path).fps or space.config.fps)
        track = tracker.track(islice(read_frames(path, fps), math.ceil(seconds * fps) + 2), fps)
    except MediaError as error:
        raise BenchError(
            f"{path}: no head pose can be read from it ({error.detail}). Give a video of one person"
        ) from error
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
