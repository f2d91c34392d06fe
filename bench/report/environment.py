"""What the numbers were made with and on."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from bench import __version__


def environment() -> dict[str, str]:
    """What the numbers were made with and on."""
    packages = ("torch", "mediapipe", "numpy", "scipy", "av", "scikit-image")
    return {
        "space-bench": __version__, "revision": _revision(), "python": platform.python_version(),
        **{name: version(name) for name in packages}, "system": f"{platform.system()} {platform.machine()}",
    }  # fmt: skip


def _revision() -> str:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
            cwd=Path(__file__).parent,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
