"""All files of an analysis, as names and bytes; whoever asks writes them."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from markupsafe import Markup

from reports.figure_style import to_bytes
from reports.study.analysis.analyse import Analysis
from reports.study.analysis.figures import figures
from reports.study.analysis.sentence import latex_sentence, sentence
from reports.study.analysis.tables import tables, texts
from reports.study.schema import fingerprint
from reports.templating import render as filled
from reports.templating import source


def render(found: Analysis) -> Iterator[tuple[str, bytes]]:
    """``index.html``, ``tables/*.{csv,md,tex}``, ``figures/*.{png,pdf}``, ``sentence.{txt,tex}``, ``summary.json``, each as (path
    below ``analysis/``, content). The same analysis gives the same bytes.
    """
    pictures = {}
    for name, (words, figure) in figures(found).items():
        pictures[name] = (words, to_bytes(figure, "png"))
        yield f"figures/{name}.png", pictures[name][1]
        yield f"figures/{name}.pdf", to_bytes(figure, "pdf")
    for table in tables(found):
        yield f"tables/{table.name}.csv", table.csv().encode()
        yield f"tables/{table.name}.md", table.markdown().encode()
        yield f"tables/{table.name}.tex", table.latex().encode()
    yield "sentence.txt", f"{sentence(found)}\n".encode()
    yield "sentence.tex", latex_sentence(found).encode()
    yield "summary.json", (json.dumps(summary(found), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    yield "index.html", page(found, pictures).encode()


def page(found: Analysis, pictures: dict[str, tuple[str, bytes]]) -> str:
    """One file that shows everything, figures inside; whatever raters wrote stays text.

    Args:
        pictures: words and PNG file by name.
    """
    shown = {name: (words, Markup(base64.b64encode(png).decode())) for name, (words, png) in pictures.items()}
    return filled(
        "study_analysis.html.j2", found=found, sentence=sentence(found), tables={table.name: table for table in tables(found)},
        pictures=shown, texts=texts(found), style=source("base.css", "compare.css"),
    )  # fmt: skip


def summary(found: Analysis) -> dict[str, Any]:
    """The numbers for machines; None where there is none."""
    return _plain({
        "study": found.study.study, "fingerprint": fingerprint(found.study), "models": found.study.models,
        "raters": found.raters, "excluded": found.excluded.counts, "excluded_raters": len(found.excluded.out),
        "withdrawn": found.answers.withdrawn, "comparisons": found.comparisons,
        "answers_left_out": found.answers.problems["reason"].value_counts().to_dict(),
        "preferences": [asdict(each) for each in found.rates],
        "preferences_without_exclusions": [asdict(each) for each in found.rates_all],
        "scores": [{**asdict(each), "differences": {f"{a} - {b}": asdict(e) for (a, b), e in each.differences.items()}} for each in found.scores],
        "agreement": [asdict(each) for each in found.agreement], "metrics": [asdict(each) for each in found.metrics],
        "models_level": [asdict(each) for each in found.models], "remarks": found.remarks,
    })  # fmt: skip


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
