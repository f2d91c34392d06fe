"""All files of a report, as names and bytes; whoever asks writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import pandas as pd

from reports.build_table import build_table
from reports.data import CONTEXT, Context, ReportData, classifiers, within
from reports.page import page, table_page
from reports.presets import PRESETS
from reports.tables import Table
from reports.wording import slug

TABLES: Mapping[str, Callable[[Table], str]] = {
    "csv": Table.to_csv,
    "md": Table.to_markdown,
    "tex": Table.to_latex,
    "html": table_page,
}

Key = TypeVar("Key", bound=tuple[str, ...])

SUMMARY = (*CONTEXT, "model", "metric", "value", "low", "high", "n", "asked")


def render(data: ReportData, with_figures: bool = True) -> Iterator[tuple[str, bytes]]:
    """Every file of the report as (path relative to the output folder, content).

    ``report/index.html``; ``tables/<preset>[.<dataset>.<split>.<protocol>].{csv,md,tex,html}``;
    ``figures/<figure>.<dataset>.<split>.<protocol>.{png,pdf}``; ``plots/*.csv`` for ``dvc plots``. The same data gives
    the same bytes. Drawing the figures takes far longer than all the rest: `with_figures` can leave them out.
    """
    yield "report/index.html", page(data).encode()
    stems = _names(data.contexts())
    for name, preset in PRESETS.items():
        parts = {f"{name}.{stem}": [context] for context, stem in stems.items()}
        for stem, contexts in {name: list(stems), **parts}.items():
            table = build_table(data, preset, contexts)
            for suffix, write in TABLES.items():
                yield f"tables/{stem}.{suffix}", write(table).encode()
    yield from _plots(data)
    if with_figures:
        yield from _figures(data, stems)


def _names(keys: Sequence[Key]) -> dict[Key, str]:
    """A part of a file name for each key; two that would share one are told apart by a number."""
    names: dict[Key, str] = {}
    for key in keys:
        name = wanted = ".".join(map(slug, key))
        count = 2
        while name in names.values():
            name, count = f"{wanted}-{count}", count + 1
        names[key] = name
    return names


def _plots(data: ReportData) -> Iterator[tuple[str, bytes]]:
    scored = data.summary[(data.summary["status"] == "ok") & data.summary["value"].notna()]
    # `dvc plots` draws one matrix of what it is given: one classifier's.
    first = data.emotions["classifier"].isin(classifiers(data.emotions)[:1])
    emotions = data.emotions.loc[first, [*CONTEXT, "model", "case", "asked", "predicted"]]
    for name, table in (("summary", scored[list(SUMMARY)]), ("curves", data.curves), ("confusion", emotions)):
        yield f"plots/{name}.csv", _csv(table)


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _figures(data: ReportData, stems: Mapping[Context, str]) -> Iterator[tuple[str, bytes]]:
    # Drawing is the only part that needs matplotlib, which takes seconds to import.
    from reports import figures, finding_figures

    paper = PRESETS["paper"].choose(data.metrics, data.summary)
    for context, stem in stems.items():
        drawn = {
            "intervals": figures.intervals(data, context, paper),
            "distributions": figures.distributions(data, context, paper),
            "differences": finding_figures.differences(data, context, paper),
            "correlation": finding_figures.correlation(data, context),
        }
        for kind in finding_figures.kinds(data, context):
            drawn[f"by-{slug(kind)}"] = finding_figures.strata(data, context, kind, paper)
        for order, classifier in enumerate(classifiers(within(data.emotions, context))):
            end = f"-{slug(classifier)}" if order else ""
            drawn[f"emotions{end}"] = figures.emotion_bars(data, context, classifier)
            drawn[f"confusion{end}"] = figures.confusion(data, context, classifier)
            drawn[f"intensity{end}"] = figures.intensity_response(data, context, classifier)
        for case, name in _names([(case,) for case in dict.fromkeys(within(data.curves, context)["case"])]).items():
            drawn[f"curves-{name}"] = figures.curves(data, context, case[0])
        for name, figure in drawn.items():
            if figure is not None:
                yield f"figures/{name}.{stem}.png", figures.to_bytes(figure, "png")
                yield f"figures/{name}.{stem}.pdf", figures.to_bytes(figure, "pdf")
