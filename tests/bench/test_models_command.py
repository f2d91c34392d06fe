"""Any program as a model: what it is told, what becomes of it when it misbehaves, and that only what is missing is asked again."""

from __future__ import annotations

import json
import os
import string
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.config import CaseSet, DatasetConfig, Params
from bench.errors import BenchError
from bench.generate import generate
from bench.models import registry
from bench.models.base import Context
from bench.models.command.process import KEPT, start
from bench.models.command.template import PLACES, NoValueError, parse
from bench.workspace import Workspace
from datasets.media import probe

SET = CaseSet.parse("d/test/self")
PYTHON = sys.executable
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "command_model"

PROGRAM = """
import json, os, shutil, sys
mode, clips, *rest = sys.argv[1:]
if mode == "crash":
    print("a line of no interest"); print("RuntimeError: out of memory", file=sys.stderr); sys.exit(3)
if mode == "signal":
    os.kill(os.getpid(), 9)
if mode == "folder":
    os.makedirs(os.path.join(rest[0], "frames"))
if mode == "broken":
    open(rest[0], "wb").write(b"no video at all" * 100)
if mode == "other":
    shutil.copy(os.path.join(clips, rest[2] + ".mp4"), rest[0])
if mode == "good":
    shutil.copy(os.path.join(clips, rest[1] + ".mp4"), rest[0])
if mode == "some":
    lines = [json.loads(line) for line in open(rest[0])]
    with open(os.path.join(clips, "starts"), "a") as log:
        log.write(json.dumps([line["case"] for line in lines]) + "\\n")
    for line in lines[: max(1, len(lines) - 1)]:
        shutil.copy(os.path.join(clips, line["case"] + ".mp4"), line["output"])
    if len(lines) > 1:
        sys.exit("the last one is too much for me")
"""


@pytest.fixture
def run(tmp_path: Path, make_workspace: Callable[..., Workspace]) -> Callable[..., pd.DataFrame]:
    """``run(mode, lengths, words=[...], **options)``: rows of ``generated.parquet`` by case, of `PROGRAM` in that mode."""
    program = tmp_path / 'a program\'s "file".py'
    program.write_text(PROGRAM)
    spaces: list[Workspace] = []

    def start_it(
        mode: str, lengths: dict[str, int], words: Any = ("{output}", "{case}"), **options: Any
    ) -> pd.DataFrame:
        if not spaces:
            spaces.append(make_workspace(lengths))
        (space,) = spaces
        command = [PYTHON, str(program), mode, str(space.clips("d", "test").resolve()), *words]
        params = Params(
            datasets={"d": DatasetConfig(reader="folder")}, cases=[str(SET)], models=["mine"], workers=1,
            options={"mine": {"model": "command", "command": command, **options}},
        )  # fmt: skip
        (made,) = generate(params, space, [SET], ["mine"])
        return made.table.set_index("case")

    return start_it


def test_names_with_spaces_quotes_and_a_shells_words_pass_through(run: Callable) -> None:
    names = {"two words": 10, 'it\'s "$(touch gone)"; & |': 6}
    table = run("good", names)
    assert list(table["status"]) == ["ok", "ok"]
    assert not Path("gone").exists()


@pytest.mark.parametrize(
    ("mode", "status", "detail"),
    [
        ("crash", "not_generated", "exit code 3: RuntimeError: out of memory"),
        ("signal", "not_generated", "ended by signal 9"),
        ("nothing", "not_generated", "wrote no file"),
        ("folder", "not_generated", "wrote no file"),
        ("broken", "decode_error", "invalid data"),
    ],
)
def test_a_program_that_fails_is_a_row_with_the_reason(run: Callable, mode: str, status: str, detail: str) -> None:
    table = run(mode, {"a": 4}, retries=1)
    assert table.loc["a", "status"] == status
    assert detail in table.loc["a", "detail"]


def test_a_video_of_another_length_or_rate_is_no_video_of_the_case(run: Callable) -> None:
    words = ("{output}", "{case}")
    table = run("other", {"a": 10, "b": 9, "c": 6}, (*words, "b"))
    assert list(table["status"]) == ["ok", "ok", "unfit_video"]  # a frame more or less passes
    assert "9 frames in 0.36 s (25 fps), expected 0.24 s (6 frames at 25 fps)" in table.loc["c", "detail"]
    table = run("other", {"a": 10, "b": 9, "c": 6}, (*words, "b"), slack=0.2)
    assert list(table["status"]) == ["ok", "ok", "ok"]
    table = run("good", {"a": 10}, fps=30, version="2")
    assert "at 30 fps" in table.loc["a", "detail"] and table.loc["a", "status"] == "unfit_video"


