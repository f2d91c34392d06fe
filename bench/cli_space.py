"""The commands of the reference model: ``animate`` and ``train``."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError
from bench.interruption import interruptible
from bench.options import named_number
from bench.progress import out

PARAMS_OUT = Path("out")


def animate(
    image: Annotated[Path, typer.Option(help="picture of one person")],
    audio: Annotated[Path, typer.Option(help="speech: a sound file, or a video whose sound is taken")],
    to: Annotated[Path, typer.Option("--out", help="the video to write (.mp4)")],
    emotion: Annotated[
        list[str] | None, typer.Option(help="NAME=INTENSITY, 0 to 1, e.g. happy=0.7; NAME alone is 1; repeat to mix")
    ] = None,
    pose_from: Annotated[Path | None, typer.Option(help="video whose head pose is followed")] = None,
    pose: Annotated[str, typer.Option(help="without --pose-from: predicted, or fixed")] = "predicted",
    pose_rotation: Annotated[str, typer.Option(help="absolute, or relative to the first frame")] = "absolute",
    pose_extend: Annotated[str, typer.Option(help="where the pose source ends: mirror or hold")] = "mirror",
    blink: Annotated[float, typer.Option(help="blinks a minute; 0 for none")] = 6.0,
    blink_at: Annotated[str | None, typer.Option(help="times in seconds instead, e.g. 0.8,2.5")] = None,
    gaze: Annotated[str, typer.Option(help="pitch,yaw of the eyes in degrees; up and to the right edge > 0")] = "0,0",
    look_away: Annotated[float, typer.Option(help="glances aside a minute")] = 0.0,
    mouth: Annotated[float, typer.Option(help="factor on the opening of the mouth")] = 1.0,
    rotate: Annotated[str, typer.Option(help="pitch,yaw,roll in degrees, on top of the pose")] = "0,0,0",
    shift: Annotated[str, typer.Option(help="x,y,z in inter-ocular distances")] = "0,0,0",
    scale: Annotated[float, typer.Option(help="size of the head")] = 1.0,
    size: Annotated[int, typer.Option(help="side of the video in pixels")] = 256,
    crop: Annotated[float, typer.Option(help="side of the cut square over the side of the face")] = 1.9,
    face: Annotated[int | None, typer.Option(help="which face of several, from 1 at the left")] = None,
    fps: Annotated[float | None, typer.Option(help="frame rate; the model's by default")] = None,
    seconds: Annotated[float | None, typer.Option(help="use only the first seconds of the speech")] = None,
    seed: Annotated[int, typer.Option(help="of head motion and blinks")] = 0,
    weights: Annotated[str, typer.Option(help="shipped model, or a folder of exported weights")] = "small",
    variant: Annotated[str, typer.Option(help="full, no-audio, no-landmarks or no-normalization")] = "full",
    vid2vid: Annotated[Path | None, typer.Option(help="other weights of face-vid2vid that fit the recipe")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    precision: Annotated[str, typer.Option(help="fp32, bf16 or fp16")] = "fp32",
    batch: Annotated[int, typer.Option(help="frames in one call")] = 8,
    compile_: Annotated[bool, typer.Option("--compile", help="compile the generator first")] = False,
) -> None:
    """Let a portrait speak: SPACE on one picture and one recording."""
    from bench.space.command import Request, run
    from bench.space.run import Engine
    from space_ref.controls import Blink, Controls, Gaze, LookAway, Placement

    try:
        controls = Controls(
            blink=Blink(rate=blink) if blink_at is None else Blink(rate=0, times=_numbers("--blink-at", blink_at)),
            gaze=Gaze(angles=(_two("--gaze", gaze),), away=LookAway(rate=look_away)),
            mouth=mouth,
            placement=Placement(_three("--rotate", rotate), _three("--shift", shift), scale),
        )
    except ValueError as error:
        raise BenchError(str(error)) from error
    request = Request(
        image=image, audio=audio, out=to, emotion=_intensities(emotion or []), pose=pose,
        pose_from=pose_from, rotation=pose_rotation, extension=pose_extend, controls=controls, size=size, crop=crop,
        face=face, fps=fps, seconds=seconds, seed=seed, weights=weights, variant=variant, vid2vid=vid2vid,
        device=device, engine=Engine(batch, precision, compile_),
    )  # fmt: skip
    # A cluster or `timeout` ends it with SIGTERM, and the half-made video goes away as after Ctrl-C.
    with interruptible(signal.SIGINT, signal.SIGTERM):
        frames = run(request)
    out.print(f"{to}: {frames} frames", soft_wrap=True, markup=False)


def train(
    stages: Annotated[
        list[str] | None, typer.Argument(help="stages by name, `export` among them; none means all")
    ] = None,
    recipe: Annotated[str, typer.Option(help="small, tiny, paper, or a path")] = "small",
    root: Annotated[Path, typer.Option("--out", help="folder of all results")] = PARAMS_OUT,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    workers: Annotated[int, typer.Option(min=0, help="processes for data; 0 means one a core")] = 0,
    target: Annotated[Path | None, typer.Option(help="where `export` writes; by default beside the training")] = None,
) -> None:
    """Train SPACE: data, face-vid2vid, keypoints, pose, speech, latents, their ablations, export. Goes on where it was stopped."""
    import os

    from bench.assets import open_store
    from bench.space.data import training_folder
    from bench.space.recipe import load_recipe
    from bench.space.stages import Training
    from bench.workspace import Workspace

    chosen, workspace = load_recipe(recipe), Workspace(root)
    count = workers or len(os.sched_getaffinity(0))
    training = Training(chosen, workspace, open_store(), count, device)
    wanted = stages or []
    if not wanted or set(wanted) - {"export"}:
        training.run([name for name in wanted if name != "export"])
    if not wanted or "export" in wanted:
        folder = target or training_folder(chosen, workspace) / "export"
        training.export(folder)
        out.print(f"weights: {folder}", soft_wrap=True, markup=False)


def _intensities(words: list[str]) -> dict[str, float]:
    """Raises `BenchError` for a word that is no NAME=INTENSITY, and for a name that is given twice."""
    found: dict[str, float] = {}
    for word in words:
        whole = word if "=" in word else f"{word}=1"
        name, value = named_number("--emotion", whole, "NAME=INTENSITY, e.g. happy=0.7")
        name = name.strip().lower()
        if name in found:
            raise BenchError(f"--emotion {name} is given twice, as {found[name]:g} and as {value:g}: give it once")
        found[name] = value
    return found


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise BenchError(f"{option} {text!r}: expected numbers with commas between them") from None


def _two(option: str, text: str) -> tuple[float, float]:
    numbers = _numbers(option, text)
    if len(numbers) != 2:
        raise BenchError(f"{option} {text!r}: expected two numbers, e.g. 5,-10")
    return numbers[0], numbers[1]


def _three(option: str, text: str) -> tuple[float, float, float]:
    numbers = _numbers(option, text)
    if len(numbers) != 3:
        raise BenchError(f"{option} {text!r}: expected three numbers, e.g. 0,10,0")
    return numbers[0], numbers[1], numbers[2]
