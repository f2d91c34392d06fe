"""What the page's scripts draw from: one JSON document, compressed chunks beside it, and the chosen videos as data URIs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reports.data import Context, ReportData, records, within
from reports.palette import looks
from reports.payload.cases import cases_table
from reports.payload.curves import curves
from reports.payload.emotions import emotions
from reports.payload.encoding import Chunks, as_json
from reports.payload.failures import failures
from reports.payload.findings import correlation, differences, strata
from reports.payload.media import media
from reports.payload.scores import scores
from reports.payload.watch import Videos, watch
from reports.presets import PRESETS
from reports.tables import Table
from reports.wording import ARROWS, text

__all__ = ["Payload", "as_json"]


@dataclass(frozen=True)
class Payload:
    """Everything the scripts need.

    Attributes:
        document: small, read when the page opens. chunks: the numbers of all cases. videos: the embedded files.
    """

    document: Mapping[str, Any]
    chunks: Chunks = field(default_factory=Chunks)
    videos: Videos = field(default_factory=Videos)

    @classmethod
    def of(cls, data: ReportData, tables: Mapping[Context, Table]) -> Payload:
        """From the results; `tables` are the full tables, whose decimals the charts share."""
        document: dict[str, Any] = {}
        made = cls(document)
        contexts = [_context(data, context, tables[context], made) for context in data.contexts()]
        document |= {
            "models": _models(data),
            "metrics": _metrics(data),
            "reference": data.reference,
            "contexts": contexts,
        }
        return made


def _models(data: ReportData) -> list[dict[str, Any]]:
    look = looks(data.models, data.reference)
    return [
        {
            "name": row.model,
            "title": text(row.title) or row.model,
            "kind": row.kind,
            "colour": look[row.model].colour,
            "dash": " ".join(f"{part:g}" for part in look[row.model].dash),
        }
        for row in records(data.models)
    ]


def _metrics(data: ReportData) -> dict[str, dict[str, Any]]:
    return {
        row.metric: {
            "title": text(row.title) or row.metric,
            "group": text(row.group),
            "unit": text(row.unit),
            "arrow": ARROWS.get(row.better, ""),
            "better": row.better if row.better in ARROWS else "none",
            "corpus": bool(row.corpus),
            "summary": text(row.summary),
        }
        for row in records(data.metrics)
    }


def _context(data: ReportData, context: Context, table: Table, made: Payload) -> dict[str, Any]:
    cases, scored = within(data.cases, context), within(data.scores, context)
    names = [str(name) for name in cases["case"]]
    summary = _summary(table)
    paper = PRESETS["paper"].choose(data.metrics, within(data.summary, context))
    return {
        "key": ".".join(context),
        "label": context.label,
        "cases": cases_table(cases),
        "order": [column.metric for column in table.columns if summary[column.metric]],
        "paper": [name for name in paper if summary.get(name)],
        "places": {column.metric: column.places for column in table.columns},
        "summary": summary,
        "scores": scores(scored, list(data.models["model"]), names, made.chunks),
        "emotions": emotions(data, context),
        "differences": differences(within(data.differences, context)),
        "strata": strata(within(data.groups, context), within(data.strata, context), names),
        "correlation": correlation(within(data.correlation, context)),
        "media": media(within(data.media, context), names),
        "curves": curves(data.all_curves, context, names, made.chunks),
        "watch": watch(data, context, cases, scored, made.videos),
        "failures": failures(scored, names),
    }


def _summary(table: Table) -> dict[str, list[Any]]:
    rows = [row for section in table.sections for row in (*section.ranked, *section.sanity)]
    return {
        column.metric: [
            [row.model, cell.value, cell.low, cell.high, cell.n, cell.asked]
            for row in rows
            if (cell := row.cells[index]).value is not None
        ]
        for index, column in enumerate(table.columns)
    }
