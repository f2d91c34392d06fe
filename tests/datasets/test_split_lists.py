"""Published lists: every way in which they are written, and what a copy lacks of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import splits
from datasets.base import DatasetError, SourceClip
from datasets.expected import UTTERANCES, not_here
from datasets.splits.lists import read_list


def clip(name: str, split: str = "test") -> SourceClip:
    return SourceClip(name, name.partition("-")[0], Path(f"{name}.mp4"), split=split)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("id00017/5MkXgwdrmJw/00001.mp4", ["id00017-5MkXgwdrmJw-00001"]),
        ("./vox2/test/mp4/id00017/5MkXgwdrmJw/00001.m4a", ["id00017-5MkXgwdrmJw-00001"]),
        (r"D:\vox2\test\id00017\5MkXgwdrmJw\00001", ["id00017-5MkXgwdrmJw-00001"]),
        ("id00017 id00017/-_kXgwdrmJw/00001.wav", ["id00017--_kXgwdrmJw-00001"]),
        ("1 id00017/a/00001.wav id00018/b/00002.wav", ["id00017-a-00001", "id00018-b-00002"]),
        ('"id00017/a/00001.mp4",0,neutral', ["id00017-a-00001"]),
        ("id00017-5MkXgwdrmJw-00001", ["id00017-5MkXgwdrmJw-00001"]),
        ("id00017/a/00001.mp4 # the first", ["id00017-a-00001"]),
    ],
)
def test_a_line_of_every_usual_form_is_read(tmp_path: Path, line: str, names: list[str]) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(f"\ufeffpath,label\r\n{line}\r\n\r\n# end\r\n".encode())
    assert read_list(path) == frozenset(names)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no utterance"),
        ("path\n", "names no utterance"),
        ("id00017/a/00001.mp4\nid00018/b/1.mp4\n", "line 2 names no utterance: 'id00018/b/1.mp4'"),
        ("id10001.mp4\nid00017/a/00001.mp4\n", "line 1 names no utterance"),
        ("\0\x1b[31m9\n", r"line 1 names no utterance: '\\x00\\x1b[31m9'"),
    ],
)
def test_a_list_that_says_less_than_it_seems_to_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text)
    with pytest.raises(DatasetError) as caught:
        read_list(path)
    assert message in str(caught.value) and str(path) in str(caught.value)


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=60))
def test_any_file_is_a_list_or_one_kind_of_error(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    path = tmp_path_factory.mktemp("list") / "list.txt"
    path.write_bytes(junk)
    try:
        assert read_list(path)
    except DatasetError as error:
        assert str(path) in str(error)


def test_what_a_list_names_is_test_and_what_the_copy_lacks_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("id00017/a/00001.mp4\nid00018/b/00001.mp4\n")
    split = splits.load(str(path), "voxceleb2")
    clips = [clip("id00018-b-00001"), clip("id00018-b-00002")]
    assert split.assign(clips) == ["test", None]
    (row,) = not_here(split, clips)
    assert (row.source, row.reason) == ("id00017-a-00001", "missing") and "mine" in row.detail
    with pytest.raises(DatasetError, match="for the reader voxceleb2, not for mead"):
        splits.load(str(path), "mead")


def test_clips_of_a_yaml_file_decide_and_change_the_digest(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("{dataset: voxceleb2, clips: {train: [id00001-a-00001], test: [id00017-a-00001]}}")
    split = splits.load(str(path))
    assert split.assign([clip("id00017-a-00001"), clip("id00001-a-00001"), clip("x")]) == ["test", "train", None]
    path.write_text("{dataset: voxceleb2, clips: {train: [id00001-a-00002], test: [id00017-a-00001]}}")
    assert splits.load(str(path)).digest != split.digest
    path.write_text("{clips: {train: [id00017-a-00002], test: [id00017-a-00001]}}")
    with pytest.raises(DatasetError, match="speaker id00017 is in test and in train"):
        splits.load(str(path)).assign([clip("id00017-a-00001"), clip("id00017-a-00002")])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{clips: {train: [a], test: [a]}}", "clip a is in"),
        ("{clips: {test: a}}", "`clips` lists names"),
        ("{clips: [a]}", "`clips` lists names"),
        ("{clips: {test: [a]}, rule: own}", "`clips` decide alone"),
        ("{clips: {test: [a]}, speakers: {test: [b]}}", "`clips` decide alone"),
        ("{clip: {test: [a]}}", "Did you mean 'clips'"),
    ],
)
def test_a_mistake_in_clips_is_explained(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(DatasetError) as caught:
        splits.load(str(path))
    assert message in str(caught.value)


def test_speakers_that_a_named_split_has_and_the_copy_lacks_are_rows() -> None:
    clips = [SourceClip("a", "M003", Path("a")), SourceClip("b", "W009", Path("b")), SourceClip("c", "M005", Path("c"))]
    assert [row.source for row in not_here(splits.load("mead/eat"), clips)] == ["M030", "W015"]
    actors = [SourceClip(str(n), str(n), Path("x")) for n in (*range(1001, 1090), 1076)]
    assert [row.source for row in not_here(splits.load("crema-d/actors-1075-1091"), actors)] == ["1090", "1091"]


def test_a_seeded_draw_from_an_incomplete_copy_says_so() -> None:
    (row,) = not_here(splits.load("voxceleb2/test-1-seed0"), [clip("id00017-a-00001"), clip("id00018-a-00001")])
    assert f"2 of {UTTERANCES['test']:,} utterances of test" in row.detail
    assert not_here(splits.load("puppet/voxceleb2-test-1-seed0"), [clip("id00017-a-00001")]) == []


def test_thousands_of_speakers_by_name_take_no_time() -> None:
    names = [f"id{n:05d}" for n in range(6000)]
    split = splits.Split("x", {"dev": frozenset(names[:5900]), "test": frozenset(names[5900:])})
    found = split.assign([clip(f"{name}-a-00001") for name in names])
    assert found == ["dev"] * 5900 + ["test"] * 100
