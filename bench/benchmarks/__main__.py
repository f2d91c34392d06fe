"""``python -m bench.benchmarks [PART ...] [--write]``: measured figures as tables; ``--write`` puts them into docs/speed.md."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.benchmarks import parts, peers, scaling, share, tail
from bench.benchmarks.page import Figures, machine, write_page
from bench.benchmarks.weights import random_weights
from bench.errors import BenchError, unknown
from bench.progress import out

PAGE = Path(__file__).resolve().parents[2] / "docs" / "speed.md"
PARTS: dict[str, Callable[[Path], Iterator[Figures]]] = {
    "peers": peers.figures,
    "share": share.figures,
    "scaling": lambda _: scaling.figures(),
    "tail": lambda _: tail.figures(),
    "parts": lambda _: parts.figures(),
}


def main(words: Sequence[str]) -> None:
    """Measure the parts asked for (none means all) and print them.

    Raises:
        BenchError: a part is not known, or a command that was to be timed fails.
    """
    asked = [word for word in words if word != "--write"]
    for word in asked:
        if word not in PARTS:
            raise unknown("part", word, PARTS)
    if "--write" in words and asked:
        raise BenchError("docs/speed.md shows all parts of one run: leave the names out to write it")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder)
        if not asked or {"peers", "share"} & set(asked):
            random_weights(weights)
        for part in asked or PARTS:
            for figures in PARTS[part](weights):
                out.print(figures.table())
                found.append(figures)
    out.print(machine())
    if "--write" in words:
        write_page(PAGE, found)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BenchError as error:
        sys.exit(f"error: {error}")
