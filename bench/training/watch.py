"""What a person looks at while a model trains: curves, sample pictures, and a log that can be followed.

All of it lies in the folder of the run:

- ``curves/``: for TensorBoard. ``pip install -c constraints.txt tensorboard`` (newer ones want a protobuf that the face
  mesh does not bear), then ``tensorboard --logdir <folder>`` and open the address that it prints.
- ``losses.jsonl``: the same numbers as text, one object an interval; ``tail -f`` follows it.
- ``samples/step-000500.png``: a row for each sample, a column for each picture of the objective; ``-curves.png`` beside
  it for objectives that make sequences, ``-points.mp4`` where these are points, ``-driven.mp4`` of a clip that is drawn.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.summary import scalar
from torch import Tensor

from bench.errors import BenchError
from bench.store import replacing, write_bytes
from bench.training.moving import labelled, shown, write_driven, write_points

MAX_ROWS = 4
MAX_LINES = 6


class Log:
    """Writes scalars. What an earlier run of the same folder logged beyond `step`, lost in its crash, is dropped.

    Args:
        folder: of the run. step: from which it goes on; 0 drops everything.

    Raises:
        BenchError: it cannot be written, here and at each call.
    """

    def __init__(self, folder: Path, step: int) -> None:
        curves = folder / "curves"
        with _writing(curves):
            curves.mkdir(parents=True, exist_ok=True)
            # Not the library's writer: its thread dies on a full disk, and the run would wait for it without end.
            self._events = EventsWriter(str(curves / "events"))
            # Tells TensorBoard to drop what earlier files have from this step on.
            start = SessionLog(status=SessionLog.START)
            self._events.write_event(Event(wall_time=time.time(), step=step + 1, session_log=start))
        self._path = folder / "losses.jsonl"
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.is_file() else []
        kept = [line for line in lines if _step_of(line) <= step]
        write_bytes(self._path, "".join(f"{line}\n" for line in kept).encode())

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        """Log numbers by name after `step` steps. A slash in a name groups curves."""
        line = {"step": step, **{name: float(f"{value:.6g}") for name, value in scalars.items()}}
        with _writing(self._path.parent):
            for name, value in scalars.items():
                self._events.write_event(Event(wall_time=time.time(), step=step, summary=scalar(name, value)))
            self._events.flush()
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")

    def close(self) -> None:
        with _writing(self._path.parent):
            self._events.close()


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BenchError(f"cannot write into {place}: {error.strerror}. Is the disk full or read-only?") from error


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # cut off by a crash


def write_samples(folder: Path, step: int, made: Mapping[str, Tensor]) -> None:
    """Write what an objective's `sample` made: images ``(B, 3, H, W)`` in 0..1, curves ``(B, T, C)``, where NaN leaves a
    gap, points that move ``(B, T, P, 3)``.

    Raises:
        BenchError: a tensor that is none of these.
    """
    arrays = {name: value.detach().float().cpu().numpy()[:MAX_ROWS] for name, value in made.items()}
    images = {name: value for name, value in arrays.items() if value.ndim == 4 and value.shape[1] == 3}
    curves = {name: value for name, value in arrays.items() if value.ndim == 3}
    points = {name: value for name, value in arrays.items() if value.ndim == 4 and name not in images}
    points = {name: value for name, value in points.items() if value.shape[3] == 3}
    odd = arrays.keys() - images.keys() - curves.keys() - points.keys()
    if odd:
        name = min(odd)
        raise BenchError(
            f"sample {name!r}: expected (B, 3, H, W), (B, T, C) or (B, T, P, 3), found {arrays[name].shape}"
        )
    stem = f"step-{step:06d}"
    if images:
        _, data = cv2.imencode(".png", cv2.cvtColor(_grid(images), cv2.COLOR_RGB2BGR))
        write_bytes(folder / "samples" / f"{stem}.png", data.tobytes())
    if curves:
        _write_curves(folder / "samples" / f"{stem}-curves.png", curves)
    if points:
        write_points(folder / "samples" / f"{stem}-points.mp4", points)


def write_driven_sample(folder: Path, step: int, made: Mapping[str, Tensor]) -> None:
    """Write the pictures ``(T, 3, H, W)`` that an objective's `sample` made of the frames of one clip, as a video."""
    arrays = {name: value.detach().float().cpu().numpy() for name, value in made.items()}
    pictures = {name: value for name, value in arrays.items() if value.ndim == 4 and value.shape[1] == 3}
    write_driven(folder / "samples" / f"step-{step:06d}-driven.mp4", pictures)


def _grid(images: Mapping[str, NDArray[np.float32]]) -> NDArray[np.uint8]:
    side = max(value.shape[2] for value in images.values())
    columns = []
    for name, batch in images.items():
        columns.append(labelled(name, list(shown(batch)), side))
    return np.concatenate(columns, axis=1)


def _write_curves(path: Path, curves: Mapping[str, NDArray[np.float32]]) -> None:
    # The object interface: pyplot keeps figures alive and picks a window system.
    from matplotlib.figure import Figure

    rows = max(len(value) for value in curves.values())
    figure = Figure(figsize=(4.5 * len(curves), 1.8 * rows), layout="constrained")
    axes = figure.subplots(rows, len(curves), squeeze=False, sharey="row")
    for column, (name, batch) in enumerate(curves.items()):
        axes[0, column].set_title(name)
        # The liveliest channels: of many landmarks most hardly move.
        liveliest = np.argsort(-np.nan_to_num(batch).std(axis=1).mean(axis=0))[:MAX_LINES]
        for row, values in enumerate(batch):
            axes[row, column].plot(values[:, np.sort(liveliest)], linewidth=0.8)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100)
