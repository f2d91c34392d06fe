"""Tables and files that appear whole: written beside their place, then renamed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import BenchError

if TYPE_CHECKING:
    # Half a second to import: commands that only write a file need not wait for it.
    import pandas as pd

ABANDONED = 3600.0
"""Seconds."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder that becomes `path` when the block ends well, and vanishes otherwise."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise BenchError(f"cannot write into {path.parent}: {error.strerror or error}. Name another folder.") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}. Is the disk full or read-only?") from error
    finally:
        temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove from a folder what killed commands left half-written: an hour old, so that no other command is at it."""
    for path in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):  # Another command swept it.
            if time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()


def write_bytes(path: Path, data: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, data: Any) -> None:
    write_bytes(path, (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode())


def write_table(path: Path, rows: Sequence[Mapping[str, Any]] | pd.DataFrame, columns: Mapping[str, str]) -> None:
    """Write rows as parquet with exactly these columns and pandas dtypes, so that empty tables have a schema too."""
    import pandas as pd

    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), columns=list(columns))
    frame = frame[list(columns)].astype(dict(columns))
    with replacing(path) as temporary:
        frame.to_parquet(temporary, index=False)


def read_table(path: Path, made_by: str) -> pd.DataFrame:
    """Read a parquet table; if it is missing or broken, say which command makes it."""
    if not path.is_file():
        raise BenchError(f"{path} is missing. `{made_by}` makes it.")
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BenchError(f"{path} cannot be read as parquet ({error}). Remove it and run `{made_by}`.") from error


def records(table: pd.DataFrame) -> Iterator[Any]:
    """The rows, with columns as attributes. (The stubs give every field the type of all that a cell may hold.)"""
    yield from table.itertuples()


def sha256_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(data: Any) -> str:
    """First 16 hex digits of the sha256 of a JSON-able value; key order does not matter."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:16]


class Journal:
    """An append-only log of finished work, one JSON object a line, that survives a crash.

    A line that was cut off by a crash is ignored: its work is simply done again. The last entry of a key wins.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self.key = key
        self.entries: dict[str, dict[str, Any]] = {}
        if path.is_file():
            # Bytes, split at line feeds alone: a cut may fall within a letter, and text may hold other ends of lines.
            for line in path.read_bytes().split(b"\n"):
                with contextlib.suppress(ValueError, TypeError, KeyError):
                    entry = json.loads(line)
                    self.entries[entry[key]] = entry

    def add(self, entry: dict[str, Any]) -> None:
        """Record one finished piece of work durably."""
        self.entries[entry[self.key]] = entry
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.path.open("a", encoding="utf-8") as stream:
                # A crash may have cut the last line off: begin a fresh one.
                stream.write(("\n" if stream.tell() else "") + json.dumps(entry, ensure_ascii=False))
        except OSError as error:
            raise BenchError(f"cannot write {self.path}: {error.strerror}. Is the disk full or read-only?") from error


CLIP_COLUMNS = {
    "clip": "str", "dataset": "str", "split": "str", "speaker": "str", "emotion": "str", "level": "Int64",
    "video": "str", "audio": "str", "frames": "int64", "fps": "float64", "seconds": "float64", "sha256": "str",
    "pictures": "str", "sound": "str", "truth": "str", "crop": "str",
}  # fmt: skip
REJECTED_COLUMNS = {"dataset": "str", "split": "str", "source": "str", "reason": "str", "detail": "str"}
CASE_COLUMNS = {
    "case": "str", "clip": "str", "portrait": "str", "audio": "str", "pose": "str", "emotion": "str",
    "intensity": "Float64", "protocol": "str", "speaker": "str", "level": "Int64", "portrait_speaker": "str",
}  # fmt: skip
GENERATED_COLUMNS = {
    "case": "str", "model": "str", "version": "str", "video": "str", "status": "str", "detail": "str",
    "seconds": "float64", "sha256": "str", "pictures": "str", "sound": "str", "recipe": "str",
}  # fmt: skip
SCORE_COLUMNS = {
    "case": "str", "model": "str", "version": "str", "metric": "str", "protocol_id": "str", "value": "Float64",
    "status": "str", "detail": "str",
}  # fmt: skip
CURVE_COLUMNS = {
    "case": "str", "model": "str", "time": "float64", "aperture": "float64", "pitch": "float64", "yaw": "float64",
    "roll": "float64", "loudness": "float64",
}  # fmt: skip
EMOTION_COLUMNS = {
    "case": "str", "model": "str", "classifier": "str", "asked": "str", "predicted": "str", "probability": "float64",
}  # fmt: skip
REPLICATE_COLUMNS = {
    "model": "str", "metric": "str", "protocol_id": "str", "seed": "int64", "replicate": "int64", "value": "Float64",
}  # fmt: skip
