from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.base import EMOTIONS, SourceClip
from datasets.mead import Mead
from datasets.media import probe, read_audio, read_frames
from datasets.puppet import CAST, PuppetError, PuppetSpec, build, plan
from datasets.puppet.animate import LIP_LEAD
from datasets.puppet.articulation import CLOSED, hold
from datasets.puppet.topology import INNER_LOWER, INNER_UPPER
from datasets.voxceleb2 import VoxCeleb2

Image = NDArray[np.uint8]
Locate = Callable[[Image], NDArray[np.floating] | None]


def _digests(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 20), st.integers(0, 9), st.integers(1, 5), st.integers(0, 2**32))
def test_plans_have_distinct_files_in_the_real_layouts(mead: int, vox: int, scale: int, seed: int) -> None:
    clips = plan(PuppetSpec(seed=seed, mead_per_speaker=mead, vox_per_speaker=vox, scale=scale))
    assert len(clips) == len(CAST) * scale * (mead + vox)
    files = [path.as_posix() for clip in clips for path in clip.files(Path())]
    assert len(set(files)) == len(files)
    emotions = "|".join(EMOTIONS)
    shapes = (
        rf"mead/[MW]\d{{3}}/video/front/({emotions})/level_[123]/\d{{3,}}\.mp4",
        rf"mead/[MW]\d{{3}}/audio/({emotions})/level_[123]/\d{{3,}}\.m4a",
        r"voxceleb2/(dev|test)/(mp4|aac|txt)/id\d{5}/[\w-]{11}/\d{5}\.(mp4|m4a|txt)",
        r"truth/(mead|voxceleb2)/.+\.npz",
    )
    assert all(any(re.fullmatch(shape, file) for shape in shapes) for file in files)
    assert not any("neutral/level_2" in file or "neutral/level_3" in file for file in files)


def test_test_speakers_show_every_emotion_at_every_level() -> None:
    shown = {(c.emotion, c.level) for c in plan(PuppetSpec()) if CAST[c.speaker].split == "test" and not c.muxed}
    assert shown == {(e, k) for e in EMOTIONS for k in ((1,) if e == "neutral" else (1, 2, 3))}


def test_no_sentence_repeats_before_all_were_said() -> None:
    spoken = Counter((clip.speaker, clip.text) for clip in plan(PuppetSpec()))
    assert max(spoken.values()) == 1


def test_readers_of_the_real_data_find_every_clip_and_its_truth(small_set: Path) -> None:
    mead = list(Mead().read(small_set / "mead"))
    vox = list(VoxCeleb2().read(small_set / "voxceleb2"))
    assert len(mead) == len(vox) == len(CAST)
    for clip in (*mead, *vox):
        assert isinstance(clip, SourceClip) and clip.audio is not None and clip.truth is not None
    assert Counter(clip.split for clip in vox if isinstance(clip, SourceClip)) == {"dev": 5, "test": 3}


def test_media_are_what_the_real_sets_hold(small_set: Path) -> None:
    video = next(small_set.glob("mead/*/video/front/*/*/*.mp4"))
    facts = probe(video)
    assert (facts.width, facts.height, facts.fps, facts.has_audio) == (64, 64, 30.0, False)
    muxed = next(small_set.glob("voxceleb2/test/mp4/*/*/*.mp4"))
    facts = probe(muxed)
    assert (facts.width, facts.height, facts.fps, facts.has_audio) == (56, 56, 25.0, True)
    separate = Path(muxed.as_posix().replace("/mp4/", "/aac/")).with_suffix(".m4a")
    assert abs(len(read_audio(separate)) / 16000 - facts.seconds) < 0.1


def test_text_tables_have_voxceleb2s_header_and_a_row_a_frame(small_set: Path) -> None:
    table = next(small_set.glob("voxceleb2/dev/txt/*/*/*.txt"))
    lines = table.read_text().splitlines()
    assert lines[0] == f"Identity  : \t{table.parts[-3]}" and lines[1] == f"Reference : \t{table.parts[-2]}"
    assert [line.split(":")[0].strip() for line in lines[2:5]] == ["Offset", "FV Conf", "ASD Conf"]
    assert lines[5] == "" and lines[6] == "FRAME \tX \tY \tW \tH "
    rows = np.array([[float(value) for value in line.split()] for line in lines[7:]])
    frames = list(read_frames(Path(table.as_posix().replace("/txt/", "/mp4/")).with_suffix(".mp4")))
    assert rows.shape == (len(frames), 5)
    assert (rows[:, 1:] >= 0).all() and (rows[:, 1] + rows[:, 3] <= 1.01).all() and (rows[:, 3:] > 0.2).all()


