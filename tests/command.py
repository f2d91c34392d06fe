"""The command line in the process of the tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from bench.cli import main


class Done(NamedTuple):
    """What a command left: as `subprocess` names it, and to be unpacked."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``run(*words, cwd=None)``: ``space-bench`` with these words, in that folder from then on."""

    def run(*words: object, cwd: Path | None = None) -> Done:
        if cwd is not None:
            monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["space-bench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
            raise SystemExit(0)
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return run
