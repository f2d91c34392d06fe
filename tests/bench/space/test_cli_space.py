"""The commands ``animate`` and ``train``: help, options that reach the model, one clear line for a mistake."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.media import read_frames, write_audio
from tests.command import Run


@pytest.fixture
def words(folder: Path, inputs: Path, tmp_path: Path) -> list[str | Path]:
    return [
        "animate", "--image", inputs / "face.png", "--audio", inputs / "speech.wav", "--out", tmp_path / "made.mp4",
        "--weights", folder, "--size", "64", "--seconds", "0.12",
    ]  # fmt: skip


def test_help_of_both_commands_names_their_options(space_bench: Run) -> None:
    code, text, _ = space_bench("animate", "--help")
    assert code == 0 and all(option in text for option in ("--emotion", "--pose-from", "--blink-at", "--weights"))
    code, text, _ = space_bench("train", "--help")
    assert code == 0 and all(option in text for option in ("--recipe", "--device", "--target"))


def test_the_command_line_makes_the_video_with_all_controls(space_bench: Run, words: list[Any], tmp_path: Path) -> None:
    code, text, errors = space_bench(
        *words, "--emotion", "happy=0.7", "--emotion", "Sad=0.2", "--blink-at", "0.05,0.5", "--gaze", "5,-10",
        "--rotate", "0,10,0", "--shift", "0.1,0,0", "--scale", "1.1", "--mouth", "1.5", "--pose", "fixed",
    )  # fmt: skip
    assert code == 0, errors
    assert "made.mp4: 3 frames" in text and len(list(read_frames(tmp_path / "made.mp4"))) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--emotion", "happy=much"), "--emotion 'happy=much' is not NAME=INTENSITY, e.g. happy=0.7"),
        (("--emotion", "happy="), "--emotion 'happy=' is not NAME=INTENSITY"),
        (("--emotion", "happy=nan"), "intensity of 'happy' must be from 0 to 1, found nan"),
        (("--emotion", "happy=0.7", "--emotion", "Happy"), "--emotion happy is given twice, as 0.7 and as 1"),
        (("--emotion", "=0.5"), "unknown emotion ''"),
        (("--gaze", "5"), "--gaze '5': expected two numbers"),
        (("--gaze", "5,,3"), "--gaze '5,,3': expected numbers with commas"),
        (("--blink-at", ""), "--blink-at '': expected numbers"),
        (("--gaze", "5;3"), "--gaze '5;3': expected numbers with commas"),
        (("--gaze", "80,0"), "expected -30 to 30 degrees"),
        (("--rotate", "1,2"), "--rotate '1,2': expected three numbers"),
        (("--shift", "1,2,x"), "--shift '1,2,x': expected numbers"),
        (("--shift", "nan,0,0"), "expected finite x, y, z"),
        (("--scale", "9"), "placement scale: expected 0.25 to 4"),
        (("--mouth", "-1"), "mouth"),
        (("--blink", "1e9"), "blink rate"),
        (("--blink-at", "soon"), "--blink-at 'soon': expected numbers"),
        (("--batch", "0"), "batch must be at least 1"),
        (("--precision", "fp8"), "unknown precision 'fp8'"),
        (("--pose", "follow"), "--pose must be predicted or fixed"),
    ],
)
def test_a_malformed_option_is_one_line_and_exit_code_2(
    space_bench: Run, words: list[Any], tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    code, _, errors = space_bench(*words, *options)
    assert code == 2 and errors.startswith("error: ") and len(errors.strip().splitlines()) == 1
    assert message in errors and not (tmp_path / "made.mp4").exists()


def test_a_name_in_brackets_is_said_as_it_is(space_bench: Run, words: list[Any], tmp_path: Path) -> None:
    code, text, _ = space_bench(*words, "--out", tmp_path / "[red] \u00e9.mp4")
    assert code == 0 and "[red] \u00e9.mp4: 3 frames" in text


@pytest.fixture
def ctrl_c_ends() -> Iterator[None]:
    """As in a terminal; a shell starts what it puts into the background with an interruption that is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_ends")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing_half_written(
    space_bench: Run, words: list[Any], tmp_path: Path, number: signal.Signals
) -> None:
    write_audio(tmp_path / "long.wav", np.full(16000 * 30, 0.1, np.float32))
    before, ended = signal.getsignal(signal.SIGTERM), threading.Event()

    def interrupt() -> None:
        while not list(tmp_path.glob(".made.mp4.*")):
            if ended.wait(0.01):
                return
        signal.pthread_kill(threading.main_thread().ident or 0, number)

    waiting = threading.Thread(target=interrupt)
    waiting.start()
    try:
        code, text, errors = space_bench(*words, "--audio", tmp_path / "long.wav", "--seconds", "30")
    finally:
        ended.set()
        waiting.join()
    assert (code, text, errors) == (130, "", "interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["long.wav"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_compiler_that_is_missing_is_one_line(
    space_bench: Run, words: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch._inductor.config as inductor

    monkeypatch.setattr(inductor.cpp, "cxx", ("no-such-compiler",))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    code, _, errors = space_bench(*words, "--compile")
    assert code == 2 and errors.startswith("error: ") and len(errors.strip().splitlines()) == 1
    assert "could not be compiled" in errors and "Leave compiling out" in errors
    assert not list(tmp_path.glob("*made.mp4*"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--recipe", "smal"), "unknown recipe 'smal': Did you mean 'small'"),
        (("--recipe", "tiny", "vidvid"), "unknown training stage 'vidvid'. Did you mean 'vid2vid'?"),
        (("--recipe", "tiny", "exprot"), "unknown training stage 'exprot'. Did you mean 'export'?"),
        (("--recipe", "tiny", "speech"), "holds no training store. `space-bench train data` with the same"),
        (("--recipe", "tiny", "export"), "vid2vid is not trained to its end"),
        (("--recipe", "tiny", "vid2vid", "--device", "gpu"), "device"),
    ],
)
def test_a_mistake_in_train_is_one_line(
    space_bench: Run, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    code, _, errors = space_bench("train", "--out", tmp_path, *options)
    assert code == 2 and message in errors and "Traceback" not in errors
    assert len(errors.strip().splitlines()) == 1
