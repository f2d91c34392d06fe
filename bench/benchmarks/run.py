"""Commands whose time is taken: seconds on the wall and of computing, children's children too."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.errors import BenchError

READY = (
    "import sys, runpy; from metrics.features.torchvision_ready import ready_torchvision; ready_torchvision(); "
    "sys.argv = sys.argv[1:]; name = sys.argv[0]; "
    "runpy.run_path(name, run_name='__main__') if name.endswith('.py') else "
    "runpy.run_module(name, run_name='__main__', alter_sys=True)"
)
"""Runs a script or module where torchvision's native library does not fit torch (docs/install.md)."""


@dataclass(frozen=True)
class Spent:
    """Seconds on the wall, and of processor time."""

    wall: float
    cpu: float

    @classmethod
    def middle(cls, found: Sequence[Spent]) -> Spent:
        return cls(median(each.wall for each in found), median(each.cpu for each in found))


def command(commands: Sequence[Sequence[str]], torch_home: Path) -> Spent:
    """Time of commands that run one after the other.

    Raises:
        BenchError: one fails; its last line is told.
    """
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "TORCH_HOME": str(torch_home), "PYTHONPATH": str(root), "GLOG_minloglevel": "2"}
    begin, before = time.perf_counter(), _children()
    for each in commands:
        done = subprocess.run(each, capture_output=True, text=True, env=environment)
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise BenchError(
                f"{' '.join(each[1:4])} ended with {done.returncode}: {lines[-1] if lines else 'no message'}"
            )
    return Spent(time.perf_counter() - begin, _children() - before)


def python(*arguments: object, torchvision: bool = False) -> list[str]:
    """A command that runs a script (a path) or a module (``-m name``) with this interpreter."""
    words = [str(argument) for argument in arguments]
    return [sys.executable, *(["-c", READY] if torchvision else []), *words]


def in_turn(works: Mapping[str, Callable[[], Spent]], rounds: int) -> dict[str, Spent]:
    """Medians over rounds in which all take turns, so that other work on the machine meets all alike."""
    found: dict[str, list[Spent]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(work())
    return {name: Spent.middle(spent) for name, spent in found.items()}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
