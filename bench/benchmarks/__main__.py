"""``python -m bench.benchmarks [PART ...] [--quick | --write]``: measured figures as tables.

``--quick`` measures on fewer clips, in about a third of the time; ``--write`` puts the figures into docs/speed.md.
"""

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
PARTS: dict[str, Callable[[Path, bool], Iterator[Figures]]] = {
    "peers": lambda weights, quick: peers.figures(weights, peers.QUICK if quick else peers.CLIPS),
    "share": lambda weights, _: share.figures(weights),
    "scaling": lambda _, quick: scaling.figures(scaling.QUICK if quick else scaling.SIZES),
    "tail": lambda *_: tail.figures(),
    "parts": lambda _, quick: parts.figures(parts.QUICK if quick else parts.MEMORY_SIZES),
}
FLAGS = ("--quick", "--write")


def main(words: Sequence[str]) -> None:
    """Measure the parts asked for (none means all) and print them.

    Raises:
        BenchError: a part is not known, or a command that was to be timed fails.
    """
    asked = [word for word in words if word not in FLAGS]
    for word in asked:
        if word not in PARTS:
            raise unknown("part", word, PARTS)
    if "--write" in words and (asked or "--quick" in words):
        raise BenchError("docs/speed.md shows all parts of one full run: leave names and --quick out to write it")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder)
        if not asked or {"peers", "share"} & set(asked):
            random_weights(weights)
        for part in asked or PARTS:
            for figures in PARTS[part](weights, "--quick" in words):
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
