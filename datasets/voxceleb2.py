"""VoxCeleb2: ``{dev,test}/mp4/idNNNNN/<video id>/NNNNN.mp4`` with ``aac/`` sound and ``txt/`` face boxes beside ``mp4/``.

Source: Chung, Nagrani, Zisserman, "VoxCeleb2: Deep Speaker Recognition", Interspeech 2018.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from datasets.base import Rejected, SourceClip
from datasets.recognize import wrong_root
from datasets.walk import Entry, Tree, archives, stem, suffix

_SPEAKER = re.compile(r"id[0-9]{5}")
_VIDEO = re.compile(r"[A-Za-z0-9_-]+")
"""A video's identifier at YouTube: 11 of these characters. It becomes part of file names."""
_UTTERANCE = re.compile(r"[0-9]{5}\.mp4", re.IGNORECASE | re.ASCII)
_SPLIT = re.compile(r"(?:vox2_)?(dev|test)(?:_(?:mp4|aac|txt))?")
_AROUND = re.compile(r"vox(celeb)?2?([_-].*)?", re.IGNORECASE)
"""A folder around the splits, named after the dataset."""
_KINDS = {"mp4": "mp4", "aac": "aac", "m4a": "aac", "wav": "aac", "txt": "txt"}
"""What a folder of each name holds. Many labs turn the sound into wav, beside the m4a or in a folder of its own."""
_SUFFIXES = {"aac": (".m4a", ".wav"), "txt": (".txt",)}
"""Of two sounds of one utterance, the first kind, which is the dataset's own, is taken."""
_SAYS = {"aac": "sound", "txt": "face boxes"}
_NESTED = 3
"""How deep ``mp4/`` may lie below the root, as in ``vox2_dev_mp4/dev/mp4/``."""

Kinds = dict[str, list[Path]]
Videos = dict[str, list[Entry]]


class VoxCeleb2:
    """Reader of VoxCeleb2's folder layout. The clips are already cut to the face."""

    name = "voxceleb2"
    summary = "VoxCeleb2: dev and test, mp4 with sound (aac beside), speaker folders idNNNNN"

    def read(self, root: Path) -> Iterator[SourceClip | Rejected]:
        """Yield every utterance, ordered by split, speaker, video, utterance.

        The root holds ``dev`` and ``test``, or is one of them, or its ``mp4``, or holds what the archives unpack to
        (``vox2_test_mp4/mp4/``). The text files are listed, not opened (`datasets.face_boxes` reads them).
        """
        tree = Tree(root)
        splits = _splits(tree)
        if not any(kinds["mp4"] for kinds in splits.values()):
            raise wrong_root(root, self.name, "VoxCeleb2", "test/mp4/id00017/<video id>/00001.mp4")
        truth = root.parent / "truth" / root.name
        # Of two copies of an utterance, that whose folders name its split goes first.
        for split in sorted(splits, key=lambda split: (not split, split)):
            yield from _split(tree, split, splits[split], truth if truth.is_dir() else None)
            yield from tree.drain()
        for file in archives(tree.scan(root)[1]):
            match = _SPLIT.search(file.name)
            if not match or not splits.get(match[1], {}).get("mp4"):
                yield tree.reject(
                    file, "packed", "unpack it; of parts (partaa, partab, ...) make one zip with `cat` first"
                )


def _splits(tree: Tree) -> dict[str, Kinds]:
    """Where each split keeps its pictures, sounds and face boxes; the split is "" where no folder's name says it."""
    found: dict[str, Kinds] = defaultdict(lambda: {"mp4": [], "aac": [], "txt": []})
    root = tree.root

    def search(folder: Path, split: str, depth: int) -> None:
        folders, files = tree.scan(folder)
        unknown = list(files)
        for entry in folders:
            named = _SPLIT.fullmatch(entry.name)
            if entry.name in _KINDS:
                found[split][_KINDS[entry.name]].append(Path(entry.path))
            elif depth and (named or _AROUND.fullmatch(entry.name)):
                search(Path(entry.path), named[1] if named else split, depth - 1)
            else:
                unknown.append(entry)
        for row in tree.misplaced(unknown, "{dev,test}/{mp4,aac,txt}/"):
            tree.note(row)

    names = [entry.name for entry in tree.scan(root)[0]]
    parts = [name for name in names if name in _KINDS or _SPLIT.fullmatch(name) or _AROUND.fullmatch(name)]
    if not parts and any(_SPEAKER.fullmatch(name) for name in names):
        above = root.parent if root.name == "mp4" else root
        named = _SPLIT.fullmatch(above.name)
        found[named[1] if named else ""]["mp4"].append(root)
    else:
        named = _SPLIT.fullmatch(root.name)
        search(root, named[1] if named else "", _NESTED)
    return dict(found)


