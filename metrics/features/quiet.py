"""Keeps MediaPipe's start-up chatter off the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_LOCK = Lock()


@contextmanager
def native_stderr_silenced() -> Iterator[None]:
    """Sends what native code writes to the process's error stream nowhere, for a moment.

    MediaPipe 0.10.21 warns of harmless things whenever a graph starts (a dozen lines a video), before its logging
    reads any level, so no environment variable stops it. Its errors come as Python exceptions, so none is hidden. One
    thread at a time: two that interleave would restore each other's null device.
    """
    with _LOCK:
        sys.stderr.flush()
        kept = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
