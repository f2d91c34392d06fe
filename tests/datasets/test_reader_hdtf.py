"""HDTF: clips in hand, and clips that annotation files cut out of videos in hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.base import DatasetError, Rejected, SourceClip
from datasets.hdtf import Hdtf, speaker_of
from datasets.hdtf_annotations import clip_of, seconds
from datasets.media import probe, read_shown, resample, write_video

ANNOTATIONS = {
    "WDA_video_url.txt": "\ufeffAmyKlobuchar1 https://example.org/a\r\nZoe https://example.org/z\r\n",
    "WDA_annotion_time.txt": "AmyKlobuchar1.mp4 00:01-00:02 1:00:05-1:01:06 \r\nZoe.mp4 00:00-00:09\r\n\r\n",
    "WDA_resolution.txt": "AmyKlobuchar1.mp4 1080\r\nZoe.mp4 0\r\n",
    "WDA_crop_wh.txt": "AmyKlobuchar1_0.mp4 487 1005 0 1005\r\n",
}


def touch(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def annotate(root: Path, **lines: str) -> None:
    for name, text in {**ANNOTATIONS, **{f"{key}.txt": text for key, text in lines.items()}}.items():
        touch(root / "HDTF_dataset" / name, text)


def parts(root: Path) -> tuple[list[SourceClip], list[Rejected]]:
    items = list(Hdtf().read(root))
    return [i for i in items if isinstance(i, SourceClip)], [i for i in items if isinstance(i, Rejected)]


def test_clips_in_hand_have_one_name_however_scripts_number_them(tmp_path: Path) -> None:
    for name in ("Radio11_0.mp4", "WDA_KatieHill_000.mp4", "clips/WRA_DebFischer1_002.mp4", "clips/DebFischer0_10.mp4"):
        touch(tmp_path / name)
    clips, rejected = parts(tmp_path)
    assert {c.clip: c.speaker for c in clips} == {
        "DebFischer0_10": "DebFischer",
        "DebFischer1_2": "DebFischer",
        "KatieHill_0": "KatieHill",
        "Radio11_0": "Radio11",
    }
    assert rejected == [] and [c.clip for c in clips] == sorted(c.clip for c in clips)
    touch(tmp_path / "RD_Radio11_000.mp4")
    _, (rejected_again,) = parts(tmp_path)
    assert rejected_again.reason == "duplicate"


def test_annotations_cut_clips_out_of_the_videos_in_hand(tmp_path: Path) -> None:
    annotate(tmp_path)
    video = touch(tmp_path / "videos/WDA_AmyKlobuchar1.mp4")
    (first, second), (rejected,) = parts(tmp_path)
    assert (first.clip, first.speaker, first.video) == ("AmyKlobuchar1_0", "AmyKlobuchar", video)
    assert (first.start, first.end, second.start, second.end) == (1.0, 2.0, 3605.0, 3666.0)
    assert (first.crop, first.crop_frame_height, second.crop) == ((487, 0, 1005, 1005), 1080, None)
    assert (rejected.source, rejected.reason) == ("Zoe.mp4", "missing") and "example.org/z" in rejected.detail


def test_a_clip_in_hand_goes_before_its_video(tmp_path: Path) -> None:
    annotate(tmp_path)
    touch(tmp_path / "AmyKlobuchar1.mp4")
    clip = touch(tmp_path / "AmyKlobuchar1_1.mp4")
    (first, second), _ = parts(tmp_path)
    assert (first.end, second.video, second.start, second.end) == (2.0, clip, 0.0, None)


def test_a_crop_follows_the_size_of_the_video_and_stays_in_it() -> None:
    clip = SourceClip("a", "a", Path("a.mp4"), crop=(487, 0, 1005, 1005), crop_frame_height=1080)
    assert clip.crop_in(1920, 1080) == (487, 0, 1005, 1005)
    assert clip.crop_in(1280, 720) == (325, 0, 670, 670)
    assert SourceClip("a", "a", Path("a.mp4"), crop=(389, 0, 776, 776)).crop_in(1280, 720) == (389, 0, 776, 720)
    assert SourceClip("a", "a", Path("a.mp4"), crop=(700, 0, 10, 10)).crop_in(640, 480) is None
    assert SourceClip("a", "a", Path("a.mp4")).crop_in(640, 480) is None


def test_broken_lines_are_rows_and_cost_only_themselves(tmp_path: Path) -> None:
    annotate(
        tmp_path,
        WRA_annotion_time="Ann.mp4 00:05-00:02 00:10-00:20\nBob.mp4\nCid.mp4 soon\n",
        WRA_crop_wh="Ann_1.mp4 1 2 x 4\nAnn_1 5 6 7\nAnn_1.mp4 -5 6 7 8\n",
        WRA_video_url="Ann\n",
        WRA_resolution="Ann.mp4 HD\n",
    )
    touch(tmp_path / "Ann.mp4")
    touch(tmp_path / "Bob.mp4")
    (clip,), rejected = parts(tmp_path)
    assert (clip.clip, clip.start, clip.crop) == ("Ann_1", 10.0, None)
    broken = [r for r in rejected if r.reason == "bad_annotation"]
    assert len(broken) == 8 and all("line" in r.detail for r in broken)
    assert ("Bob.mp4", "no_annotation") in {(r.source, r.reason) for r in rejected}


def test_annotations_without_a_video_say_where_to_get_them(tmp_path: Path) -> None:
    annotate(tmp_path)
    with pytest.raises(DatasetError, match=r"2 videos.*video_url\.txt"):
        parts(tmp_path)


def test_a_person_is_one_speaker_in_all_videos_where_the_name_says_so() -> None:
    assert {speaker_of("BobCasey0"), speaker_of("BobCasey1"), speaker_of("BobCasey")} == {"BobCasey"}
    assert speaker_of("WhipJimClyburn") == speaker_of("JamesClyburn1")
    assert speaker_of("Radio1") != speaker_of("Radio2")


def test_names_match_whatever_unicode_form_they_are_in(tmp_path: Path) -> None:
    annotate(tmp_path, WDA_annotion_time="Jose\u0301.mp4 00:01-00:02\n")
    touch(tmp_path / "Jos\u00e9.mp4")
    clips, _ = parts(tmp_path)
    assert [c.clip for c in clips] == ["Jos\u00e9_0"]


def test_a_cut_clip_decodes_to_the_seconds_asked_for(tmp_path: Path) -> None:
    annotate(tmp_path, WDA_annotion_time="Zoe.mp4 00:01-00:02\n")
    frames = (np.full((48, 64, 3), shade, np.uint8) for shade in range(0, 250, 5))
    write_video(tmp_path / "Zoe.mp4", frames, 25.0, None, 16000)
    (clip,), _ = parts(tmp_path)
    assert probe(clip.video).width == 64 and clip.end is not None
    first, stop = round(clip.start * 25), round(clip.end * 25)
    shades = [int(frame.mean()) for frame in resample(read_shown(clip.video, clip.start), 25.0, first, stop)]
    assert len(shades) == 25 and abs(shades[0] - 125) < 6 and abs(shades[-1] - 245) < 6


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=12))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        assert seconds(text) >= 0
    except ValueError as error:
        assert "not a time" in str(error)


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=16), st.integers(0, 9999))
def test_a_clip_name_splits_into_video_and_index(name: str, index: int) -> None:
    found = clip_of(f"x{name}_{index}.mp4")
    assert found is None or found[1] == index


def test_videos_of_any_form_are_cut_and_unfinished_downloads_are_named(tmp_path: Path) -> None:
    annotate(tmp_path)
    touch(tmp_path / "src/AmyKlobuchar1.MKV")
    touch(tmp_path / "src/Zoe.mp4.part")
    touch(tmp_path / "src/Zoe.flv")
    clips, rejected = parts(tmp_path)
    assert [c.clip for c in clips] == ["AmyKlobuchar1_0", "AmyKlobuchar1_1"]
    assert {r.source: r.reason for r in rejected} == {
        "src/Zoe.mp4.part": "unknown_name", "src/Zoe.flv": "unknown_name", "Zoe.mp4": "missing",
    }  # fmt: skip


def test_a_clips_name_can_be_a_files_name_on_any_system(tmp_path: Path) -> None:
    for name in (
        "-odd \"'\n:*_0.mp4",
        "Jean-Luc_Pic_ard_001.mp4",
        f"{'x' * 240}_0.mp4",
        "Jose\u0301_0.mp4",
        "Jos\u00e9_0.mp4",
    ):
        touch(tmp_path / name)
    clips, (rejected,) = parts(tmp_path)
    assert {c.clip for c in clips} >= {f"odd{'_' * 7}0", "Jean-Luc_Pic_ard_1", "Jos\u00e9_0"} and len(clips) == 4
    assert all(len(c.clip.encode()) <= 200 for c in clips) and rejected.reason == "duplicate"


def test_folders_too_deep_to_be_read_are_named(tmp_path: Path) -> None:
    touch(tmp_path / "Radio11_0.mp4")
    touch(tmp_path / "a/b/c/d/Radio11_1.mp4")
    clips, (rejected,) = parts(tmp_path)
    assert len(clips) == 1 and (rejected.source, rejected.reason) == ("a/b/c/d", "unknown_name")