def _split(tree: Tree, split: str, kinds: Kinds, truth: Path | None) -> Iterator[SourceClip | Rejected]:
    for base in kinds["mp4"]:
        speakers, files = tree.scan(base)
        yield from tree.misplaced(files, "idNNNNN/<video id>/NNNNN.mp4")
        for speaker in speakers:
            if not _SPEAKER.fullmatch(speaker.name):
                yield tree.reject(speaker, "unknown_speaker", "expected a name like id00017")
                continue
            beside = {kind: _videos(tree, kinds[kind], speaker.name) for kind in _SUFFIXES}
            videos, files = tree.scan(speaker.path)
            yield from tree.misplaced(files, "<video id>/NNNNN.mp4")
            for video in videos:
                if _VIDEO.fullmatch(video.name):
                    yield from _video(tree, split, speaker.name, video, beside, truth)
                else:
                    yield tree.reject(video, "unknown_name", "expected a video's identifier like 5MkXgwdrmJw")
    for kind in ("aac", "txt"):
        for base in kinds[kind]:
            yield from _orphans(tree, kind, base, kinds["mp4"])


def _video(
    tree: Tree, split: str, speaker: str, video: Entry, beside: dict[str, Videos], truth: Path | None
) -> Iterator[SourceClip | Rejected]:
    sounds, boxes = (_utterances(tree, kind, beside[kind].get(video.name, [])) for kind in ("aac", "txt"))
    deeper, files = tree.scan(video.path)
    yield from tree.misplaced(deeper, "NNNNN.mp4")
    for file in files:
        if not _UTTERANCE.fullmatch(file.name):
            yield tree.reject(file, "unknown_name", "expected a name like 00001.mp4")
            continue
        clip = f"{speaker}-{video.name}-{stem(file)}"
        sound, box = sounds.pop(stem(file), None), boxes.pop(stem(file), None)
        problem = tree.problem(file) or (tree.problem(sound) if sound else None) or tree.claim(clip, file)
        if problem:
            yield problem
            continue
        if box and (unusable := tree.problem(box)):
            yield unusable
            box = None
        path = Path(file.path)
        known = truth / path.relative_to(tree.root).with_suffix(".npz") if truth else None
        yield SourceClip(
            clip=clip, speaker=speaker, video=path, audio=Path(sound.path) if sound else None, split=split,
            truth=known if known and known.is_file() else None, boxes=Path(box.path) if box else None,
        )  # fmt: skip
    for kind, left in (("aac", sounds), ("txt", boxes)):
        yield from (tree.reject(entry, "no_video", f"{_SAYS[kind]} without its mp4") for entry in left.values())


def _videos(tree: Tree, bases: list[Path], speaker: str) -> Videos:
    """Where the files of one kind of each video of a speaker are."""
    found: Videos = defaultdict(list)
    for base in bases:
        for video in tree.scan(base / speaker)[0]:
            found[video.name].append(video)
    return found


def _utterances(tree: Tree, kind: str, folders: list[Entry]) -> dict[str, Entry]:
    """Files of a kind for one video, by utterance."""
    found: dict[str, Entry] = {}
    order = _SUFFIXES[kind]
    for folder in folders:
        deeper, files = tree.scan(folder.path)
        for row in tree.misplaced(deeper, f"NNNNN{order[0]}"):
            tree.note(row)
        for file in files:
            if suffix(file) not in order:
                tree.note(tree.reject(file, "unknown_name", f"expected a name like 00001{order[0]}"))
            else:
                other = found.setdefault(stem(file), file)
                if order.index(suffix(file)) < order.index(suffix(other)):
                    found[stem(file)] = file
                elif other is not file and suffix(other) == suffix(file):
                    tree.note(tree.reject(file, "duplicate", f"{tree.name(other.path)} is taken"))
    return found


def _orphans(tree: Tree, kind: str, base: Path, pictures: list[Path]) -> Iterator[Rejected]:
    """One row for each speaker or video folder that has files of a kind and no pictures at all, and for misplaced files."""
    if not pictures:
        yield Rejected(tree.name(base), "no_video", f"{_SAYS[kind]} without an mp4 folder")
        return
    speakers, files = tree.scan(base)
    yield from _files_alone(tree, kind, files)
    for speaker in speakers:
        seen = {video.name for folder in pictures for video in tree.scan(folder / speaker.name)[0]}
        if not seen:
            yield tree.reject(speaker, "no_video", f"{_SAYS[kind]} without mp4/{speaker.name}")
            continue
        videos, files = tree.scan(speaker.path)
        yield from _files_alone(tree, kind, files)
        for video in videos:
            if video.name not in seen:
                yield tree.reject(video, "no_video", f"{_SAYS[kind]} without mp4/{speaker.name}/{video.name}")


def _files_alone(tree: Tree, kind: str, files: list[Entry]) -> Iterator[Rejected]:
    for file in files:
        if suffix(file) in _SUFFIXES[kind]:
            yield tree.reject(file, "unknown_name", f"expected idNNNNN/<video id>/NNNNN{_SUFFIXES[kind][0]}")
