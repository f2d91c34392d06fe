"""HDTF: clips ``<name>_<index>.mp4`` in hand, or its annotation files with the videos that they cut, ``<name>.mp4``.

Source: Zhang et al., "Flow-guided One-shot Talking Face Generation with a High-resolution Audio-visual Dataset",
CVPR 2021; github.com/MRzzm/HDTF.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from datasets.base import DatasetError, Rejected, SourceClip, file_name, readable
from datasets.hdtf_annotations import Annotated, clip_of, is_annotation, name_of, read_annotations
from datasets.recognize import wrong_root
from datasets.walk import Entry, Tree, stem, suffix

_DEPTH = 3
_VIDEOS = frozenset({".mp4", ".mkv", ".webm", ".mov"})
"""Downloading programs choose the form of a video themselves."""
_UNFINISHED = frozenset({".part", ".ytdl", ".crdownload", ".tmp"})
_RADIO = re.compile(r"Radio[0-9]+")
_SAME = {"WhipJimClyburn": "JamesClyburn"}


class Hdtf:
    """Reader of HDTF: clips as they are, and clips that the annotations cut out of longer videos."""

    name = "hdtf"
    summary = "HDTF: clips in hand, or annotation files plus the videos they cut"

    def read(self, root: Path) -> Iterator[SourceClip | Rejected]:
        """Yield every clip, ordered by name: ``Radio11_0``, as the authors number them, however its file is named.

        A clip that is in hand is taken as it is; else it is the annotated part of its video, with the crop.
        """
        tree = Tree(root)
        files = list(_files(tree, root, _DEPTH))
        found = read_annotations(tree, [file for file in files if is_annotation(file)])
        videos = [file for file in files if suffix(file) in _VIDEOS]
        known = found.videos
        # A name ending in _0 is a clip, unless the annotations know a video of just that name.
        clips = {file.path for file in videos if name_of(file) not in known and clip_of(stem(file))}
        if not known and not clips:
            raise wrong_root(
                root, self.name, "HDTF", "clips like Radio11_0.mp4, or RD_annotion_time.txt and Radio11.mp4"
            )
        if not videos:
            raise DatasetError(
                f"{readable(str(root))} holds HDTF's annotations and no video: HDTF ships none. Get the {len(known)} videos whose "
                f"addresses are in RD_, WDA_ and WRA_video_url.txt, and store each under its name, as Radio11.mp4."
            )
        yield from found.rejected
        for file in files:
            if suffix(file) in (".flv", ".avi"):
                yield tree.reject(file, "unknown_name", f"a form that is not read: {', '.join(sorted(_VIDEOS))} are")
            elif suffix(file) in _UNFINISHED:
                yield tree.reject(file, "unknown_name", "an unfinished download: fetch it again")
        yield from _in_order(tree, videos, clips, known)
        yield from tree.drain()


def _in_order(
    tree: Tree, videos: list[Entry], clips: set[str], known: dict[str, Annotated]
) -> Iterator[SourceClip | Rejected]:
    items: list[tuple[tuple[str, int], SourceClip | Rejected]] = []
    whole: dict[str, Entry] = {}
    for file in videos:
        clip = clip_of(stem(file)) if file.path in clips else None
        if clip:
            items.append((clip, _in_hand(tree, file, *clip)))
        elif name_of(file) in known and known[name_of(file)].parts:
            problem = tree.problem(file)
            if not problem and name_of(file) in whole:
                problem = tree.reject(
                    file, "duplicate", f"{name_of(file)} is read from {tree.name(whole[name_of(file)].path)}"
                )
            if problem:
                items.append(((name_of(file), -1), problem))
            else:
                whole[name_of(file)] = file
        else:
            items.append(
                ((name_of(file), -1), tree.reject(file, "no_annotation", "no times for it in *_annotion_time.txt"))
            )
    taken = {item.clip for _, item in items if isinstance(item, SourceClip)}
    broken = {name for (name, index), _ in items if index < 0}
    for name, video in known.items():
        missing = [index for index in video.parts if _clip(name, index) not in taken]
        if name in whole:
            items += [((name, index), _cut(tree, whole[name], name, index, video)) for index in missing]
        elif missing and name not in broken:
            detail = f"clips not in hand: {', '.join(map(str, missing))}; nor is the video" + (
                f": {video.url}" if video.url else ""
            )
            items.append(((name, -1), Rejected(f"{name}.mp4", "missing", detail)))
    # Sorted by key alone, and stable: what shares a key stays in the order of the files.
    yield from (item for _, item in sorted(items, key=lambda pair: pair[0]))


def _files(tree: Tree, folder: Path, depth: int) -> Iterator[Entry]:
    folders, files = tree.scan(folder)
    yield from files
    for entry in folders:
        if depth:
            yield from _files(tree, Path(entry.path), depth - 1)
        else:
            for row in tree.misplaced([entry], f"at most {_DEPTH} folders below the root"):
                tree.note(row)


def _in_hand(tree: Tree, file: Entry, name: str, index: int) -> SourceClip | Rejected:
    clip = _clip(name, index)
    problem = tree.problem(file) or tree.claim(clip, file)
    return problem or SourceClip(clip=clip, speaker=speaker_of(name), video=Path(file.path))


def _cut(tree: Tree, file: Entry, name: str, index: int, video: Annotated) -> SourceClip | Rejected:
    start, end = video.parts[index]
    crop = video.crops.get(index)
    return tree.claim(_clip(name, index), file) or SourceClip(
        clip=_clip(name, index), speaker=speaker_of(name), video=Path(file.path), start=start, end=end,
        crop=crop, crop_frame_height=video.height if crop else None,
    )  # fmt: skip


def _clip(name: str, index: int) -> str:
    # Names of clips become names of files, on any system.
    return file_name(f"{name}_{index}")


def speaker_of(name: str) -> str:
    """The person in a video: ``AmyKlobuchar0`` and ``AmyKlobuchar1`` are one; of radio videos only the number is known."""
    if _RADIO.fullmatch(name):
        return name
    person = name.rstrip("0123456789") or name
    return _SAME.get(person, person)
