"""A disk that takes no more: one clear line, and what was there before stays."""

from __future__ import annotations

import resource
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from tensorboardX.proto.event_pb2 import Event, SessionLog

from bench.errors import BenchError
from bench.space import weights
from bench.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from bench.training.watch import Log


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """The system refuses to write more into any file, as it does when a disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _checkpoint(step: int, size: int) -> Checkpoint:
    return Checkpoint(step, 1.0, {"net": {"weight": torch.zeros(size)}}, {}, {}, [], {}, {})


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, _checkpoint(1, 3))
    with (
        _files_of_at_most(100_000),
        pytest.raises(BenchError, match=r"cannot write .*checkpoint\.pt. Is the disk full"),
    ):
        save_checkpoint(tmp_path, _checkpoint(2, 1_000_000))
    kept = load_checkpoint(tmp_path)
    assert kept is not None and kept.step == 1
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_weights_that_cannot_be_written_leave_nothing(tmp_path: Path) -> None:
    with _files_of_at_most(100_000), pytest.raises(BenchError, match=r"cannot write .*x\.safetensors.* disk full"):
        weights.save(tmp_path / "x.safetensors", torch.nn.Linear(300, 1000), {}, {})
    assert not list(tmp_path.iterdir())


def test_a_log_that_cannot_be_written_ends_the_run_with_a_line(tmp_path: Path) -> None:
    log = Log(tmp_path, 0)
    scalars = {f"loss/{k}": 0.5 for k in range(40)}
    with _files_of_at_most(20_000), pytest.raises(BenchError, match=r"cannot write into .* Is the disk full"):
        for step in range(1000):
            log.add(step, scalars)


def _events(folder: Path) -> list[Event]:
    """Of all files of the curves, in TFRecord: length, its checksum, the event, its checksum."""
    found = []
    for path in sorted((folder / "curves").iterdir()):
        data, at = path.read_bytes(), 0
        while at < len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            found.append(Event.FromString(data[at + 12 : at + 12 + length]))
            at += 12 + length + 4
    return found


def test_curves_hold_what_was_logged_and_where_a_resumed_run_begins(tmp_path: Path) -> None:
    log = Log(tmp_path, 7)
    log.add(8, {"loss/l1": 0.25, "learning rate": 1e-3})
    log.close()
    version, start, *logged = _events(tmp_path)
    assert version.file_version == "brain.Event:2"
    assert (start.step, start.session_log.status) == (8, SessionLog.START)
    assert [(event.step, event.summary.value[0].simple_value) for event in logged] == [
        (8, 0.25),
        (8, pytest.approx(1e-3)),
    ]
    assert logged[0].summary.value[0].tag == "loss/l1"
