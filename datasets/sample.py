"""``sample``: real talking-face clips that package wheels ship, cut into short pieces.

The root holds the asset files under the names below; the suite puts them there. Two of the recordings carry no
speech: their clips are scored where no sound is needed, and are failure rows (``no_audio``) where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from datasets.base import DatasetError, Rejected, SourceClip, listing

PIECES: tuple[tuple[str, str, str, float, float, str | None], ...] = (
    # asset, clip, speaker, start, end, emotion
    ("obama_speech_video", "speech-1", "obama", 0.0, 2.9, None),
    ("obama_speech_video", "speech-2", "obama", 2.9, 5.8, None),
    ("obama_speech_video", "speech-3", "obama", 5.8, 8.7, None),
    ("pyfeat_single_face_video", "smile", "pyfeat-1", 0.0, 2.4, None),
    ("pyfeat_emotional_video", "emotional-1", "pyfeat-2", 0.0, 3.0, None),
    ("pyfeat_emotional_video", "emotional-2", "pyfeat-2", 6.0, 9.0, None),
    ("pyfeat_emotional_video", "emotional-3", "pyfeat-2", 12.0, 15.0, None),
)
ASSETS = tuple(dict.fromkeys(piece[0] for piece in PIECES))


class Sample:
    """Reader of the shipped real clips."""

    name = "sample"
    summary = "real clips shipped by package wheels: 7 clips, 3 people (one silent recording is marked so)"

    def read(self, root: Path) -> Iterator[SourceClip | Rejected]:
        """Yield the pieces in a fixed order; a recording that is absent is a rejected source."""
        if not root.is_dir():
            raise DatasetError(
                f"{root} is missing (found {listing(root)}). `space-bench prepare` makes it from the assets."
            )
        for asset, clip, speaker, start, end, emotion in PIECES:
            video = next(iter(sorted(root.glob(f"{asset}.*"))), None)
            if video is None:
                yield Rejected(asset, "missing", f"run `space-bench assets pull {asset}`")
                continue
            yield SourceClip(
                clip=clip, speaker=speaker, video=video, emotion=emotion, split="test", start=start, end=end
            )
