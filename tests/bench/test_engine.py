"""Work in processes of this machine: nothing is lost when one dies, and what kills them again and again is given up."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bench.cli import app
from bench.engine.base import GIVEN_UP
from bench.engine.connect import open_engine
from bench.engine.local import LocalEngine
from bench.engine.setting import checked_engine
from bench.errors import BenchError
from bench.parallel import run
from tests.bench.engine_work import DEADLY, die_together, run_for_ever, square, square_or_die

pytestmark = pytest.mark.slow


def given_up(item: int, why: str) -> int:
    assert why == GIVEN_UP
    return -item


@pytest.mark.parametrize("workers", [1, 2])
def test_every_item_of_every_shard_has_its_result(workers: int) -> None:
    shards = [(0, 1, 2), (4,), (5, 6)]
    assert dict(LocalEngine(workers).run(square, shards, given_up)) == {i: i * i for shard in shards for i in shard}


def test_no_more_shards_are_taken_than_there_are_workers() -> None:
    taken: list[int] = []

    def shards() -> Iterator[tuple[int, ...]]:
        for item in range(8):
            taken.append(item)
            yield (item,)

    results = LocalEngine(2).run(square, shards(), given_up, light=True)
    next(results)
    assert len(taken) <= 4
    results.close()


def test_an_item_that_kills_its_process_is_given_up_and_all_others_are_done() -> None:
    found = dict(LocalEngine(2).run(square_or_die, [(0, 1, 2), (DEADLY, 4), (5,), (6, 7)], given_up))
    assert found == {i: i * i for i in range(8)} | {DEADLY: -DEADLY}


def test_workers_that_die_over_everything_end_the_run_with_a_line() -> None:
    with pytest.raises(BenchError, match="something is wrong with them"):
        list(LocalEngine(2).run(square_or_die, [(DEADLY,)] * 6, given_up))


def test_what_was_given_up_before_does_not_end_the_process_that_calls() -> None:
    assert dict(LocalEngine(1).run(square_or_die, [(DEADLY,)], given_up, wary=True)) == {DEADLY: -DEADLY}


def test_processes_that_die_of_each_other_are_served_one_at_a_time(tmp_path: Path) -> None:
    marks = [tmp_path / str(number) for number in range(4)]
    found = dict(LocalEngine(2).run(die_together, [(mark,) for mark in marks], lambda mark, why: 0))
    assert found.keys() == set(marks) and 0 not in found.values() and os.getpid() not in found.values()


def test_workers_of_a_command_that_is_killed_end_and_so_do_the_programs_they_started(tmp_path: Path) -> None:
    command = multiprocessing.get_context("spawn").Process(target=run_for_ever, args=(tmp_path,))
    command.start()
    marks = [tmp_path / "0", tmp_path / "1"]
    _until(lambda: all(mark.is_file() for mark in marks))
    pids = [int(word) for mark in marks for word in mark.read_text(encoding="utf-8").split()]
    assert len(pids) == 4
    command.kill()
    _until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_a_script_that_does_not_ask_whether_it_is_main_is_run_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import json\n"
        "from bench.engine.local import LocalEngine\n"
        "from tests.bench.engine_work import square\n"
        "print('begins')\n"
        "print(json.dumps(dict(LocalEngine(2).run(square, [(1, 2), (3,)], lambda item, why: -item))))\n"
    )
    root = Path(__file__).parents[2]
    words = [sys.executable, str(script)]
    ended = subprocess.run(
        words, env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True, text=True, check=True
    )
    begins, found = ended.stdout.splitlines()
    assert begins == "begins" and json.loads(found) == {"1": 1, "2": 4, "3": 9}


def _until(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_step_that_has_no_row_for_what_is_given_up_ends_with_a_line() -> None:
    with pytest.raises(BenchError, match="What is done is kept"):
        list(run(_one_or_die, [DEADLY, 1, 2], 2))


def _one_or_die(item: int) -> int:
    return square_or_die((item,))[0]


@pytest.mark.parametrize(
    "text", ["local", "slurm", "tcp://127.0.0.1:8786", "tls://head.node:8786/", "tcp://[::1]:1", "s.json"]
)
def test_what_the_setting_takes(text: str) -> None:
    assert checked_engine(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [("lokal", "'local'"), ("slrm", "'slurm'"), ("tcp://host", "tcp://host:port"), ("tcp://host:0", "no port"),
     ("tcp://host:99999", "no port"), ("http://host:1", "tcp://host:port"), ("", "local")],
)  # fmt: skip
def test_what_it_does_not_take_is_explained(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="engine") as caught:
        checked_engine(text)
    assert said in str(caught.value)


@given(st.text())
def test_any_other_text_is_one_line(text: str) -> None:
    try:
        checked_engine(text)
    except ValueError as error:
        assert str(error).startswith("engine ") and "\n" not in str(error)


def test_a_scheduler_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no such scheduler file"), open_engine(str(tmp_path / "s.json"), 1):
        pass


@pytest.mark.parametrize("command", ["generate", "score", "prepare"])
def test_a_scheduler_that_does_not_answer_is_one_line_and_nothing_is_written(command: str, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(
        "datasets: {sample: {reader: sample}}\ncases: [sample/test/self]\nmodels: [still]\n"
    )
    asked = [
        command,
        "--engine",
        "tcp://127.0.0.1:9",
        "--params",
        str(tmp_path / "params.yaml"),
        "--out",
        str(tmp_path / "out"),
    ]
    done = CliRunner().invoke(app, asked)
    assert isinstance(done.exception, BenchError) and "tcp://127.0.0.1:9" in str(done.exception)
    assert "\n" not in str(done.exception) and not (tmp_path / "out").exists()
