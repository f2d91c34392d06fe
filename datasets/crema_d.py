"""CREMA-D: ``VideoFlash/1001_DFA_ANG_XX.flv`` (actor, sentence, emotion, level) with ``AudioWAV/1001_DFA_ANG_XX.wav``.

Source: Cao et al., "CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset", IEEE Transactions on Affective
Computing 5(4), 2014; the codes are those of the dataset's own documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from datasets.base import Rejected, SourceClip
from datasets.recognize import wrong_root
from datasets.walk import Entry, Tree, stem, suffix

SENTENCES = ("IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI")
EMOTION_CODES = {
    "ANG": "angry", "DIS": "disgusted", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad",
}  # fmt: skip
LEVELS = {"LO": 1, "MD": 2, "HI": 3, "XX": None}
"""Unspecified (XX) has no level, but neutral, which has level 1 as everywhere."""
KNOWN_BAD = {
    "1076_MTI_NEU_XX": "almost empty",
    "1076_MTI_SAD_XX": "almost empty",
    "1064_TIE_SAD_XX": "almost empty",
    "1064_IEO_DIS_MD": "about a minute long, with all emotions of the sentence",
}

_NAME = re.compile(rf"([0-9]{{4}})_({'|'.join(SENTENCES)})_({'|'.join(EMOTION_CODES)})_({'|'.join(LEVELS)})")
_ACTORS = range(1001, 1092)
_FOLDERS = frozenset({"videoflash", "videomp4", "audiowav", "audiomp3"})
_VIDEOS = (".flv", ".mp4")
"""The dataset's own form, and what players and tools that cannot read it are given."""


class CremaD:
    """Reader of a clone of CREMA-D's repository."""

    name = "crema-d"
    summary = "CREMA-D: 91 actors, 6 emotions, 3 levels or none, flv with separate wav"

    def read(self, root: Path) -> Iterator[SourceClip | Rejected]:
        """Yield every clip, ordered by name. Without ``AudioWAV`` the sound is the video's own.

        ``VideoMP4``, where somebody keeps the videos in another form, is read for those that ``VideoFlash`` lacks.
        """
        tree = Tree(root)
        top, strays = tree.scan(root)
        videos = [folder for name in ("videoflash", "videomp4") for folder in top if folder.name.lower() == name]
        if not videos:
            raise wrong_root(root, self.name, "CREMA-D", "VideoFlash/1001_DFA_ANG_XX.flv")
        sounds: dict[str, Entry] = {}
        for folder in (folder for folder in top if folder.name.lower() == "audiowav"):
            deeper, files = tree.scan(folder.path)
            heard = [file for file in files if suffix(file) == ".wav"]
            second = [file for file in heard if sounds.setdefault(_standard(file), file) is not file]
            beside = [file for file in files if suffix(file) != ".wav"]
            yield from tree.misplaced([*deeper, *beside], "AudioWAV/1001_DFA_ANG_XX.wav")
            yield from (tree.reject(file, "duplicate", "a second sound of its name") for file in second)
        left = dict(sounds)
        others = (folder for folder in top if folder.name.lower() not in _FOLDERS)
        yield from tree.misplaced([*others, *strays], "VideoFlash/ or AudioWAV/ around it")
        for folder in videos:
            deeper, files = tree.scan(folder.path)
            yield from tree.misplaced(deeper, f"{folder.name}/1001_DFA_ANG_XX.flv")
            # Of one name, the dataset's own flv comes before what somebody made of it.
            for file in sorted(files, key=lambda file: (_standard(file), suffix(file) != ".flv")):
                yield _clip(tree, file, sounds.get(_standard(file)))
                left.pop(_standard(file), None)
        yield from (tree.reject(sound, "no_video", "sound without its flv") for sound in left.values())
        yield from tree.drain()


def parse_name(name: str) -> tuple[str, str, str, str] | None:
    """Actor, sentence, emotion and level codes of a file name without suffix, or None where one is outside the code."""
    match = _NAME.fullmatch(name)
    if not match or int(match[1]) not in _ACTORS:
        return None
    return match[1], match[2], match[3], match[4]


def _standard(file: Entry) -> str:
    # Older copies have 1040_ITH_SAD_X, which the authors have renamed since.
    name = stem(file)
    return f"{name}X" if name.endswith("_X") else name


def _clip(tree: Tree, file: Entry, sound: Entry | None) -> SourceClip | Rejected:
    name = _standard(file)
    codes = parse_name(name)
    if codes is None or suffix(file) not in _VIDEOS:
        return tree.reject(file, "unknown_name", "expected actor, sentence, emotion and level like 1001_DFA_ANG_XX.flv")
    if name in KNOWN_BAD:
        return tree.reject(file, "known_bad", KNOWN_BAD[name])
    problem = tree.problem(file) or (tree.problem(sound) if sound else None) or tree.claim(name, file)
    if problem:
        return problem
    actor, _, emotion, level = codes
    return SourceClip(
        clip=name, speaker=actor, video=Path(file.path), audio=Path(sound.path) if sound else None,
        emotion=EMOTION_CODES[emotion], level=1 if emotion == "NEU" else LEVELS[level], label=emotion,
    )  # fmt: skip
