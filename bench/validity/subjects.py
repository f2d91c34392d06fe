"""The clips that are damaged: synthetic people who can be drawn again otherwise, and real ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from bench.assets import AssetStore
from bench.config import AUDIO_RATE
from bench.errors import BenchError
from bench.parallel import run
from bench.puppet import portraits
from bench.store import read_table, records
from bench.workspace import Workspace
from datasets.media import read_audio, write_audio, write_video
from datasets.puppet import CAST, VERSION, PuppetError, PuppetSpec, plan
from datasets.puppet.animate import draw, perform
from datasets.puppet.plan import ClipPlan, randomness
from datasets.puppet.speakers import Speaker, make_speaker
from metrics.base import Labels

SPEC = PuppetSpec()
ROLES = (
    ("happy", 3),
    ("sad", 3),
    ("angry", 2),
    ("happy", 1),
    ("surprised", 2),
    ("sad", 1),
    ("fear", 2),
    ("disgusted", 2),
)
"""What each of the cast plays. Two emotions at two levels, so that the response to intensity has a value."""
PUPPET, SAMPLE = "puppet", "sample"


@dataclass(frozen=True)
class Actor:
    """Who plays a synthetic clip. `double`: another speaker who can play it as well, with the same voice and motion."""

    plan: ClipPlan
    speaker: Speaker
    double: Speaker


@dataclass(frozen=True)
class Subject:
    """One clip to damage.

    Attributes:
        dataset: ``puppet`` or ``sample``. clip: its name there. labels: what is known of it.
        video: the clip. sound: its sound as WAV, or None where it has none.
        actor: of a synthetic clip. stranger: of a real one, the clip of another speaker.
    """

    dataset: str
    clip: str
    labels: Labels
    video: Path
    sound: Path | None
    actor: Actor | None = None
    stranger: Path | None = None


def puppets(count: int, fps: float, root: Path, assets: AssetStore, workers: int) -> list[Subject]:
    """The first `count` of the cast (at most `len(ROLES)`), one clip each, drawn where the file is missing.

    The whole cast is taken, training speakers too: nothing learns here, and more speakers make better intervals.

    Raises:
        BenchError: a portrait is unfit.
    """
    from metrics.features.face_mesh import locate

    pictures = portraits(SPEC.portraits, assets)
    folder = root / f"v{VERSION}-{fps:g}fps"
    people: dict[int, Speaker] = {}
    try:
        for number in {each % len(CAST) for each in range(count + 1)}:
            people[number] = make_speaker(CAST[number], pictures, locate)
    except PuppetError as error:
        raise BenchError(str(error)) from error
    subjects = [_role(number, fps, people[number], people[(number + 1) % len(CAST)], folder) for number in range(count)]
    missing = [subject for subject in subjects if not subject.video.is_file()]
    for _ in run(_film, missing, workers):
        pass
    return subjects


def _role(number: int, fps: float, person: Speaker, other: Speaker, folder: Path) -> Subject:
    emotion, level = ROLES[number]
    first = next(clip for clip in plan(SPEC) if clip.speaker == number)
    acted = replace(first, emotion=emotion, level=level, fps=fps)
    # The double speaks with the same voice and moves as much, and so does the very same.
    actor = Actor(acted, person, replace(other, recipe=person.recipe))
    name = f"{person.recipe.mead}-{emotion}-{level}"
    labels = Labels(emotion=emotion, intensity=level / 3, speaker=person.recipe.mead)
    video = folder / f"{name}.mp4"
    return Subject(PUPPET, name, labels, video, video.with_suffix(".wav"), actor)


def _film(subject: Subject) -> None:
    assert subject.actor is not None and subject.sound is not None
    actor = subject.actor
    mesh, placement = actor.speaker.at(actor.plan.size)
    made = perform(actor.plan, actor.speaker, placement, randomness(SPEC, actor.plan.name))
    subject.video.parent.mkdir(parents=True, exist_ok=True)
    write_audio(subject.sound, made.utterance.samples, AUDIO_RATE)
    # From the file, as the damaged clips read it: then all of them have the same sound, bit for bit.
    sound = read_audio(subject.sound, AUDIO_RATE)
    write_video(subject.video, draw(made, mesh), actor.plan.fps, sound, AUDIO_RATE)


def samples(count: int, workspace: Workspace) -> list[Subject]:
    """`count` of the real clips as ``prepare`` wrote them: one of every speaker, then a second one, and so on.

    Raises:
        BenchError: they are not prepared, or show one speaker only.
    """
    table = read_table(workspace.clips_table(SAMPLE, "test"), f"space-bench prepare {SAMPLE}")
    turn = table.groupby("speaker", sort=False).cumcount().sort_values(kind="stable").index
    clips: list[Any] = list(records(table.loc[turn]))
    subjects = []
    for row in clips[:count]:
        other = next((one for one in clips if one.speaker != row.speaker), None)
        if other is None:
            raise BenchError(f"{SAMPLE} has clips of one speaker only; `space-bench prepare {SAMPLE}` makes them all")
        sound = None if pd.isna(row.audio) else workspace.resolve(row.audio)
        video, stranger = workspace.resolve(row.video), workspace.resolve(other.video)
        subjects.append(Subject(SAMPLE, row.clip, Labels(speaker=row.speaker), video, sound, stranger=stranger))
    return subjects