def test_truth_agrees_with_itself_and_with_the_video(small_set: Path) -> None:
    for path in sorted(small_set.glob("truth/**/*.npz"))[::5]:
        with np.load(path, allow_pickle=False) as truth:
            frames = len(list(read_frames(small_set / path.relative_to(small_set / "truth").with_suffix(".mp4"))))
            fps, points = float(truth["fps"]), truth["landmarks"]
            assert points.shape == (frames, 478, 3) and truth["rotation"].shape == (frames, 3, 3)
            assert truth["euler"].shape == truth["translation"].shape == (frames, 3)
            assert np.allclose(truth["rotation"] @ truth["rotation"].transpose(0, 2, 1), np.eye(3), atol=1e-5)
            assert np.isclose(truth["phoneme_ends"][-1] * fps, frames, atol=1e-3)
            times = np.arange(frames) / fps
            gaps = np.abs(points[:, list(INNER_LOWER)] - points[:, list(INNER_UPPER)]).max(axis=(1, 2))
            spans = zip(truth["phoneme_symbols"], truth["phoneme_starts"], truth["phoneme_ends"], strict=True)
            closures = [hold(start, end) for symbol, start, end in spans if symbol in CLOSED]
            assert closures
            for start, end in closures:
                shut = (times + LIP_LEAD >= start + 1e-4) & (times + LIP_LEAD <= end - 1e-4)
                assert gaps[shut].max() < 1e-3
            assert gaps.max() > 1


def test_killed_and_restarted_with_other_workers_gives_the_same_bits(
    small_set: Path, small_spec: PuppetSpec, portraits: dict[str, Image], locate: Locate, tmp_path: Path
) -> None:
    whole = _digests(small_set)
    root = tmp_path / "again"
    shutil.copytree(small_set, root)
    clips = plan(small_spec)
    for path in clips[0].files(root):
        path.unlink()
    clips[5].files(root)[-1].unlink()
    clips[9].files(root)[0].unlink()
    kept = clips[3].files(root)[0].stat().st_mtime_ns
    seen: list[tuple[int, int]] = []
    made = build(root, small_spec, portraits, locate, 1, lambda done, total: seen.append((done, total)))
    assert _digests(root) == whole
    assert clips[3].files(root)[0].stat().st_mtime_ns == kept
    assert seen == [(13, 16), (14, 16), (15, 16), (16, 16)] and made == [root / clip.video for clip in clips]


def test_nothing_missing_means_nothing_done(
    small_set: Path, small_spec: PuppetSpec, portraits: dict[str, Image]
) -> None:
    def never(_: Image) -> None:
        raise AssertionError("nothing had to be located")

    assert len(build(small_set, small_spec, portraits, never)) == 16


def test_a_folder_of_another_specification_is_refused(
    small_set: Path, small_spec: PuppetSpec, portraits: dict[str, Image], locate: Locate
) -> None:
    other = PuppetSpec(seed=1, size=64, mead_per_speaker=1, vox_per_speaker=1)
    with pytest.raises(PuppetError, match="seed"):
        build(small_set, other, portraits, locate)


def test_missing_portraits_are_named_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(PuppetError, match=PuppetSpec().portraits[0]):
        build(tmp_path / "new", PuppetSpec(), {}, lambda _: None)
    assert not (tmp_path / "new").exists()


def test_manifest_says_who_is_in_which_split(small_set: Path) -> None:
    manifest = json.loads((small_set / "puppet.json").read_text())
    assert manifest["seed"] == 0 and manifest["spec"]["size"] == 64
    assert Counter(speaker["split"] for speaker in manifest["speakers"]) == {"train": 5, "test": 3}


@pytest.mark.parametrize("wrong", [{"size": 50}, {"scale": 0}, {"mead_per_speaker": -1}, {"seconds": 0.0}])
def test_impossible_specifications_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(PuppetError):
        PuppetSpec(**wrong)  # type: ignore[arg-type]
