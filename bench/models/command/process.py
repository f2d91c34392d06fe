"""One start of a foreign program: bounded in time and in what is kept of its output, and gone with all its children after."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

KEPT = 64 * 1024
"""Bytes that are kept of the beginning and of the end of each stream; what lies between is counted and dropped."""

GRACE = 3.0
"""Seconds between the request to end and the end."""

MARK = "SPACE_BENCH_START"
"""Variable by which the children of a start are known when they have left its group (a daemon, say). Its value is of one start."""

_CHUNK = 8192


@dataclass(frozen=True)
class Outcome:
    """How a start ended.

    Attributes:
        code: exit code, negative for a signal; None where time ran out. seconds: it took.
        stdout, stderr: what is kept of them.
    """

    code: int | None
    seconds: float
    stdout: str
    stderr: str

    @property
    def last_line(self) -> str:
        """The last line that says something: of stderr, else of stdout."""
        lines = [line.strip() for text in (self.stderr, self.stdout) for line in reversed(text.splitlines())]
        return next((line for line in lines if line), "it printed nothing")[:300]


class _Kept:
    """Reads a stream to its end, so that the program never waits for a reader, and keeps its two ends."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = self._dropped = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        # A stream that is closed under the reader is at its end.
        with contextlib.suppress(OSError, ValueError):
            while chunk := self._stream.read1(_CHUNK):  # type: ignore[attr-defined]
                room = KEPT - len(self._head)
                self._head += chunk[:room]
                rest = chunk[room:] if room > 0 else chunk
                if rest:
                    self._tail.append(rest)
                    self._tail_bytes += len(rest)
                while self._tail and self._tail_bytes - len(self._tail[0]) >= KEPT:
                    gone = len(self._tail.popleft())
                    self._tail_bytes -= gone
                    self._dropped += gone

    def text(self) -> str:
        """What is kept. A child that fled its group may hold the stream open: it is not waited for."""
        self._thread.join(1.0)
        if not self._thread.is_alive():
            self._stream.close()
        gap = f"\n... {self._dropped} bytes left out ...\n".encode() if self._dropped else b""
        return (bytes(self._head) + gap + b"".join(self._tail)).decode("utf-8", "replace")


def start(words: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float) -> Outcome:
    """Run a program and wait for it.

    It runs in a group of its own without a terminal or standard input. Whatever the end, the whole group is asked to end and
    then killed, children of children too; on Linux also those that left the group, unless they cleared their environment.

    Raises:
        OSError: it cannot be started.
    """
    begin = time.monotonic()
    mark = secrets.token_hex(16)
    process = subprocess.Popen(
        words, cwd=folder, env={**environment, MARK: mark}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    with _ended(process, mark):
        outputs = [_Kept(process.stdout), _Kept(process.stderr)]
        try:
            code: int | None = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
    stdout, stderr = (output.text() for output in outputs)
    return Outcome(code, time.monotonic() - begin, stdout, stderr)


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes], mark: str) -> Iterator[None]:
    """See that nothing of what a process started is left, also when this process is interrupted."""
    try:
        yield
    finally:
        # The group outlives its leader while a child is in it; there is none when it cannot be found.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            until = time.monotonic() + GRACE
            while time.monotonic() < until:
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(0.02)
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _end_strays(mark)


def _end_strays(mark: str) -> None:
    """End what bears the mark: children that left the group."""
    left = [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _bears(int(folder.name), mark)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for stray in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(stray, number)
        until = time.monotonic() + GRACE
        while left and time.monotonic() < until:
            time.sleep(0.02)
            left = [stray for stray in left if _bears(stray, mark)]


def _bears(process: int, mark: str) -> bool:
    """Whether a process has the mark in its environment, by Linux's ``/proc``; no where it cannot be seen, or has ended."""
    try:
        return f"{MARK}={mark}".encode() in Path(f"/proc/{process}/environ").read_bytes()
    except OSError:
        return False
