"""MEAD: ``<M|W>NNN/video/<view>/<emotion>/level_<k>/NNN.mp4`` with the sound under ``<id>/audio/<emotion>/level_<k>/``.

Source: Wang et al., "MEAD: A Large-scale Audio-visual Dataset for Emotional Talking-face Generation", ECCV 2020.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from datasets.base import EMOTIONS, Rejected, SourceClip, listing
from datasets.recognize import wrong_root
from datasets.walk import COPY, Entry, Tree, archives, stem, suffix, unpacking

VIEWS = ("front", "top", "down", "left_30", "left_60", "right_30", "right_60")

_SPEAKER = re.compile(rf"([MW][0-9]{{3}}){COPY}", re.ASCII)
_PART = re.compile(r"(MEAD|part|[MW][0-9]{3}-[0-9]{8}T).*", re.IGNORECASE)
"""What a drive's parts of one download unpack to: ``M003-20210602T081112Z-001/M003/``, ``MEAD-.../MEAD/M003/``."""
_LEVEL = re.compile(r"level_([123])", re.IGNORECASE)
_TAKE = re.compile(r"[0-9]{3}\.mp4", re.IGNORECASE | re.ASCII)
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
        speakers, others = _speakers(tree, root)
        if not speakers:
            raise wrong_root(root, "mead", "MEAD", "folders like M003/video/front/angry/level_1/001.mp4")
        truth = root.parent / "truth" / root.name
        for speaker in sorted(speakers):
            yield from self._speaker(tree, speaker, speakers[speaker], truth if truth.is_dir() else None)
            yield from tree.drain()
        for folder in others:
            yield tree.reject(folder, "unknown_speaker", "expected a name like M003 or W009")
        files = tree.scan(root)[1]
        yield from tree.misplaced(files, "a speaker's folder, like M003/")
        for file in archives(files):
            if not any(file.name.startswith(speaker) for speaker in speakers):
                yield tree.reject(file, "packed", f"unpack it, in the root: {unpacking(file.name)}")
        yield from tree.drain()

    def _speaker(
        self, tree: Tree, speaker: str, places: list[Entry], truth: Path | None
    ) -> Iterator[SourceClip | Rejected]:
        """All clips of a speaker, whose folder may lie in several places (a drive's parts of one download)."""
        views: list[Entry] = []
        emotions: list[Entry] = []
        for place in places:
            folders, files = tree.scan(place.path)
            others = (folder for folder in folders if not _wrapper(speaker, "video|audio").fullmatch(folder.name))
            yield from tree.misplaced([*others, *files], f"{speaker}/video/{self.view}/<emotion>/level_<k>/")
            for kind, found in (("video", views), ("audio", emotions)):
                inner, beside = _contents(tree, speaker, folders, kind)
                found += inner
                yield from tree.misplaced(beside, f"{speaker}/{kind}/.../level_<k>/")
                packed = [file for file in archives(files) if file.name.lower().startswith(kind) and not inner]
                here = {entry.name.lower() for entry in inner}
                for file in (*packed, *(file for file in archives(beside) if stem(file).lower() not in here)):
                    path = tree.name(file.path)
                    yield tree.reject(
                        file, "packed", f"unpack it, in the root: {unpacking(path, path.rpartition('/')[0])}"
                    )
        for view in views:
            if view.name.lower() not in VIEWS:
                yield tree.reject(view, "unknown_view", f"expected one of {', '.join(VIEWS)}")
        wanted = [view for view in views if view.name.lower() == self.view]
        if not wanted:
            seen = ", ".join(sorted({view.name for view in views})) or listing(Path(places[0].path))
            yield Rejected(speaker, "no_video", f"expected {speaker}/video/{self.view}, found {seen}")
            return
        sounds = _sounds(tree, emotions)
        used: set[tuple[str, int, str]] = set()
        for view in wanted:
            yield from self._view(tree, speaker, view, sounds, used, truth)
        yield from self._silent(tree, sounds, used)

    def _view(
        self, tree: Tree, speaker: str, view: Entry, sounds: Sounds, used: set[tuple[str, int, str]], truth: Path | None
    ) -> Iterator[SourceClip | Rejected]:
        folders, files = tree.scan(view.path)
        yield from tree.misplaced(files, "<emotion>/level_<k>/001.mp4")
        for folder in folders:
            emotion = folder.name.lower()
            if emotion not in EMOTIONS:
                yield tree.reject(folder, "unknown_emotion", f"expected one of {', '.join(EMOTIONS)}")
                continue
            level_folders, files = tree.scan(folder.path)
            yield from tree.misplaced(files, "level_<k>/001.mp4")
            for level_folder in level_folders:
                match = _LEVEL.fullmatch(level_folder.name)
                if not match:
                    yield tree.reject(level_folder, "unknown_level", "expected level_1, level_2 or level_3")
                    continue
                level = int(match[1])
                if emotion == "neutral" and level > 1:
                    yield tree.reject(level_folder, "unknown_level", "neutral has level_1 only")
                    continue
                heard = sounds.get((emotion, level), {})
                deeper, takes = tree.scan(level_folder.path)
                yield from tree.misplaced(deeper, "001.mp4")
                for take in takes:
                    if _TAKE.fullmatch(take.name):
                        sound = heard.get(stem(take))
                        used.add((emotion, level, stem(take)))
                        yield self._clip(tree, speaker, emotion, level, take, sound, truth)
                    else:
                        yield tree.reject(take, "unknown_name", "expected a name like 001.mp4")

    def _clip(
        self, tree: Tree, speaker: str, emotion: str, level: int, take: Entry, sound: Entry | None, truth: Path | None
    ) -> SourceClip | Rejected:
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

    def _silent(self, tree: Tree, sounds: Sounds, used: set[tuple[str, int, str]]) -> Iterator[Rejected]:
        """One row for each folder that has sound whose pictures are not there."""
        for (emotion, level), heard in sounds.items():
            folders: dict[str, list[str]] = defaultdict(list)
            for take, sound in heard.items():
                if (emotion, level, take) not in used:
                    folders[tree.name(Path(sound.path).parent)].append(take)
            for folder, takes in folders.items():
                yield Rejected(
                    folder, "no_video", f"sound without its video in the view {self.view}: {', '.join(sorted(takes))}"
                )


