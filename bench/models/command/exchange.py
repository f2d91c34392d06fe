"""What the suite and a foreign program hand over: a folder with the inputs of cases, and places for their videos."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bench.config import AUDIO_RATE
from bench.models.base import Case
from bench.models.command.template import MANIFEST, Values
from datasets.media import write_audio


@dataclass(frozen=True)
class Order:
    """One video to be made.

    Attributes:
        case: for which. folder: its own. seed: of all chance.
    """

    case: Case
    folder: Path
    seed: int

    @property
    def output(self) -> Path:
        return self.folder / "output.mp4"

    def values(self) -> dict[str, str | None]:
        """What stands for each place of a command line; None where the case does not give it."""
        case = self.case
        return {
            "image": str(self.folder / "portrait.png"),
            "audio": str(self.folder / "speech.wav"),
            "pose": None if case.pose_video is None else str(case.pose_video.resolve()),
            "emotion": case.emotion,
            "intensity": None if case.intensity is None else f"{case.intensity:g}",
            "output": str(self.output),
            "fps": f"{case.fps:.10g}",
            "frames": str(case.frames),
            "seed": str(self.seed),
            "case": case.name,
        }

    def line(self) -> str:
        """Its line of a manifest: the same as JSON, numbers as numbers, null where the case does not give it."""
        numbers = {
            "fps": self.case.fps,
            "frames": self.case.frames,
            "seed": self.seed,
            "intensity": self.case.intensity,
        }
        return json.dumps({**self.values(), **numbers}, ensure_ascii=False)


def orders(cases: Iterable[Case], root: Path, seed: int) -> Iterator[Order]:
    """Write the portrait (PNG) and the speech (WAV, 16 kHz, 16 bit, mono; silence where the clip has none) of each case.

    Folders and files have plain names of their own, so that no program stumbles over the name of a case.
    """
    for number, case in enumerate(cases):
        folder = root / f"{number:05d}"
        folder.mkdir()
        Image.fromarray(case.portrait).save(folder / "portrait.png")
        write_audio(folder / "speech.wav", case.audio, AUDIO_RATE)
        yield Order(case, folder, seed)


def write_manifest(path: Path, asked: Iterable[Order]) -> Values:
    """Write a line an order, and give what the command line is told."""
    asked = list(asked)
    path.write_text("".join(order.line() + "\n" for order in asked), encoding="utf-8")
    return {MANIFEST: str(path), "seed": str(asked[0].seed)}
