"""What stands in a table, exactly."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.build_table import build_table
from reports.data import ReportData
from reports.formats import escape_markdown
from reports.latex import escape_latex
from reports.presets import PRESETS, preset
from reports.tables import Cell, Table
from reports.wording import decimals, fixed, slug

WHERE = ("mead", "test", "self")
MODELS = [("ours", "1", "Ours", "model", ""), ("theirs", "2", "Theirs", "baseline", "")]
TRUTH = ("ground_truth", "1", "Ground truth", "sanity", "")


@pytest.fixture
def small(make_table: Callable[..., pd.DataFrame]) -> Callable[..., ReportData]:
    """Results from (model, metric, value, n, asked, status, note); two metrics a report: m_ld (lower), closure."""

    def make(rows: list[tuple[Any, ...]], models: list[tuple[str, ...]] | None = None) -> ReportData:
        facts = [
            ("m_ld", "M-LD", "landmarks", "iod", "lower", "Lips.", "paper", "aaa", "{}", False, ""),
            ("closure", "Closure", "sync", "", "higher", "p/b/m.", "paper", "bbb", "{}", False, ""),
            ("beat_align", "Beat", "pose", "", "none", "Beats.", "paper", "ccc", "{}", False, ""),
        ]
        summary = [
            (*WHERE, model, metric, value, value - 0.01, value + 0.01, n, asked, 2, status, note)
            for model, metric, value, n, asked, status, note in rows
        ]
        return ReportData(
            title="t",
            created="2026-01-01",
            environment={},
            metrics=make_table("metrics", facts),
            models=make_table("models", [*(models or MODELS), TRUTH]),
            summary=make_table("summary", summary),
        )

    return make


def ok(model: str, metric: str, value: float, n: int = 4, asked: int = 4) -> tuple[Any, ...]:
    return (model, metric, value, n, asked, "ok", "")


def cell(table: Table, model: str, metric: str) -> Cell:
    index = [column.metric for column in table.columns].index(metric)
    rows = [row for part in table.sections for row in (*part.ranked, *part.sanity)]
    return next(row for row in rows if row.model == model).cells[index]


def test_best_is_bold_second_underlined_and_ground_truth_never_ranked(small: Callable[..., ReportData]) -> None:
    data = small([ok("ours", "m_ld", 0.3), ok("theirs", "m_ld", 0.2), ok("ground_truth", "m_ld", 0.0)])
    assert build_table(data, preset("paper")).to_markdown() == (
        "#### mead test · self\n\n"
        "| Model | M-LD ↓ (iod) | Closure ↑ |\n"
        "| :-- | --: | --: |\n"
        "| Ours | <u>0.300</u> <sub>[0.290, 0.310]</sub> | –<sup>a</sup> |\n"
        "| Theirs | **0.200** <sub>[0.190, 0.210]</sub> | –<sup>a</sup> |\n"
        "| *Reference rows, not ranked* | | |\n"
        "| Ground truth | 0.000 <sub>[−0.010, 0.010]</sub> | –<sup>a</sup> |\n\n"
        "<sup>a</sup> not measured\n"
    )


def test_direction_decides_which_is_best(small: Callable[..., ReportData]) -> None:
    table = build_table(small([ok("ours", "closure", 0.9), ok("theirs", "closure", 0.4)]), preset("full"))
    assert (cell(table, "ours", "closure").mark, cell(table, "theirs", "closure").mark) == ("best", "second")


def test_values_that_print_alike_are_marked_alike(small: Callable[..., ReportData]) -> None:
    models = [*MODELS, ("third", "1", "Third", "folder", "")]
    rows = [ok("ours", "m_ld", 0.20001), ok("theirs", "m_ld", 0.20002), ok("third", "m_ld", 0.5)]
    table = build_table(small(rows, models), preset("full"))
    assert [cell(table, model, "m_ld").mark for model in ("ours", "theirs", "third")] == ["best", "best", "second"]


def test_a_metric_without_direction_or_a_lone_model_is_not_marked(small: Callable[..., ReportData]) -> None:
    rows = [ok("ours", "beat_align", 0.3), ok("theirs", "beat_align", 0.2), ok("ours", "m_ld", 0.1)]
    table = build_table(small(rows), preset("full"))
    assert not any(cell.mark for row in table.sections[0].ranked for cell in row.cells)


def test_coverage_is_shown_when_cases_are_missing(small: Callable[..., ReportData]) -> None:
    data = small([ok("ours", "m_ld", 0.3, n=3), ok("theirs", "m_ld", 0.2)])
    table = build_table(data, preset("paper"))
    assert cell(table, "ours", "m_ld").partial
    assert ("a", "3 of 4 cases scored") in table.notes
    assert r"0.300$^{\mathrm{a}}$" in table.to_latex()
    assert not any(cell(table, model, "m_ld").mark for model in ("ours", "theirs"))  # other cases: no ranking
    assert '<span class="coverage">3/4</span>' in table.to_html()


@pytest.mark.parametrize("value", [0.25, float("nan"), None])
def test_a_failed_value_is_a_dash_with_its_reason(small: Callable[..., ReportData], value: float | None) -> None:
    data = small([ok("theirs", "m_ld", 0.2)])
    failed = data.summary.iloc[[0]].assign(model="ours", status="weights_missing", note="pull them", n=0)
    failed["value"] = pd.Series([value], dtype=object).to_numpy()
    data = replace(data, summary=pd.concat([data.summary, failed], ignore_index=True))
    table = build_table(data, preset("full"))
    assert cell(table, "ours", "m_ld").value is None
    assert cell(table, "ours", "m_ld").shown == "–"
    assert "weights are not installed: pull them" in dict(table.notes).values()
    assert next(csv.DictReader(io.StringIO(table.to_csv())))["value"] == ""


def test_nan_with_status_ok_is_no_value(small: Callable[..., ReportData]) -> None:
    table = build_table(small([ok("ours", "m_ld", float("nan")), ok("theirs", "m_ld", 0.2)]), preset("full"))
    assert cell(table, "ours", "m_ld").status == "undefined"
    assert cell(table, "theirs", "m_ld").mark == ""


def test_csv_is_tidy_and_keeps_full_precision(small: Callable[..., ReportData]) -> None:
    table = build_table(small([ok("ours", "m_ld", 1 / 3)]), preset("full"))
    row = next(csv.DictReader(io.StringIO(table.to_csv())))
    assert float(row["value"]) == 1 / 3
    assert (row["dataset"], row["model"], row["metric"], row["n"], row["asked"]) == ("mead", "ours", "m_ld", "4", "4")


def test_latex_is_booktabs_with_one_block_a_context(make_data: Callable[..., ReportData]) -> None:
    table = build_table(make_data(), preset("paper"))
    text = table.to_latex()
    for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\cmidrule(lr){3-6}"):
        assert rule in text
    assert text.count(r"\multicolumn{11}{l}{\textit{") == 3
    assert text.isascii()
    widths = {line.count(" & ") for line in text.splitlines() if line.endswith(r"\\") and "multicolumn" not in line}
    assert len(widths) == 1


def test_a_metric_that_only_waits_for_weights_has_no_column_and_one_that_failed_keeps_it(
    make_data: Callable[..., ReportData],
) -> None:
    data = make_data()
    for name in ("paper", "full"):
        assert "fid" not in [column.metric for column in build_table(data, preset(name)).columns]
    summary = data.summary.copy()
    summary.loc[(summary["metric"] == "fid") & (summary["model"] == "space"), "status"] = "no_face"
    assert "fid" in [column.metric for column in build_table(replace(data, summary=summary), preset("full")).columns]


def test_metrics_without_weights_are_named_under_every_table(make_data: Callable[..., ReportData]) -> None:
    table = build_table(make_data(), preset("paper"))
    assert [column.metric for column in table.waiting] == ["fid"]
    assert "Not computed, weights missing: `fid`; see `space-bench metrics show NAME`." in table.to_markdown()
    assert (
        r"Not computed, weights missing: \texttt{fid}; see \texttt{space-bench metrics show NAME}." in table.to_latex()
    )
    assert "<code>fid</code>; see <code>space-bench metrics show NAME</code>" in table.to_html()
    rows = [row for row in csv.DictReader(io.StringIO(table.to_csv())) if row["metric"] == "fid"]
    assert {(row["status"], row["value"]) for row in rows} == {("weights_missing", "")}
    assert len(rows) == 3 * 7


def test_nothing_is_said_of_weights_where_none_is_missing(small: Callable[..., ReportData]) -> None:
    table = build_table(small([ok("ours", "m_ld", 0.3)]), preset("full"))
    assert not table.waiting
    assert not any("Not computed" in text for text in (table.to_markdown(), table.to_latex(), table.to_html()))


def test_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=", ".join(PRESETS)):
        preset("papr")


@pytest.mark.parametrize("kind", ["to_markdown", "to_latex", "to_html"])
def test_names_are_escaped_everywhere(small: Callable[..., ReportData], kind: str) -> None:
    models = [("ours", "1", "<script>a|b_c & 50%</script>\nx", "model", ""), MODELS[1]]
    text = getattr(
        build_table(small([ok("ours", "m_ld", 0.3), ok("theirs", "m_ld", 0.2)], models), preset("paper")), kind
    )()
    assert "<script>" not in text
    if kind == "to_markdown":
        row = next(line for line in text.splitlines() if "50%" in line)
        assert len(re.findall(r"(?<!\\)\|", row)) == 4


@given(st.text())
def test_escaped_latex_holds_no_active_character(text: str) -> None:
    escaped = escape_latex(text)
    assert escaped.isascii()
    assert "\n" not in escaped
    rest = re.sub(r"\\[{}$&#%_]", "", escaped)
    rest = re.sub(r"\\(textasciicircum|textasciitilde|textbackslash|textless|textgreater|textbar|dots)\{\}", "", rest)
    rest = re.sub(r"\$\\?[\^\w\\-]*\$|\{[\[\]*]\}|\\[A-Za-z`'^~=.\"]+\{[A-Za-z]?\}", "", rest)
    assert not set(rest) & set("\\{}$&#%_^~")


@given(st.text())
def test_escaped_markdown_stays_on_one_line_in_one_cell(text: str) -> None:
    escaped = escape_markdown(text)
    assert "\n" not in escaped
    assert not re.search(r"(?<!\\)(?:\\\\)*\|", escaped)
    assert "<" not in escaped


@given(st.lists(st.floats(-1e6, 1e6), max_size=6))
def test_decimals_fit_the_numbers(values: list[float]) -> None:
    places = decimals(values)
    assert 0 <= places <= 6
    assert all(abs(float(fixed(value, places).replace("−", "-")) - value) <= 0.51 * 10**-places for value in values)


@given(st.text())
def test_a_slug_is_a_plain_file_name(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]+", slug(text))


def test_report_data_says_which_column_is_missing(make_data: Callable[..., ReportData]) -> None:
    data = make_data(cases=2)
    with pytest.raises(ValueError, match=r"'summary' lacks \['low'\]"):
        replace(data, summary=data.summary.drop(columns="low"))
    with pytest.raises(ValueError, match="more than one row"):
        replace(data, models=pd.concat([data.models, data.models]))
    with pytest.raises(ValueError, match="model 'nobody'"):
        replace(data, scores=data.scores.assign(model="nobody"))


def test_order_of_rows_changes_nothing(make_data: Callable[..., ReportData]) -> None:
    data = make_data()
    shuffled = replace(data, summary=data.summary.iloc[np.random.default_rng(1).permutation(len(data.summary))])
    contexts = data.contexts()
    for name in PRESETS:
        assert build_table(data, preset(name), contexts) == build_table(shuffled, preset(name), contexts)
