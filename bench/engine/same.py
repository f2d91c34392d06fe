"""Whether a worker is like the process that asks: the same suite, the same libraries, the same folders."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench import __version__

DECIDING = (
    "av", "dlib-bin", "espeakng-loader", "lpips", "mediapipe", "numpy", "onnxruntime", "opencv-contrib-python",
    "pocketsphinx", "python_speech_features", "pytorch-fid", "scikit-image", "scipy", "soxr", "torch", "torchvision",
)  # fmt: skip
"""Packages of which another version may change a number."""

ROOMS = ("bench", "datasets", "metrics", "space_ref")
"""Packages whose code runs on workers."""


@dataclass(frozen=True)
class Needs:
    """What work touches.

    Attributes:
        token: name of a small file that the command has put into each of the folders `shared`.
        files: paths with the size that the command sees; None for a folder. device: of the networks.
    """

    token: str
    shared: tuple[str, ...] = ()
    files: tuple[tuple[str, int | None], ...] = ()
    device: str = "cpu"


@dataclass(frozen=True)
class Likeness:
    """What there is to compare.

    Attributes:
        suite: version and hash of its code. python: minor version. libraries: version of each of `DECIDING`.
        apart: why the folders or files are not those of the command; "" where they are. device: whether it is there.
    """

    suite: str
    python: str
    libraries: tuple[tuple[str, str], ...]
    apart: str
    device: bool


def likeness(needs: Needs) -> Likeness:
    """Of the process that this is called in."""
    libraries = tuple((name, _version(name)) for name in DECIDING)
    python = ".".join(platform.python_version_tuple()[:2])
    return Likeness(f"{__version__} ({_code()})", python, libraries, _apart(needs), _has(needs.device))


def objection(here: Likeness, there: Likeness, device: str) -> str | None:
    """Why a worker cannot do the work of this process, and what to do about it; None where it can."""
    if there.suite != here.suite:
        return f"it runs space-bench {there.suite}, this command {here.suite}; install the same commit there and restart it"
    if there.python != here.python:
        return f"it runs Python {there.python}, this command {here.python}; start it with the same"
    for (name, other), (_, mine) in zip(there.libraries, here.libraries, strict=True):
        if other != mine:
            return f"it has {name} {other}, this command {mine}, and numbers may differ; install constraints.txt there"
    if there.apart:
        return f"{there.apart}; it must be on a file system that both share, at the same path"
    return None if there.device else f"it has no device {device!r}, which params.yaml asks for"


def sized(paths: Iterable[Path]) -> tuple[tuple[str, int | None], ...]:
    """Absolute paths with the sizes of the files among them, those that exist."""
    return tuple(
        (str(path.resolve()), path.stat().st_size if path.is_file() else None) for path in paths if path.exists()
    )


def _apart(needs: Needs) -> str:
    for folder in needs.shared:
        if not Path(folder, needs.token).is_file():
            return f"it does not see the folder {folder} of this command"
        try:
            Path(folder, f"{needs.token}.{os.getpid()}").touch()
        except OSError as error:
            return f"it cannot write into {folder} ({error.strerror})"
    for name, size in needs.files:
        path = Path(name)
        if not path.exists() or (path.stat().st_size if path.is_file() else None) != size:
            return f"it does not see {name} as this command does"
    return ""


def _version(name: str) -> str:
    try:
        return version(name).split("+")[0]  # A build for another device is the same library.
    except PackageNotFoundError:
        return "not installed"


def _code() -> str:
    found = hashlib.sha256()
    root = Path(__file__).resolve().parents[2]
    for path in sorted(path for room in ROOMS for path in (root / room).rglob("*.py")):
        found.update(f"{path.relative_to(root).as_posix()}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()[:8]


def _has(device: str) -> bool:
    if not device.startswith("cuda"):
        return True
    import torch

    return torch.cuda.is_available()
