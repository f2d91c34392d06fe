"""RAVDESS and CREMA-D: what their file names say, in the shared words."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import crema_d, ravdess
from datasets.base import EMOTIONS, DatasetError, Reader, Rejected, SourceClip
from datasets.crema_d import CremaD
from datasets.ravdess import Ravdess


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def parts(reader: Reader, root: Path) -> tuple[list[SourceClip], list[Rejected]]:
    items = list(reader.read(root))
    return [i for i in items if isinstance(i, SourceClip)], [i for i in items if isinstance(i, Rejected)]


@pytest.mark.parametrize(
    ("code", "emotion", "level", "label"),
    [
        ("01-01", "neutral", 1, "neutral"),
        ("02-01", None, 2, "calm"),
        ("03-02", "happy", 3, "happy"),
        ("06-01", "fear", 2, "fearful"),
        ("07-02", "disgusted", 3, "disgust"),
        ("08-01", "surprised", 2, "surprised"),
    ],
)
def test_ravdess_codes_become_shared_words_and_keep_their_own(
    tmp_path: Path, code: str, emotion: str | None, level: int, label: str
) -> None:
    touch(tmp_path / f"Actor_12/01-01-{code}-02-01-12.mp4")
    (clip,), rejected = parts(Ravdess(), tmp_path)
    assert (clip.emotion, clip.level, clip.label) == (emotion, level, label)
    assert (clip.clip, clip.speaker, clip.sex) == (f"01-01-{code}-02-01-12", "Actor_12", "female")
    assert clip.audio is None and rejected == []


def test_ravdess_turns_away_what_is_not_speech_with_pictures_and_sound(tmp_path: Path) -> None:
    keep = touch(tmp_path / "Actor_01/01-01-05-01-01-01-01.mp4")
    expected = {
        "02-01-05-01-01-01-01.mp4": "no_audio",
        "03-01-05-01-01-01-01.wav": "no_video",
        "01-02-05-01-01-01-01.mp4": "not_speech",
        "01-01-01-02-01-01-01.mp4": "unknown_level",
        "01-01-09-01-01-01-01.mp4": "unknown_name",
        "01-01-05-01-01-01-02.mp4": "unknown_name",
        "01-01-05-01-01-01-25.mp4": "unknown_name",
    }
    for name in expected:
        touch(tmp_path / "Actor_01" / name)
    (clip,), rejected = parts(Ravdess(), tmp_path)
    assert clip.video == keep and clip.sex == "male"
    assert {Path(r.source).name: r.reason for r in rejected} == expected


def test_ravdess_roots_that_the_archives_leave(tmp_path: Path) -> None:
    touch(tmp_path / "Video_Speech_Actor_02/Actor_02/01-01-05-01-01-01-02.mp4")
    touch(tmp_path / "Video_Speech_Actor_01/Actor_01/01-01-05-01-01-01-01.mp4")
    touch(tmp_path / "Video_Song_Actor_01/Actor_01/01-02-05-01-01-01-01.mp4")
    touch(tmp_path / "Video_Speech_Actor_01.zip")
    touch(tmp_path / "Video_Speech_Actor_03.zip")
    clips, rejected = parts(Ravdess(), tmp_path)
    assert [c.speaker for c in clips] == ["Actor_01", "Actor_02"]
    assert sorted(r.reason for r in rejected) == ["not_speech", "packed"]
    assert "unzip Video_Speech_Actor_03.zip" in {r.reason: r.detail for r in rejected}["packed"]
    for root in ("Video_Speech_Actor_01", "Video_Speech_Actor_01/Actor_01"):
        assert [c.clip for c in parts(Ravdess(), tmp_path / root)[0]] == ["01-01-05-01-01-01-01"]


def test_a_ravdess_root_of_archives_alone_says_to_unpack(tmp_path: Path) -> None:
    touch(tmp_path / "Video_Speech_Actor_03.zip")
    with pytest.raises(DatasetError, match=r"Video_Speech_Actor_03\.zip.*unpack"):
        parts(Ravdess(), tmp_path)


@settings(deadline=None, max_examples=30)
@given(st.from_regex(r"(\d{1,3}-){5,7}\d{1,3}", fullmatch=True) | st.text(max_size=24))
def test_a_ravdess_name_is_either_in_the_code_or_none(name: str) -> None:
    codes = ravdess.parse_name(name)
    assert codes is None or (
        "-".join(codes) == name
        and codes.emotion in ravdess.EMOTION_CODES
        and codes.intensity in ravdess.LEVELS
        and 1 <= int(codes.actor) <= 24
    )


def test_every_shared_word_is_of_the_vocabulary() -> None:
    words = [word for _, word in ravdess.EMOTION_CODES.values() if word] + list(crema_d.EMOTION_CODES.values())
    assert set(words) <= set(EMOTIONS)


@pytest.mark.parametrize(
    ("code", "emotion", "level"),
    [("ANG_LO", "angry", 1), ("DIS_MD", "disgusted", 2), ("SAD_HI", "sad", 3), ("HAP_XX", "happy", None), ("NEU_XX", "neutral", 1)],
)  # fmt: skip
def test_crema_d_names_become_labels(tmp_path: Path, code: str, emotion: str, level: int | None) -> None:
    touch(tmp_path / f"VideoFlash/1001_IEO_{code}.flv")
    sound = touch(tmp_path / f"AudioWAV/1001_IEO_{code}.wav")
    (clip,), rejected = parts(CremaD(), tmp_path)
    assert (clip.clip, clip.speaker, clip.emotion, clip.level) == (f"1001_IEO_{code}", "1001", emotion, level)
    assert (clip.audio, clip.label, rejected) == (sound, code[:3], [])


def test_crema_d_known_bad_files_are_rows(tmp_path: Path) -> None:
    for name in ("1076_MTI_NEU_XX", "1076_MTI_SAD_XX", "1064_TIE_SAD_XX", "1064_IEO_DIS_MD"):
        touch(tmp_path / f"VideoFlash/{name}.flv")
        touch(tmp_path / f"AudioWAV/{name}.wav")
    clips, rejected = parts(CremaD(), tmp_path)
    assert clips == [] and [r.reason for r in rejected] == ["known_bad"] * 4


def test_crema_d_sound_may_be_missing_misnamed_or_alone(tmp_path: Path) -> None:
    for name in ("1040_ITH_SAD_XX.flv", "1001_DFA_ANG_XX.flv", "1092_DFA_ANG_XX.flv", "1001_ABC_ANG_XX.flv"):
        touch(tmp_path / "VideoFlash" / name)
    renamed = touch(tmp_path / "AudioWAV/1040_ITH_SAD_X.wav")
    touch(tmp_path / "AudioWAV/1002_DFA_ANG_XX.wav")
    (own, apart), rejected = parts(CremaD(), tmp_path)
    assert (own.audio, apart.audio) == (None, renamed)
    assert sorted((r.source, r.reason) for r in rejected) == [
        ("AudioWAV/1002_DFA_ANG_XX.wav", "no_video"),
        ("VideoFlash/1001_ABC_ANG_XX.flv", "unknown_name"),
        ("VideoFlash/1092_DFA_ANG_XX.flv", "unknown_name"),
    ]


def test_every_crema_d_code_is_taken_and_nothing_else() -> None:
    for emotion, level, sentence in product(crema_d.EMOTION_CODES, crema_d.LEVELS, crema_d.SENTENCES):
        assert crema_d.parse_name(f"1091_{sentence}_{emotion}_{level}") == ("1091", sentence, emotion, level)
    for name in ("1000_IEO_ANG_XX", "1001_IEO_ANG", "1001_IEO_ANG_XX_1", "1001_ieo_ANG_XX", "", "١٠٠١_IEO_ANG_XX"):
        assert crema_d.parse_name(name) is None


def test_crema_d_videos_in_another_form_are_read_and_the_datasets_own_go_before_them(tmp_path: Path) -> None:
    own = touch(tmp_path / "VideoFlash/1001_DFA_ANG_XX.FLV")
    touch(tmp_path / "VideoMP4/1001_DFA_ANG_XX.mp4")
    other = touch(tmp_path / "VideoMP4/1001_DFA_DIS_XX.mp4")
    sound = touch(tmp_path / "audiowav/1001_DFA_DIS_XX.wav")
    clips, (rejected,) = parts(CremaD(), tmp_path)
    assert [c.video for c in clips] == [own, other] and clips[1].audio == sound
    assert (rejected.source, rejected.reason) == ("VideoMP4/1001_DFA_ANG_XX.mp4", "duplicate")


def test_crema_d_pointer_in_place_of_a_flv_leaves_the_clip_to_its_mp4(tmp_path: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 72862\n"
    touch(tmp_path / "VideoFlash/1001_DFA_ANG_XX.flv").write_text(pointer)
    video = touch(tmp_path / "VideoMP4/1001_DFA_ANG_XX.mp4")
    (clip,), (rejected,) = parts(CremaD(), tmp_path)
    assert clip.video == video and rejected.reason == "lfs_pointer"


def test_crema_d_folders_behind_links_that_leave_the_root_are_said(tmp_path: Path) -> None:
    root, away = tmp_path / "root", tmp_path / "away"
    touch(away / "1001_DFA_ANG_XX.wav")
    touch(root / "VideoFlash/1001_DFA_ANG_XX.flv")
    (root / "AudioWAV").symlink_to(away)
    (clip,), (rejected,) = parts(CremaD(), root)
    assert (clip.audio, rejected.source, rejected.reason) == (None, "AudioWAV", "outside_root")
    (root / "VideoFlash").rename(tmp_path / "flash")
    (root / "VideoFlash").symlink_to(tmp_path / "flash")
    with pytest.raises(DatasetError, match=r"Links that leave the root are not followed \(AudioWAV, VideoFlash\)"):
        parts(CremaD(), root)


def test_ravdess_folders_in_another_case_or_a_second_time_are_read_and_strays_named(tmp_path: Path) -> None:
    touch(tmp_path / "actor_01/01-01-05-01-01-01-01.MP4")
    touch(tmp_path / "Video_Speech_Actor_02 (1)/Actor_02/01-01-05-01-01-01-02.mp4")
    touch(tmp_path / "Actor_02 (1)/01-01-05-01-01-02-02.mp4")
    strays = ["01-01-05-01-01-02-03.mp4", "more/01-01-05-01-01-02-04.mp4", "actor_01/more/01-01-05-01-01-02-01.mp4"]
    for path in strays:
        touch(tmp_path / path)
    clips, rejected = parts(Ravdess(), tmp_path)
    assert sorted((c.speaker, c.clip[15:17]) for c in clips) == [
        ("Actor_01", "01"), ("Actor_02", "01"), ("Actor_02", "02"),
    ]  # fmt: skip
    assert {r.source for r in rejected} == {strays[0], "more", "actor_01/more"}
