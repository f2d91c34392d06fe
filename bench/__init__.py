"""space-bench: evaluation of speech-driven portrait animation. The whole suite as one call is `evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.evaluation import evaluate as evaluate

__version__ = "0.1.0"
__all__ = ["__version__", "evaluate"]


def __getattr__(name: str) -> Any:
    # Lazy, so that `import bench` (and `space-bench --help`) loads no network library.
    if name == "evaluate":
        from bench.evaluation import evaluate

        return evaluate
    raise AttributeError(f"module 'bench' has no attribute {name!r}")
