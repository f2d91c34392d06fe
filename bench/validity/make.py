"""Makes the damaged videos, each once: its file name holds a digest of all that decides what is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.config import AUDIO_RATE
from bench.content import content_hashes
from bench.parallel import run
from bench.progress import bar
from bench.store import digest
from bench.validity.catalogue import VERSION, Damage, damage
from bench.validity.footage import CRF, Footage
from bench.validity.subjects import Subject
from datasets.media import replace_sound, write_video
from datasets.puppet import VERSION as PUPPET_VERSION

CHUNK = 16
"""Videos that a worker makes of one clip before it takes another piece: few enough to keep all cores busy to the end."""


@dataclass(frozen=True)
class Damaged:
    """One clip under one damage at one level, and the file that shows it."""

    subject: Subject
    damage: str
    level: float
    path: Path


def planned(subjects: Sequence[Subject], damages: Sequence[Damage], root: Path) -> list[Damaged]:
    """Every damaged video that these clips and damages ask for, in a fixed order."""
    return [
        Damaged(subject, each.name, level, root / subject.dataset / each.name.replace(" ", "-") / _file(subject, each, level, content))
        for subject in subjects
        for content in [_content(subject)]
        for each in damages
        if subject.dataset in each.datasets and not (each.sound_only and subject.sound is None)
        for level in each.levels
    ]  # fmt: skip


def make(wanted: Sequence[Damaged], workers: int) -> int:
    """Make those that are missing; returns how many were.

    Raises:
        MediaError: a video cannot be read or written.
    """
    missing = [each for each in wanted if not each.path.is_file()]
    jobs = list(_jobs(missing))
    with bar("damage", len(missing)) as step:
        for job, _ in run(_make, jobs, workers):
            step(len(job))
    return len(missing)


def _content(subject: Subject) -> list[str]:
    files = [subject.video] if subject.stranger is None else [subject.video, subject.stranger]
    return [part for path in files for part in content_hashes(path)]


def _file(subject: Subject, each: Damage, level: float, content: Sequence[str]) -> str:
    recipe = digest([VERSION, PUPPET_VERSION, CRF, each.name, level, *content])
    return f"{subject.clip}-{level:g}-{recipe}.mp4"


def _jobs(missing: Sequence[Damaged]) -> Iterator[tuple[Damaged, ...]]:
    """Pieces of one clip each, so that it is decoded and its stage is built once a piece."""
    clips: dict[tuple[str, str], list[Damaged]] = {}
    for each in missing:
        clips.setdefault((each.subject.dataset, each.subject.clip), []).append(each)
    for own in clips.values():
        for start in range(0, len(own), CHUNK):
            yield tuple(own[start : start + CHUNK])


def _make(job: tuple[Damaged, ...]) -> None:
    footage = Footage(job[0].subject)
    for each in job:
        take = damage(each.damage).apply(footage, each.level)
        each.path.parent.mkdir(parents=True, exist_ok=True)
        if take.frames is None:
            replace_sound(each.subject.video, each.path, take.sound, AUDIO_RATE)
        else:
            write_video(each.path, take.frames, footage.fps, take.sound, AUDIO_RATE, crf=take.crf)
