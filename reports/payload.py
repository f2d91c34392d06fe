"""What the page's scripts draw from: the results as one JSON document, and the chosen videos as data URIs."""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from reports.data import Context, ReportData, classifiers, grouped, records, within
from reports.figures import response
from reports.palette import looks
from reports.presets import PRESETS
from reports.tables import Table
from reports.wording import ARROWS, number, text, why

# Neither is a failure of a case: one was never asked, the other is told once in a block of its own.
NOT_FAILURES = ("ok", "not_applicable", "weights_missing")


def as_json(value: Any) -> Markup:
    """JSON that may stand inside a script element: no text in it can close the element."""
    dumped = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        dumped = dumped.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(dumped)


class Videos:
    """The embedded files, each once however many models share it."""

    def __init__(self) -> None:
        self.uris: list[str] = []
        self._index: dict[str, int] = {}

    def add(self, content: bytes, name: str) -> int:
        """Index of the file among `uris`."""
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._index:
            kind = mimetypes.guess_type(name)[0] or "video/mp4"
            self._index[digest] = len(self.uris)
            self.uris.append(f"data:{kind};base64,{base64.b64encode(content).decode()}")
        return self._index[digest]


def payload(data: ReportData, tables: Mapping[Context, Table], videos: Videos) -> dict[str, Any]:
    """Everything the scripts need; `tables` are the full tables, whose decimals the charts share."""
    look = looks(data.models, data.reference)
    models = [
        {
            "name": row.model,
            "title": text(row.title) or row.model,
            "kind": row.kind,
            "colour": look[row.model].colour,
            "dash": " ".join(f"{part:g}" for part in look[row.model].dash),
        }
        for row in records(data.models)
    ]
    metrics = {
        row.metric: {
            "title": text(row.title) or row.metric,
            "group": text(row.group),
            "unit": text(row.unit),
            "arrow": ARROWS.get(row.better, ""),
            "summary": text(row.summary),
        }
        for row in records(data.metrics)
    }
    contexts = [_context(data, context, tables[context], videos) for context in data.contexts()]
    return {"models": models, "metrics": metrics, "reference": data.reference, "contexts": contexts}


def _context(data: ReportData, context: Context, table: Table, videos: Videos) -> dict[str, Any]:
    cases = within(data.cases, context)
    names = list(cases["case"])
    summary, scored = _summary(table), _scores(data, context, names)
    paper = PRESETS["paper"].choose(data.metrics, within(data.summary, context))
    return {
        "label": context.label,
        "cases": names,
        "order": [column.metric for column in table.columns if summary[column.metric]],
        "paper": [name for name in paper if summary.get(name)],
        "places": {column.metric: column.places for column in table.columns},
        "summary": summary,
        "scores": scored,
        "emotions": _emotions(data, context),
        "watch": _watch(data, context, cases, videos),
        "failures": _failures(data, context),
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


def _scores(data: ReportData, context: Context, cases: Sequence[str]) -> dict[str, dict[str, list[float | None]]]:
    here = within(data.scores, context)
    here = here[(here["status"] == "ok") & here["value"].notna()]
    place = {case: index for index, case in enumerate(cases)}
    found: dict[str, dict[str, list[float | None]]] = {}
    for (metric, model), rows in grouped(here, ("metric", "model")):
        values: list[float | None] = [None] * len(cases)
        for case, value in zip(rows["case"], rows["value"].to_numpy(dtype=float), strict=True):
            if case in place and np.isfinite(value):
                values[place[case]] = float(f"{value:.5g}")
        found.setdefault(str(metric), {})[str(model)] = values
    return found


def _emotions(data: ReportData, context: Context) -> list[dict[str, Any]]:
    """What each classifier sees."""
    here = within(data.emotions, context)
    return [
        {"classifier": name, **_confusion(here[here["classifier"] == name]), "response": _response(data, context, name)}
        for name in classifiers(here)
    ]


def _confusion(rows: pd.DataFrame) -> dict[str, Any]:
    asked = sorted(set(rows["asked"]))
    predicted = sorted(set(rows["asked"]) | set(rows["predicted"]))
    counts = {}
    for (model,), part in grouped(rows, ("model",)):
        matrix = pd.crosstab(part["asked"], part["predicted"])
        counts[model] = matrix.reindex(index=asked, columns=predicted, fill_value=0).to_numpy().tolist()
    return {"asked": asked, "predicted": predicted, "counts": counts}


def _response(data: ReportData, context: Context, classifier: str) -> dict[Any, list[list[float]]]:
    rows = response(data, context, classifier)
    return {
        model: [
            [float(f"{x:.4g}"), float(f"{y:.4g}")] for x, y in zip(part["intensity"], part["probability"], strict=True)
        ]
        for (model,), part in grouped(rows, ("model",))
    }


def _watch(data: ReportData, context: Context, cases: pd.DataFrame, videos: Videos) -> list[dict[str, Any]]:
    curves = dict(grouped(within(data.curves, context), ("case",)))
    sounds = dict(grouped(data.envelopes, ("case",)))
    chosen: dict[str, dict[str, Any]] = {}
    for (*where, case, model), path in data.videos.items():
        if Context(*where) != context:
            continue
        shown = chosen.setdefault(case, {"videos": {}, "absent": {}})
        try:
            shown["videos"][model] = videos.add(path.read_bytes(), path.name)
        except OSError as error:
            shown["absent"][model] = f"the video file could not be read: {error.strerror}"
    for (case,) in curves:
        chosen.setdefault(str(case), {"videos": {}, "absent": {}})
    facts = cases.set_index("case")
    result = []
    for case, shown in chosen.items():
        labels = {}
        if case in facts.index:
            row = facts.loc[case]
            labels = {name: text(row[name]) for name in ("speaker", "emotion", "level", "seconds") if text(row[name])}
        for model, reason in _reasons(data, context, case).items():
            if model not in shown["videos"]:
                shown["absent"].setdefault(model, reason)
        lines = {
            str(model): _curve(part) for (model,), part in grouped(curves.get((case,), data.curves[:0]), ("model",))
        }
        sound = sounds.get((case,))
        loudness = None if sound is None else {name: _floats(sound[name]) for name in ("time", "loudness")}
        result.append({"case": case, "labels": labels, **shown, "curves": lines, "sound": loudness})
    return result


def _reasons(data: ReportData, context: Context, case: str) -> dict[str, str]:
    rows = within(data.scores, context)
    rows = rows[
        (rows["case"] == case) & rows["status"].isin(["not_generated", "unfit_video", "decode_error", "no_video"])
    ]
    return {row.model: why(row.status, text(row.detail)) for row in records(rows)}


def _curve(rows: pd.DataFrame) -> dict[str, list[float | None]]:
    ordered = rows.sort_values("time")
    return {name: _floats(ordered[name]) for name in ("time", "aperture", "pitch", "yaw", "roll")}


def _floats(values: pd.Series[Any]) -> list[float | None]:
    return [None if (known := number(value)) is None else float(f"{known:.4g}") for value in values]


def _failures(data: ReportData, context: Context) -> list[dict[str, Any]]:
    """One entry a case, model and reason, with the metrics that it cost."""
    rows = within(data.scores, context)
    rows = rows[~rows["status"].isin(NOT_FAILURES)]
    titles = {row.metric: text(row.title) or row.metric for row in records(data.metrics)}
    return [
        {
            "model": model,
            "case": case,
            "status": status,
            "words": why(text(status)),
            "detail": text(detail),
            "metrics": [titles[metric] for metric in part["metric"]],
        }
        for (status, model, case, detail), part in grouped(rows, ("status", "model", "case", "detail"))
    ]
