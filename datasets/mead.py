"""MEAD: ``<M|W>NNN/video/<view>/<emotion>/level_<k>/NNN.mp4`` with the sound under ``<id>/audio/<emotion>/level_<k>/``.

Source: Wang et al., "MEAD: A Large-scale Audio-visual Dataset for Emotional Talking-face Generation", ECCV 2020.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from datasets.base import EMOTIONS, DatasetError, Rejected, SourceClip, inside, listing

_SPEAKER = re.compile(r"[MW]\d{3}")
_LEVEL = re.compile(r"level_([123])")
_AUDIO_SUFFIXES = (".m4a", ".wav", ".mp3", ".aac")


class Mead:
    """Reader of MEAD's folder layout, one view of it (front by default)."""

    name = "mead"
    summary = "MEAD: 8 emotions, 3 levels, separate audio, front view"

    def __init__(self, view: str = "front") -> None:
        self.view = view

    def read(self, root: Path) -> Iterator[SourceClip | Rejected]:
        """Yield every clip of the view, ordered by speaker, emotion, level, number."""
        speakers = (
            sorted(p for p in root.iterdir() if p.is_dir() and _SPEAKER.fullmatch(p.name)) if root.is_dir() else []
        )
        if not speakers:
            raise DatasetError(
                f"{root} does not look like MEAD: expected folders like M003/video/front/angry/level_1/001.mp4, "
                f"found {listing(root)}. Point the dataset's `root` at the folder that holds M003, W009, ..."
            )
        for speaker in speakers:
            yield from self._speaker(root, speaker)

    def _speaker(self, root: Path, speaker: Path) -> Iterator[SourceClip | Rejected]:
        view = speaker / "video" / self.view
        if not view.is_dir():
            detail = f"expected {view.relative_to(root)}, found {listing(speaker / 'video')}"
            yield Rejected(speaker.name, "no_video", detail)
            return
        for folder in sorted(p for p in view.iterdir() if p.is_dir()):
            emotion = folder.name.lower()
            if emotion not in EMOTIONS:
                yield Rejected(_name(root, folder), "unknown_emotion", f"expected one of {', '.join(EMOTIONS)}")
                continue
            for level_folder in sorted(p for p in folder.iterdir() if p.is_dir()):
                match = _LEVEL.fullmatch(level_folder.name)
                if not match:
                    yield Rejected(_name(root, level_folder), "unknown_level", "expected level_1, level_2 or level_3")
                    continue
                level = int(match[1])
                if emotion == "neutral" and level > 1:
                    yield Rejected(_name(root, level_folder), "unknown_level", "neutral has level_1 only")
                    continue
                for video in sorted(level_folder.glob("*.mp4")):
                    yield self._clip(root, speaker.name, emotion, level, video)

    def _clip(self, root: Path, speaker: str, emotion: str, level: int, video: Path) -> SourceClip | Rejected:
        if not inside(root, video):
            return Rejected(_name(root, video), "outside_root", "a link that leaves the dataset's root")
        folder = root / speaker / "audio" / video.parent.parent.name / video.parent.name
        audio = next((path for suffix in _AUDIO_SUFFIXES if (path := folder / f"{video.stem}{suffix}").is_file()), None)
        truth = root.parent / "truth" / root.name / video.relative_to(root).with_suffix(".npz")
        return SourceClip(
            clip=f"{speaker}-{self.view}-{emotion}-level_{level}-{video.stem}",
            speaker=speaker, video=video, audio=audio, emotion=emotion, level=level,
            truth=truth if truth.is_file() else None,
        )  # fmt: skip


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
