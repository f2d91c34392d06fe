"""The report page: one HTML file that opens from disk, works offline and asks nothing of the network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reports.build_table import build_table
from reports.data import Context, ReportData, records, within
from reports.payload import Payload, as_json
from reports.presets import PRESETS, waits_for_weights
from reports.tables import Table
from reports.templating import render, source
from reports.wording import ARROWS, decimals, fixed, text

SCRIPTS = (
    *("dom.js", "theme.js", "data.js", "state.js", "table.js", "charts.js", "spread.js", "curves.js", "player.js"),
    *("watch.js", "failures.js", "overview.js", "forest.js", "strata.js", "correlation.js", "ranking.js"),
    *("filters.js", "thumbs.js", "cases.js", "case_page.js", "page.js", "keys.js"),
)
STYLES = ("base.css", "table.css", "page.css", "charts.css", "player.css", "cases.css")


@dataclass(frozen=True)
class MissingWeights:
    """Weights that are not installed, the metrics that wait for them, and what to do about it."""

    assets: str
    metrics: tuple[str, ...]
    remedy: str

    @property
    def count(self) -> int:
        return len(self.metrics)


def page(data: ReportData) -> str:
    """The whole page as HTML text."""
    contexts = data.contexts()
    tables = {name: {c: build_table(data, preset, [c]) for c in contexts} for name, preset in PRESETS.items()}
    content = Payload.of(data, tables["full"])
    script = Markup("(() => {\n'use strict';\n") + source(*SCRIPTS) + Markup("})();")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return render(
        "page.html.j2",
        data=data,
        contexts=contexts,
        presets=list(PRESETS.values()),
        tables=tables,
        facts={context: _facts(data, context, tables["full"][context]) for context in contexts},
        sizes={context: sizes(data, context) for context in contexts},
        protocols=_protocols(data),
        missing=missing_weights(data),
        waiting=waits_for_weights(data.summary),
        rejected=list(records(data.rejected)),
        payload=as_json(content.document),
        videos=as_json(content.videos.uris),
        chunks=content.chunks.elements,
        style=source(*STYLES),
        script=script,
        script_hash=f"sha256-{digest}",
    )


def table_page(table: Table) -> str:
    """One table as an HTML file of its own."""
    return render("table_page.html.j2", table=table, style=source("base.css", "table.css"))


def missing_weights(data: ReportData) -> list[MissingWeights]:
    """Every set of weights that some metric was refused for, with the remedy that its failure names."""
    parts = [data.summary[["metric", "status", "note"]]]
    parts.append(data.scores[["metric", "status", "detail"]].rename(columns={"detail": "note"}))
    remedies: dict[str, str] = {}
    for part in reversed(parts):
        lacking = part[part["status"] == "weights_missing"].drop_duplicates("metric")
        for row in records(lacking):
            remedies[row.metric] = remedies.get(row.metric) or text(row.note)
    grouped: dict[str, list[Any]] = {}
    for row in records(data.metrics):
        if row.metric in remedies:
            grouped.setdefault(text(row.weights) or row.metric, []).append(row)
    return [
        MissingWeights(
            assets=assets,
            metrics=tuple(text(row.title) or row.metric for row in rows),
            remedy=next((remedies[row.metric] for row in rows if remedies[row.metric]), ""),
        )
        for assets, rows in grouped.items()
    ]


@dataclass(frozen=True)
class Sized:
    """A biased distance of one model: ``(clips, value, deviation over subsets)`` as printed, and its value for endless clips."""

    title: str
    model: str
    values: tuple[tuple[int, str, str], ...]
    endless: str


def sizes(data: ReportData, context: Context) -> list[Sized]:
    """How the distances of each model fall with the number of clips; metrics in their order, models in theirs."""
    here = within(data.sizes, context)
    found = []
    for fact in records(data.metrics):
        rows = here[here["metric"] == fact.metric]
        places = decimals(rows["value"].astype(float))
        for model in records(data.models):
            mine = rows[rows["model"] == model.model].sort_values("clips")
            if len(mine):
                values = tuple(
                    (int(row.clips), fixed(float(row.value), places), fixed(float(row.deviation), places))
                    for row in records(mine)
                )
                endless = fixed(float(mine["endless"].iloc[0]), places)
                found.append(Sized(text(fact.title) or fact.metric, text(model.title) or model.model, values, endless))
    return found


def _facts(data: ReportData, context: Context, table: Table) -> list[tuple[str, str]]:
    """Short figures about one context, for the line above its table."""
    cases = within(data.cases, context)
    rows = [row for section in table.sections for row in (*section.ranked, *section.sanity)]
    cells = [cell for row in rows for cell in row.cells if cell.status not in ("weights_missing", "not_measured")]
    scored, asked = sum(cell.n for cell in cells), sum(cell.asked for cell in cells)
    facts = [("models", str(len(rows))), ("cases", str(len(cases)))]
    if cases["speaker"].nunique():
        facts.append(("speakers", str(cases["speaker"].nunique())))
    facts.append(
        ("metrics", str(sum(any(row.cells[j].value is not None for row in rows) for j in range(len(table.columns)))))
    )
    if asked:
        # Rounded down: 100 % must mean that nothing is missing.
        facts.append(("scored", f"{int(1000 * scored / asked) / 10:g} %"))
    return facts


def _protocols(data: ReportData) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for row in records(data.metrics):
        try:
            parameters = json.dumps(
                json.loads(text(row.protocol) or "{}"), indent=2, ensure_ascii=False, sort_keys=True
            )
        except json.JSONDecodeError:
            parameters = text(row.protocol)
        rows.append({"row": row, "parameters": parameters, "arrow": ARROWS.get(row.better, "")})
    return rows