def test_many_cases_in_a_start_and_only_the_missing_ones_again(run: Callable, tmp_path: Path) -> None:
    lengths = {"a": 6, "b": 4, "c": 4}
    starts = tmp_path / "out" / "clips" / "d" / "test" / "starts"
    table = run("some", lengths, ("{manifest}",))
    assert list(table["status"]) == ["ok", "ok", "not_generated"]
    assert "the last one is too much for me" in table.loc["c", "detail"]
    table = run("some", lengths, ("{manifest}",))
    assert list(table["status"]) == ["ok", "ok", "ok"]
    assert [json.loads(line) for line in starts.read_text().splitlines()] == [["a", "b", "c"], ["c"]]


def test_a_retry_asks_for_what_is_left_and_batches_are_bounded(run: Callable, tmp_path: Path) -> None:
    table = run("some", {"a": 4, "b": 4, "c": 4}, ("{manifest}",), retries=1, batch=2)
    assert set(table["status"]) == {"ok"}
    starts = tmp_path / "out" / "clips" / "d" / "test" / "starts"
    assert [json.loads(line) for line in starts.read_text().splitlines()] == [["a", "b"], ["b"], ["c"]]


def test_time_runs_out_for_a_program_and_all_its_children(tmp_path: Path) -> None:
    # The child ignores the request to end; its own number tells whether it is there.
    child = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    parent = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    begin = time.monotonic()
    outcome = start([PYTHON, "-S", "-c", parent], tmp_path, os.environ, timeout=1.5)
    assert outcome.code is None and time.monotonic() - begin < 10
    pid, until = int((tmp_path / "pid").read_text()), time.monotonic() + 10
    while _runs(pid) and time.monotonic() < until:  # killed, but a busy machine may take a moment to see it off
        time.sleep(0.05)
    assert not _runs(pid)


def test_a_child_that_left_the_group_does_not_outlive_the_start(tmp_path: Path) -> None:
    child = (
        "import os, time; open('pid.part', 'w').write(str(os.getpid())); os.rename('pid.part', 'pid'); time.sleep(60)"
    )
    parent = (
        f"import os, subprocess, sys, time\nsubprocess.Popen([sys.executable, '-S', '-c', {child!r}], start_new_session=True)\n"
        "while not os.path.exists('pid'): time.sleep(0.01)"
    )
    assert start([PYTHON, "-S", "-c", parent], tmp_path, os.environ, timeout=30).code == 0
    pid, until = int((tmp_path / "pid").read_text()), time.monotonic() + 10
    while _runs(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
    except FileNotFoundError:
        return False
    return state != "Z"  # dead, and not yet asked for by whoever inherited it


def test_a_program_that_prints_without_end_is_neither_stopped_nor_kept_whole(tmp_path: Path) -> None:
    program = "import os\nos.write(1, b'first' + bytes(10))\nfor _ in range(400): os.write(1, b'x' * 65536)\nos.write(1, b'last')"
    outcome = start([PYTHON, "-S", "-c", program], tmp_path, os.environ, timeout=60)
    assert outcome.code == 0
    assert outcome.stdout.startswith("first") and outcome.stdout.endswith("last")
    assert "bytes left out" in outcome.stdout and len(outcome.stdout) < 3 * KEPT


def test_the_suites_own_python_does_not_leak_into_a_program(
    run: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("SECRET", "word")
    script = "import json, os, sys; print(json.dumps(dict(os.environ)))"
    params = {"command": [PYTHON, "-c", script, "{output}"], "env": {"MINE": 7}}
    model = registry.make("command", params, Context("cpu", {}, {}, "d/test/self", tmp_path / "logs"))
    log = _log_of(model, tmp_path)
    told = json.loads(log.split("--- stdout\n")[1].splitlines()[0])
    assert told["MINE"] == "7" and not {"PYTHONPATH", "SECRET"} & set(told)


def _log_of(model: Any, tmp_path: Path) -> str:
    import numpy as np

    from bench.models.base import Case

    case = Case(
        "x",
        "self",
        np.zeros((8, 8, 3), np.uint8),
        np.zeros(640, np.float32),
        True,
        25.0,
        1,
        None,
        None,
        None,
        Path("x"),
    )
    list(model.animate_many([case], 0))
    return (tmp_path / "logs" / "x.log").read_text()


CONTEXT = Context("cpu", {}, {}, "d/test/self")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "set its option `command`"),
        ({"command": "python x.py {output}"}, "list of words"),
        ({"command": [PYTHON, "{ouput}"]}, "Did you mean 'output'"),
        ({"command": [PYTHON, "x.py"]}, "no {output}"),
        ({"command": [PYTHON, "{manifest}", "{image}"]}, "{image} is of one case"),
        ({"command": [PYTHON, "{output", "x"]}, "written twice"),
        ({"command": [PYTHON, "{fps:03d}", "{output}"]}, "a name in braces"),
        ({"command": [PYTHON, 25, "{output}"]}, "must be text"),
        ({"command": ["no-such-program", "{output}"]}, "not in PATH"),
        ({"command": ["./no-such", "{output}"]}, "no executable file"),
        ({"command": [PYTHON, "{output}"], "cwd": "/no/such"}, "does not exist"),
        ({"command": [PYTHON, "{output}"], "timeout": 0}, "out of range"),
        ({"command": [PYTHON, "{output}"], "batch": 3}, "needs {manifest}"),
        ({"command": [PYTHON, "{output}"], "env": {"A": [1]}}, "names with texts"),
        ({"command": [PYTHON, "{output}"], "sound": "none"}, "own or case"),
        ({"command": [PYTHON, "{output}"], "comand": 1}, "Did you mean 'command'"),
    ],
)
def test_a_mistake_in_the_options_is_said_before_anything_starts(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BenchError) as caught:
        registry.make("command", options, CONTEXT)
    assert said in str(caught.value) and "\n" not in str(caught.value)


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(words, st.dictionaries(st.sampled_from(PLACES), words, min_size=len(PLACES)))
def test_a_value_stands_in_its_word_letter_by_letter(text: str, values: dict[str, str]) -> None:
    escaped = text.replace("{", "{{").replace("}", "}}")
    template = parse(["program", escaped + "{output}" + escaped])
    assert template.fill(values) == ["program", text + values["output"] + text]


