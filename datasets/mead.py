"""MEAD: ``<M|W>NNN/video/<view>/<emotion>/level_<k>/NNN.mp4`` with the sound under ``<id>/audio/<emotion>/level_<k>/``.

Source: Wang et al., "MEAD: A Large-scale Audio-visual Dataset for Emotional Talking-face Generation", ECCV 2020.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from datasets.base import EMOTIONS, Rejected, SourceClip, listing
from datasets.recognize import wrong_root
from datasets.walk import Entry, Tree, archives, stem, suffix

VIEWS = ("front", "top", "down", "left_30", "left_60", "right_30", "right_60")

_SPEAKER = re.compile(r"[MW][0-9]{3}")
_LEVEL = re.compile(r"level_([123])", re.IGNORECASE)
_TAKE = re.compile(r"[0-9]{3}\.mp4")
_SOUND = (".m4a", ".wav", ".mp3", ".aac")
_WRAPPERS = 2
"""How many folders like ``video-001/`` or ``M003/`` an extraction may put between ``video`` and the views."""

Sounds = dict[tuple[str, int], dict[str, Entry]]


class Mead:
    """Reader of MEAD's folder layout, one view of it (front by default)."""

    summary = "MEAD: 8 emotions, 3 levels, separate audio"

    def __init__(self, view: str = "front") -> None:
        if view not in VIEWS:
            raise ValueError(f"unknown view {view!r}: one of {', '.join(VIEWS)}")
        self.view = view
        self.name = "mead" if view == "front" else f"mead-{view}"
        self.summary = f"{Mead.summary}, view {view}"

    def read(self, root: Path) -> Iterator[SourceClip | Rejected]:
        """Yield every clip of the view, ordered by speaker, emotion, level, number.

        A clip without a separate sound file keeps the sound of its video, if that has one.
        """
        tree = Tree(root)
        folders, files = tree.scan(root)
        names = {folder.name for folder in folders}
        if not any(_SPEAKER.fullmatch(name) for name in names):
            raise wrong_root(root, "mead", "MEAD", "folders like M003/video/front/angry/level_1/001.mp4")
        truth = root.parent / "truth" / root.name
        for folder in folders:
            if _SPEAKER.fullmatch(folder.name):
                yield from self._speaker(tree, folder, truth if truth.is_dir() else None)
            else:
                yield tree.reject(folder, "unknown_speaker", "expected a name like M003 or W009")
            yield from tree.drain()
        for file in archives(files):
            if stem(file) not in names:
                yield tree.reject(file, "packed", f"unpack it here: tar -xf {file.name}")

    def _speaker(self, tree: Tree, speaker: Entry, truth: Path | None) -> Iterator[SourceClip | Rejected]:
        folders, files = tree.scan(speaker.path)
        views = list(_contents(tree, speaker.name, folders, "video"))
        emotions = list(_contents(tree, speaker.name, folders, "audio"))
        for kind, unpacked in (("video", views), ("audio", emotions)):
            for file in archives(files):
                if file.name.lower().startswith(kind) and not unpacked:
                    yield tree.reject(file, "packed", f"unpack it: tar -xf {file.name} -C {speaker.name}")
        for view in views:
            if view.name.lower() not in VIEWS:
                yield tree.reject(view, "unknown_view", f"expected one of {', '.join(VIEWS)}")
        wanted = [view for view in views if view.name.lower() == self.view]
        if not wanted:
            found = ", ".join(view.name for view in views) or listing(Path(speaker.path))
            yield Rejected(speaker.name, "no_video", f"expected {speaker.name}/video/{self.view}, found {found}")
            return
        sounds = _sounds(tree, emotions)
        for view in wanted:
            yield from self._view(tree, speaker.name, view, sounds, truth)
        yield from self._silent(tree, sounds)

    def _view(
        self, tree: Tree, speaker: str, view: Entry, sounds: Sounds, truth: Path | None
    ) -> Iterator[SourceClip | Rejected]:
        for folder in tree.scan(view.path)[0]:
            emotion = folder.name.lower()
            if emotion not in EMOTIONS:
                yield tree.reject(folder, "unknown_emotion", f"expected one of {', '.join(EMOTIONS)}")
                continue
            for level_folder in tree.scan(folder.path)[0]:
                match = _LEVEL.fullmatch(level_folder.name)
                if not match:
                    yield tree.reject(level_folder, "unknown_level", "expected level_1, level_2 or level_3")
                    continue
                level = int(match[1])
                if emotion == "neutral" and level > 1:
                    yield tree.reject(level_folder, "unknown_level", "neutral has level_1 only")
                    continue
                heard = sounds.get((emotion, level), {})
                for take in tree.scan(level_folder.path)[1]:
                    yield self._clip(tree, speaker, emotion, level, take, heard.pop(stem(take), None), truth)

    def _clip(
        self, tree: Tree, speaker: str, emotion: str, level: int, take: Entry, sound: Entry | None, truth: Path | None
    ) -> SourceClip | Rejected:
        if not _TAKE.fullmatch(take.name):
            return tree.reject(take, "unknown_name", "expected a name like 001.mp4")
        clip = f"{speaker}-{self.view}-{emotion}-level_{level}-{stem(take)}"
        problem = tree.problem(take) or (tree.problem(sound) if sound else None) or tree.claim(clip, take)
        if problem:
            return problem
        video = Path(take.path)
        known = truth / video.relative_to(tree.root).with_suffix(".npz") if truth else None
        return SourceClip(
            clip=clip, speaker=speaker, video=video, audio=Path(sound.path) if sound else None, emotion=emotion,
            level=level, truth=known if known and known.is_file() else None, label=emotion,
            sex="female" if speaker.startswith("W") else "male",
        )  # fmt: skip

    def _silent(self, tree: Tree, sounds: Sounds) -> Iterator[Rejected]:
        """One row for each folder that has sound whose pictures are not there."""
        for heard in sounds.values():
            if heard:
                folder = tree.name(Path(next(iter(heard.values())).path).parent)
                yield Rejected(
                    folder, "no_video", f"sound without its video in the view {self.view}: {', '.join(sorted(heard))}"
                )


def _contents(tree: Tree, speaker: str, folders: list[Entry], kind: str, depth: int = _WRAPPERS) -> Iterator[Entry]:
    """The folders inside ``video`` (or ``audio``), whatever an extraction put around them (``video-001/``, ``M003/``)."""
    wrapper = re.compile(rf"{kind}(-[0-9]+)?|{speaker}", re.IGNORECASE)
    for folder in folders:
        if not wrapper.fullmatch(folder.name):
            continue
        inner = tree.scan(folder.path)[0]
        yield from (entry for entry in inner if not wrapper.fullmatch(entry.name))
        if depth:
            yield from _contents(tree, speaker, inner, kind, depth - 1)


def _sounds(tree: Tree, emotions: list[Entry]) -> Sounds:
    """Sound files by (emotion, level) and take; of two formats the one that MEAD itself uses."""
    sounds: Sounds = {}
    for folder in emotions:
        for level_folder in tree.scan(folder.path)[0]:
            match = _LEVEL.fullmatch(level_folder.name)
            if not match:
                continue
            heard = sounds.setdefault((folder.name.lower(), int(match[1])), {})
            for file in tree.scan(level_folder.path)[1]:
                other = heard.get(stem(file))
                if suffix(file) in _SOUND and (
                    other is None or _SOUND.index(suffix(file)) < _SOUND.index(suffix(other))
                ):
                    heard[stem(file)] = file
    return sounds
