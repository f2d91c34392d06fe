"""Whatever lies in a copy is read, or named among the rest: no file of a dataset is gone without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.base import Rejected, SourceClip
from datasets.registry import READERS

WHOLE: dict[str, tuple[str, ...]] = {
    "mead": (
        "M003/video/front/angry/level_1/001.mp4", "M003/audio/angry/level_1/001.m4a",
        "M003/video/front/neutral/level_1/001.mp4", "W009/video/front/sad/level_3/002.mp4",
        "W009/audio/sad/level_3/002.m4a",
    ),
    "voxceleb2": (
        "test/mp4/id00017/5MkXgwdrmJw/00001.mp4", "test/aac/id00017/5MkXgwdrmJw/00001.m4a",
        "test/txt/id00017/5MkXgwdrmJw/00001.txt", "test/mp4/id00018/5MkXgwdrmJw/00001.mp4",
    ),
    "ravdess": (
        "Video_Speech_Actor_01/Actor_01/01-01-05-01-01-01-01.mp4", "Actor_02/01-01-05-01-01-01-02.mp4",
        "Actor_02/01-01-06-01-01-01-02.mp4",
    ),
    "crema-d": (
        "VideoFlash/1001_DFA_ANG_XX.flv", "AudioWAV/1001_DFA_ANG_XX.wav", "VideoFlash/1002_DFA_ANG_XX.flv",
        "AudioWAV/1002_DFA_ANG_XX.wav",
    ),
    "hdtf": ("clips/Radio11_0.mp4", "clips/WDA_KatieHill_000.mp4", "Zoe_1.mp4"),
    "folder": ("anna/a.mp4", "b.mov"),
}  # fmt: skip
SOUNDS = (".m4a", ".wav", ".txt")
KINDS = {
    "mead": {".mp4", ".m4a"}, "voxceleb2": {".mp4", ".m4a"}, "ravdess": {".mp4"}, "crema-d": {".flv", ".mp4", ".wav"},
    "hdtf": {".mp4", ".mkv", ".flv"}, "folder": {".mp4", ".mov", ".mkv", ".flv"},
}  # fmt: skip
"""Files that belong to each dataset, by their suffixes. Where sound is of two forms, one of them is enough."""


def _counts(name: str, file: Path) -> bool:
    """Whether a file belongs to the dataset by its kind."""
    return file.suffix.lower() in KINDS[name]


@st.composite
def moved(draw: st.DrawFn, path: str) -> str:
    """The path after one mistake: a folder gone, one too many, another case, a second copy's name, another suffix."""
    parts = path.split("/")
    place = draw(st.integers(0, len(parts) - 1))
    kind = draw(st.sampled_from(["drop", "insert", "case", "copy", "suffix", "odd"]))
    if kind == "drop" and place < len(parts) - 1:
        del parts[place]
    elif kind == "insert":
        parts.insert(place, draw(st.sampled_from(["extra", "video-001", "MEAD", "M003", "id00019", "mp4", "Actor_03"])))
    elif kind == "case":
        parts[place] = parts[place].swapcase()
    elif kind == "copy":
        stem, dot, suffix = parts[place].rpartition(".")
        parts[place] = f"{stem} (1).{suffix}" if dot else f"{suffix} (1)"
    elif kind == "suffix":
        parts[-1] = parts[-1].rpartition(".")[0] + draw(st.sampled_from([".MP4", ".mkv", ".wav", ".FLV"]))
    else:
        parts[place] += draw(st.sampled_from([" ", "\u0301", "\n", "'", '"', "[b]"]))
    return "/".join(parts)


@st.composite
def copies(draw: st.DrawFn, name: str) -> tuple[set[str], set[str]]:
    """Files as the dataset has them, and files that somebody moved or renamed."""
    paths = WHOLE[name]
    wrong = {draw(moved(draw(st.sampled_from(paths)))) for _ in range(draw(st.integers(1, 4)))}
    return set(paths), wrong - set(paths)


@pytest.mark.parametrize("name", sorted(WHOLE))
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_every_file_is_read_or_named(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    root = tmp_path_factory.mktemp("copy")
    whole, wrong = data.draw(copies(name))
    for number, path in enumerate(sorted(whole | wrong)):
        file = root / path
        if not any(parent.is_file() for parent in file.parents):
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.is_dir():
                file.write_bytes(bytes([number + 1]))
    items = list(READERS[name]().read(root))
    clips = [item for item in items if isinstance(item, SourceClip)]
    used = {path for clip in clips for path in (clip.video, clip.audio, clip.boxes) if path is not None}
    named = [item.source for item in items if isinstance(item, Rejected)]
    for file in (path for path in root.rglob("*") if path.is_file() and _counts(name, path)):
        place = file.relative_to(root).as_posix()
        # What is said of a video holds for its sound.
        folders = {Path(part).stem for part in file.relative_to(root).parts}
        alone = file.suffix.lower() not in SOUNDS or not folders & {Path(source).stem for source in named}
        told = any(place == source or place.startswith(f"{source}/") for source in named)
        assert file in used or told or not alone, (place, named)
    assert len({clip.clip for clip in clips}) == len(clips)
    taken = {clip.video.relative_to(root).as_posix() for clip in clips}
    lost = {path for path in whole if not path.endswith(SOUNDS)} - taken
    # What is whole stays whole, unless a second file claims the same clip.
    assert all(item.reason == "duplicate" for item in items if isinstance(item, Rejected) and item.source in lost)
    assert lost <= set(named)