@given(st.lists(st.sampled_from([*string.ascii_letters, "{", "}", "{output}", "{emotion}", "!", ":", "."]), max_size=8))
def test_a_command_line_is_either_understood_or_refused_in_one_line(parts: list[str]) -> None:
    try:
        template = parse(["program", "".join(parts), "{output}"])
    except BenchError as error:
        assert "\n" not in str(error)
        return
    template.fill(dict.fromkeys(PLACES, ""))


def test_a_group_is_left_out_where_the_case_gives_nothing_for_it() -> None:
    template = parse(["program", ["--emotion", "{emotion}"], "{output}"])
    assert template.fill({"emotion": None, "output": "o"}) == ["program", "o"]
    assert template.fill({"emotion": "sad", "output": "o"}) == ["program", "--emotion", "sad", "o"]
    with pytest.raises(NoValueError, match="pose"):
        parse(["program", "{pose}", "{output}"]).fill({"pose": None, "output": "o"})


@pytest.mark.slow
def test_the_worked_example_runs_in_an_environment_of_its_own(workspace: Workspace, tmp_path: Path) -> None:
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", "env"], cwd=tmp_path, check=True)
    python = tmp_path / "env" / "bin" / "python"
    requirements = str(EXAMPLE / "requirements.txt")
    pip = [
        PYTHON,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        requirements,
    ]
    installed = subprocess.run(pip, capture_output=True, text=True)
    if installed.returncode != 0:
        pytest.skip(f"the package index cannot be reached: {installed.stderr.strip().splitlines()[-1]}")
    assert subprocess.run([python, "-c", "import numpy"], capture_output=True).returncode != 0
    places = [word for name in ("image", "audio", "fps", "frames", "output") for word in (f"--{name}", f"{{{name}}}")]
    shared = {"model": "command", "cwd": str(EXAMPLE), "ignores": ["pose", "emotion", "intensity"]}
    options = {
        "one": {**shared, "command": [str(python), "animate.py", *places]},
        "many": {**shared, "command": [str(python), "animate.py", "--manifest", "{manifest}"]},
    }
    params = Params(
        datasets={"d": DatasetConfig(reader="folder")},
        cases=[str(SET)],
        models=list(options),
        options=options,
        workers=1,
    )
    one, many = generate(params, workspace, [SET], list(options))
    assert list(one.table["status"]) == list(many.table["status"]) == ["ok", "ok"]
    assert list(one.table["sha256"]) == list(many.table["sha256"])
    found = probe(workspace.videos(SET, "many") / "a.mp4")
    assert (found.width, found.height, found.fps, found.has_audio) == (64, 48, 25, True)
