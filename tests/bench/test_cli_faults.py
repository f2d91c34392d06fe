"""What the file system refuses is one line and exit code 2, wherever in a command it comes from."""

from __future__ import annotations

import errno
import os
from typing import NoReturn

import pytest

import bench.cli


def raising(error: OSError) -> object:
    def app() -> NoReturn:
        raise error

    return app


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_place_that_cannot_be_written_is_named_in_a_line(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench.cli, "app", raising(OSError(number, os.strerror(number), "/results/[out]/videos")))
    with pytest.raises(SystemExit) as ended:
        bench.cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.count("\n") == 1
    assert said.startswith(f"error: /results/[out]/videos: {os.strerror(number)}. Is the disk full")


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error", "a"), OSError("no number")])
def test_other_faults_of_files_keep_their_traceback(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.cli, "app", raising(error))
    with pytest.raises(OSError):
        bench.cli.main()