def _speakers(tree: Tree, folder: Path | str, depth: int = 2) -> tuple[dict[str, list[Entry]], list[Entry]]:
    """The folders of each speaker, those within the parts of a download too; and the folders that are neither."""
    found: dict[str, list[Entry]] = defaultdict(list)
    others: list[Entry] = []
    for entry in tree.scan(folder)[0]:
        if match := _SPEAKER.fullmatch(entry.name):
            found[match[1]].append(entry)
            continue
        inner, beside = _speakers(tree, entry.path, depth - 1) if depth and _PART.fullmatch(entry.name) else ({}, [])
        for speaker, places in inner.items():
            found[speaker] += places
        if not inner:
            others.append(entry)
            continue
        others += beside
        files = tree.scan(entry.path)[1]
        for row in tree.misplaced(files, "a speaker's folder, like M003/"):
            tree.note(row)
        for file in archives(files):
            command = unpacking(tree.name(file.path), tree.name(entry.path))
            tree.note(tree.reject(file, "packed", f"unpack it, in the root: {command}"))
    return found, others


def _wrapper(speaker: str, kind: str) -> re.Pattern[str]:
    return re.compile(rf"({kind})(-[0-9]+)?|{speaker}", re.IGNORECASE)


def _contents(
    tree: Tree, speaker: str, folders: list[Entry], kind: str, depth: int = _WRAPPERS
) -> tuple[list[Entry], list[Entry]]:
    """Folders and files in ``video`` (or ``audio``), whatever an extraction put around them (``video-001/``, ``M003/``)."""
    wrapper = _wrapper(speaker, kind)
    found: list[Entry] = []
    beside: list[Entry] = []
    for folder in folders:
        if not wrapper.fullmatch(folder.name):
            continue
        inner, files = tree.scan(folder.path)
        found += (entry for entry in inner if not wrapper.fullmatch(entry.name))
        beside += files
        if depth:
            deeper, more = _contents(tree, speaker, inner, kind, depth - 1)
            found += deeper
            beside += more
    return found, beside


def _sounds(tree: Tree, emotions: list[Entry]) -> Sounds:
    """Sound files by (emotion, level) and take; of two formats the one that MEAD itself uses."""
    sounds: Sounds = {}
    misplaced: list[Entry] = []
    for folder in emotions:
        level_folders, files = tree.scan(folder.path)
        misplaced += files
        for level_folder in level_folders:
            match = _LEVEL.fullmatch(level_folder.name)
            if not match:
                tree.note(tree.reject(level_folder, "unknown_level", "expected level_1, level_2 or level_3"))
                continue
            heard = sounds.setdefault((folder.name.lower(), int(match[1])), {})
            deeper, files = tree.scan(level_folder.path)
            misplaced += deeper
            for file in files:
                other = heard.get(stem(file))
                if suffix(file) not in _SOUND:
                    misplaced.append(file)
                elif other and suffix(other) == suffix(file):
                    tree.note(tree.reject(file, "duplicate", f"a second sound; {tree.name(other.path)} is taken"))
                elif other is None or _SOUND.index(suffix(file)) < _SOUND.index(suffix(other)):
                    heard[stem(file)] = file
    for row in tree.misplaced(misplaced, "audio/<emotion>/level_<k>/001.m4a"):
        tree.note(row)
    return sounds
