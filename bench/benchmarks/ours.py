"""One measurement with the suite as a process of its own: ``python -m bench.benchmarks.ours METRIC[,METRIC] MADE WEIGHTS CACHE [REAL]``."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.benchmarks.weights import opened
from bench.evaluation import evaluate


def main(metrics: str, made: str, weights: str, cache: str, real: str | None = None) -> None:
    """Evaluate and print the values. Without REAL the real videos are not measured either."""
    found = evaluate(made, real, metrics=metrics.split(","), assets=opened(Path(weights)), cache=Path(cache))
    for name, entry in found.summary["generated"].items():
        sys.stdout.write(f"{name} {entry['value']} {entry['status']}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
