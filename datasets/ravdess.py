"""RAVDESS: ``Actor_NN/MM-VC-EM-IN-ST-RE-AC.mp4``: modality, vocal channel, emotion, intensity, statement, repetition, actor.

Source: Livingstone and Russo, "The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS)", PLoS ONE 2018;
the codes are those of its page at Zenodo, record 1188976.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from datasets.base import Rejected, SourceClip
from datasets.recognize import wrong_root
from datasets.walk import COPY, Entry, Tree, archives, stem, suffix, unpacking

EMOTION_CODES: dict[str, tuple[str, str | None]] = {
    "01": ("neutral", "neutral"),
    "02": ("calm", None),
    "03": ("happy", "happy"),
    "04": ("sad", "sad"),
    "05": ("angry", "angry"),
    "06": ("fearful", "fear"),
    "07": ("disgust", "disgusted"),
    "08": ("surprised", "surprised"),
}
"""Code -> the dataset's word and the shared one. Calm has no shared word: neutral is another performance there."""

LEVELS = {"01": 2, "02": 3}
"""Normal is the middle level, strong the highest. Neutral has level 1, as everywhere."""

_ACTOR_FOLDER = re.compile(r"(?:(?:Video|Audio)_(?:Speech|Song)_)?Actor_([0-9]{2})" + COPY, re.IGNORECASE | re.ASCII)
_NAME = re.compile(r"(0[1-3])-(0[12])-(0[1-8])-(0[12])-(0[12])-(0[12])-([0-9]{2})")
_ACTORS = range(1, 25)
_DEPTH = 2


class Codes(NamedTuple):
    """The seven fields of a file name, each two digits."""

    modality: str
    channel: str
    emotion: str
    intensity: str
    statement: str
    repetition: str
    actor: str


def parse_name(name: str) -> Codes | None:
    """The fields of a file name without suffix, or None where one is outside the code."""
    match = _NAME.fullmatch(name)
    codes = Codes(*match.groups()) if match else None
    return codes if codes and int(codes.actor) in _ACTORS else None


class Ravdess:
    """Reader of RAVDESS's audio-visual speech; song, and takes without sound or pictures, are turned away."""

    name = "ravdess"
    summary = "RAVDESS: 24 actors, spoken, 8 emotions (calm kept as its own label), 2 intensities"

    def read(self, root: Path) -> Iterator[SourceClip | Rejected]:
        """Yield every spoken take with sound, ordered by actor, folder and name.

        The root holds ``Actor_NN`` folders or what the archives unpack to (``Video_Speech_Actor_NN/Actor_NN``).
        """
        tree = Tree(root)
        folders = sorted(_actor_folders(tree, root, _DEPTH), key=lambda found: (found[0], found[1].as_posix()))
        if not folders:
            raise wrong_root(root, self.name, "RAVDESS", "Actor_01/01-01-01-01-01-01-01.mp4")
        for actor, folder in folders:
            inner, files = tree.scan(folder)
            deeper = [] if any(_ACTOR_FOLDER.fullmatch(entry.name) for entry in inner) else inner
            yield from tree.misplaced(deeper, f"Actor_{actor}/01-01-05-02-01-01-{actor}.mp4")
            for file in files:
                yield _clip(tree, actor, file)
            yield from tree.drain()
        actors = {actor for actor, _ in folders}
        files = [] if _ACTOR_FOLDER.fullmatch(root.name) else tree.scan(root)[1]
        yield from tree.misplaced(files, "Actor_NN/ around it")
        for file in archives(files):
            match = _ACTOR_FOLDER.search(file.name)
            if match and match[1] not in actors:
                yield tree.reject(file, "packed", f"unpack it, in the root: {unpacking(file.name)}")
        yield from tree.drain()


def _actor_folders(tree: Tree, folder: Path, depth: int) -> Iterator[tuple[str, Path]]:
    """Actors and their folders, in the root and in what archives unpack to. Other folders that hold files are noted."""
    if match := _ACTOR_FOLDER.fullmatch(folder.name):
        inner, files = tree.scan(folder)
        if files or not inner:
            yield match[1], folder
    if depth >= 0:
        below = {entry: list(_actor_folders(tree, Path(entry.path), depth - 1)) for entry in tree.scan(folder)[0]}
        for found in below.values():
            yield from found
        if any(below.values()) or (folder == tree.root and not match):
            for row in tree.misplaced((entry for entry, found in below.items() if not found), "Actor_NN/ around it"):
                tree.note(row)


def _clip(tree: Tree, actor: str, file: Entry) -> SourceClip | Rejected:
    codes = parse_name(stem(file))
    if codes is None or suffix(file) not in (".mp4", ".wav"):
        return tree.reject(file, "unknown_name", "expected seven codes like 01-01-05-02-01-01-12.mp4")
    if codes.actor != actor:
        return tree.reject(file, "unknown_name", f"actor {codes.actor} in the folder of actor {actor}")
    if codes.modality == "03" or suffix(file) == ".wav":
        return tree.reject(file, "no_video", "sound only (modality 03)")
    if codes.channel == "02":
        return tree.reject(file, "not_speech", "sung (vocal channel 02)")
    if codes.modality == "02":
        return tree.reject(file, "no_audio", f"pictures only (modality 02); with sound it is 01{file.name[2:]}")
    label, emotion = EMOTION_CODES[codes.emotion]
    if label == "neutral" and codes.intensity != "01":
        return tree.reject(file, "unknown_level", "neutral has normal intensity (01) only")
    problem = tree.problem(file) or tree.claim(stem(file), file)
    if problem:
        return problem
    return SourceClip(
        clip=stem(file), speaker=f"Actor_{actor}", video=Path(file.path), emotion=emotion,
        level=1 if label == "neutral" else LEVELS[codes.intensity], label=label,
        sex="male" if int(actor) % 2 else "female",
    )  # fmt: skip
