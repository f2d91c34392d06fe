"""VoxCeleb2: ``{dev,test}/mp4/idNNNNN/<video id>/NNNNN.mp4`` with ``aac/`` sound and ``txt/`` face boxes beside ``mp4/``.

Source: Chung, Nagrani, Zisserman, "VoxCeleb2: Deep Speaker Recognition", Interspeech 2018.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from datasets.base import DatasetError, Rejected, SourceClip, inside, listing

_SPEAKER = re.compile(r"id\d{5}")


class VoxCeleb2:
    """Reader of VoxCeleb2's folder layout. The clips are already cut to the face."""

    name = "voxceleb2"
    summary = "VoxCeleb2: dev and test, mp4 with sound (aac beside), speaker folders idNNNNN"

    def read(self, root: Path) -> Iterator[SourceClip | Rejected]:
        """Yield every utterance, ordered by split, speaker, video, utterance."""
        splits = [split for split in ("dev", "test") if (root / split / "mp4").is_dir()]
        if not splits:
            raise DatasetError(
                f"{root} does not look like VoxCeleb2: expected test/mp4/id00017/<video id>/00001.mp4, "
                f"found {listing(root)}. Point the dataset's `root` at the folder that holds dev and test."
            )
        for split in splits:
            base = root / split / "mp4"
            for speaker in sorted(p for p in base.iterdir() if p.is_dir()):
                if not _SPEAKER.fullmatch(speaker.name):
                    yield Rejected(
                        speaker.relative_to(root).as_posix(), "unknown_speaker", "expected a name like id00017"
                    )
                    continue
                for video in sorted(speaker.glob("*/*.mp4")):
                    yield self._clip(root, split, video)

    def _clip(self, root: Path, split: str, video: Path) -> SourceClip | Rejected:
        if not inside(root, video):
            return Rejected(video.relative_to(root).as_posix(), "outside_root", "a link that leaves the dataset's root")
        stem = video.relative_to(root / split / "mp4").with_suffix("")
        audio = root / split / "aac" / stem.with_suffix(".m4a")
        truth = root.parent / "truth" / root.name / video.relative_to(root).with_suffix(".npz")
        return SourceClip(
            clip="-".join(stem.parts),
            speaker=stem.parts[0],
            video=video,
            audio=audio if audio.is_file() else None,
            split=split,
            truth=truth if truth.is_file() else None,
        )
