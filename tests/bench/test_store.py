"""Files appear whole or not at all, and a journal survives a crash."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.config import CaseSet, VideoConfig
from bench.errors import BenchError
from bench.prepare import _done
from bench.prepare_clip import outputs_of
from bench.store import REJECTED_COLUMNS, Journal, digest, read_table, replacing, sweep, write_bytes, write_table
from bench.workspace import Workspace


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="No space left"), replacing(tmp_path / "x"):
        raise OSError(28, "No space left on device")


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", [], REJECTED_COLUMNS)
    table = read_table(tmp_path / "t.parquet", "nothing")
    assert list(table.columns) == list(REJECTED_COLUMNS) and table.empty


def test_a_missing_or_broken_table_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="space-bench prepare"):
        read_table(tmp_path / "t.parquet", "space-bench prepare")
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(BenchError, match="cannot be read"):
        read_table(tmp_path / "t.parquet", "space-bench prepare")


def test_a_journal_keeps_what_was_finished_and_drops_a_line_cut_by_a_crash(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl", "case")
    journal.add({"case": "a", "n": 1})
    journal.add({"case": "b", "n": 1})
    journal.add({"case": "a", "n": 2})
    with journal.path.open("a") as stream:
        stream.write('\n{"case": "c", "n"')
    reopened = Journal(journal.path, "case")
    assert reopened.entries == {"a": {"case": "a", "n": 2}, "b": {"case": "b", "n": 1}}
    reopened.add({"case": "c", "n": 3})
    assert Journal(journal.path, "case").entries["c"]["n"] == 3


def test_a_journal_is_read_whatever_letters_it_holds_and_wherever_it_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "done.jsonl"
    entries = [{"clip": name, "detail": "b\u2028c\x85d é"} for name in ("ä", "b\u2029", "c")]
    for entry in entries:
        Journal(path, "clip").add(entry)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex("é".encode()) + 1] + b"\n3\n[]\n{}")
    assert Journal(path, "clip").entries == {entry["clip"]: entry for entry in entries[:2]}


def test_what_a_killed_command_left_goes_and_what_another_writes_stays(tmp_path: Path) -> None:
    left, fresh, other = (tmp_path / name for name in (".a.mp4.0f.tmp", ".b.mp4.0f.tmp", "c.tmp"))
    for path in (left, fresh, other):
        path.touch()
    for path in (left, other):
        os.utime(path, (0, 0))
    sweep(tmp_path)
    assert set(tmp_path.iterdir()) == {fresh, other}


def test_a_digest_ignores_key_order_and_sees_values() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ""])
def test_no_name_leaves_the_workspace(tmp_path: Path, name: str) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(BenchError):
        workspace.videos(CaseSet(dataset="d", split="s", protocol="self"), name)


def test_a_table_cannot_point_outside(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="leaves the workspace"):
        Workspace(tmp_path / "out").resolve("../secret.mp4")


@pytest.mark.parametrize(("audio", "again"), [("a.wav", True), (None, False)])
def test_a_clip_whose_sound_is_gone_is_made_again(tmp_path: Path, audio: str | None, again: bool) -> None:
    journal = Journal(tmp_path / "prepared.jsonl", "clip")
    journal.add({"clip": "a", "recipe": "r", "status": "ok", "detail": "", "row": {"audio": audio}})
    (tmp_path / "a.mp4").touch()
    assert _done(journal, "a", "r", outputs_of(VideoConfig(), tmp_path)) is not again
    (tmp_path / "a.wav").touch()
    assert _done(journal, "a", "r", outputs_of(VideoConfig(), tmp_path))
