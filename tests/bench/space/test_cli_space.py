"""The commands ``animate`` and ``train``: help, options that reach the model, one clear line for a mistake."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import cli
from datasets.media import read_frames


@pytest.fixture
def space_bench(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """``space_bench(*words)``: exit code, stdout and stderr of the command line in this process."""

    def call(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["space-bench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
            raise SystemExit(0)
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture
def words(folder: Path, inputs: Path, tmp_path: Path) -> list[str | Path]:
    return [
        "animate", "--image", inputs / "face.png", "--audio", inputs / "speech.wav", "--out", tmp_path / "made.mp4",
        "--weights", folder, "--size", "64", "--seconds", "0.12",
    ]  # fmt: skip


def test_help_of_both_commands_names_their_options(space_bench: Any) -> None:
    code, text, _ = space_bench("animate", "--help")
    assert code == 0 and all(option in text for option in ("--emotion", "--pose-from", "--blink-at", "--weights"))
    code, text, _ = space_bench("train", "--help")
    assert code == 0 and all(option in text for option in ("--recipe", "--device", "--target"))


def test_the_command_line_makes_the_video_with_all_controls(space_bench: Any, words: list[Any], tmp_path: Path) -> None:
    code, text, errors = space_bench(
        *words, "--emotion", "happy=0.7", "--emotion", "Sad=0.2", "--blink-at", "0.05,0.5", "--gaze", "5,-10",
        "--rotate", "0,10,0", "--shift", "0.1,0,0", "--scale", "1.1", "--mouth", "1.5", "--pose", "fixed",
    )  # fmt: skip
    assert code == 0, errors
    assert "made.mp4: 3 frames" in text and len(list(read_frames(tmp_path / "made.mp4"))) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--emotion", "happy=much"), "--emotion 'happy=much': expected NAME=INTENSITY, e.g. happy=0.7"),
        (("--emotion", "=0.5"), "unknown emotion ''"),
        (("--gaze", "5"), "--gaze '5': expected two numbers"),
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
    space_bench: Any, words: list[Any], tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    code, _, errors = space_bench(*words, *options)
    assert code == 2 and errors.startswith("error: ") and len(errors.strip().splitlines()) == 1
    assert message in errors and not (tmp_path / "made.mp4").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--recipe", "smal"), "unknown recipe 'smal': Did you mean 'small'"),
        (("--recipe", "tiny", "vidvid"), "unknown training stage 'vidvid'"),
        (("--recipe", "tiny", "speech"), "holds no training store"),
        (("--recipe", "tiny", "export"), "vid2vid is not trained to its end"),
        (("--recipe", "tiny", "vid2vid", "--device", "gpu"), "device"),
    ],
)
def test_a_mistake_in_train_is_one_line(
    space_bench: Any, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    code, _, errors = space_bench("train", "--out", tmp_path, *options)
    assert code == 2 and message in errors and "Traceback" not in errors
    assert len(errors.strip().splitlines()) == 1
