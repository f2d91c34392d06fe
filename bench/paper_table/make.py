"""table: a folder of results -> one table of a preset, in the formats that are wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.assets import AssetStore
from bench.compare.results import Results
from bench.config import Params
from bench.errors import BenchError, unknown
from bench.paper_table.gather import chosen_models, chosen_sets, gather
from bench.paper_table.published import read_published
from bench.paper_table.significance import Tests, tests, with_tests
from bench.scoring import chosen_metrics
from bench.store import write_bytes
from reports.data import ReportData
from reports.latex import document
from reports.page import table_page
from reports.paper import arranged, columns, paper_table
from reports.paper_presets import PAPER_PRESETS, PaperPreset
from reports.published import PublishedNumber
from reports.tables import Table

FORMATS: Mapping[str, Callable[[Table], str]] = {
    "tex": Table.to_latex,
    "md": Table.to_markdown,
    "csv": Table.to_csv,
    "html": table_page,
}


@dataclass(frozen=True)
class Wanted:
    """What stands in the table.

    Attributes:
        preset: a name of `PAPER_PRESETS`. cases, models: only these; empty for all that have scores.
        against: model that the others are tested against; empty for the preset's own, if it has scores.
        published: file of published numbers; None for none. seed: of the resampling.
    """

    preset: str
    cases: Sequence[str] = ()
    models: Sequence[str] = ()
    against: str = ""
    published: Path | None = None
    seed: int = 0


def make_table(results: Results, wanted: Wanted, params: Params | None, assets: AssetStore) -> tuple[Table, list[str]]:
    """The table, and what its reader should be told besides: published numbers without a place in it.

    Raises:
        BenchError: an unknown name, no scores, a damaged file.
    """
    if wanted.preset not in PAPER_PRESETS:
        raise unknown("preset", wanted.preset, PAPER_PRESETS)
    preset = PAPER_PRESETS[wanted.preset]
    metrics = chosen_metrics([])
    names = [metric.name for metric in metrics]
    published = read_published(wanted.published, names) if wanted.published and not preset.kinds else []
    sets = chosen_sets(results, wanted.cases)
    models = chosen_models(results, sets, wanted.models, params)
    data = gather(results, sets, models, metrics, params, assets, {one.metric for one in published})
    if wanted.models:
        preset = replace(preset, rows=tuple(models), kinds=())
    data = arranged(data, preset)
    if not len(data.models):
        raise BenchError(f"preset {preset.name!r} shows {' and '.join(preset.kinds)} models, and none has scores here")
    chosen = columns(data, preset)
    shown = set(chosen.choose(data.metrics, data.summary))
    reference = _reference(wanted, preset, data)
    found = Tests({}, {})
    if reference:
        rows = _comparable(data, reference)
        found = tests(results, reference, rows, [metric for metric in metrics if metric.name in shown], wanted.seed)
        data = replace(data, summary=with_tests(data.summary, found, reference))
    title = dict(zip(data.models["model"], data.models["title"], strict=True)).get(reference, "")
    table = paper_table(data, chosen, published, title, len(found.adjusted))
    return table, _unplaced(table, published)


def _reference(wanted: Wanted, preset: PaperPreset, data: ReportData) -> str:
    """Name of the model that others are tested against; empty where the preset's own has no scores."""
    known = list(data.models["model"])
    if wanted.against and wanted.against not in known:
        raise unknown("model of this table", wanted.against, known)
    return wanted.against or (preset.against if preset.against in known else "")


def _comparable(data: ReportData, reference: str) -> list[tuple[str, str]]:
    """(case set, model) of the rows that are of the reference's kind: sanity models, or those that compete.

    Controls differ from a model by far. In one family with the others they would loosen the correction for all.
    """
    control = {row.model for row in data.models.itertuples() if row.kind == "sanity"}
    alike = control if reference in control else set(data.models["model"]) - control
    rows = data.summary[["dataset", "split", "protocol", "model"]].drop_duplicates()
    return [("/".join(where), model) for *where, model in rows.itertuples(index=False) if model in alike]


def _unplaced(table: Table, published: Sequence[PublishedNumber]) -> list[str]:
    """A sentence for each dataset and protocol of published numbers that no section of the table is of."""
    places = {(section.context.dataset, section.context.protocol) for section in table.sections}
    lost = Counter((one.dataset, one.protocol) for one in published if (one.dataset, one.protocol) not in places)
    return [
        f"{count} published numbers of {dataset} under the protocol {protocol} have no section in this table"
        for (dataset, protocol), count in lost.items()
    ]


def write_table(table: Table, folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write the table, for LaTeX a document that shows it too; the paths that were written.

    Raises:
        BenchError: a format is not known, or a file cannot be written.
    """
    for name in formats:
        if name not in FORMATS:
            raise unknown("format", name, FORMATS)
    written = []
    for name in formats or FORMATS:
        path = folder / f"{table.preset}.{name}"
        write_bytes(path, FORMATS[name](table).encode())
        written.append(path)
        if name == "tex":
            path = folder / f"{table.preset}-document.tex"
            write_bytes(path, document(f"{table.preset}.tex").encode())
            written.append(path)
    return written
