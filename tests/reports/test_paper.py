"""Paper presets: which columns stand under which head, who stands in, what is said once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.data import ReportData
from reports.paper import arranged, columns, paper_table
from reports.paper_presets import PAPER_PRESETS
from reports.tables import Table


def made(data: ReportData, name: str = "space") -> Table:
    preset = PAPER_PRESETS[name]
    data = arranged(data, preset)
    return paper_table(data, columns(data, preset), (), "", 0)


def with_fid(data: ReportData) -> ReportData:
    summary = data.summary.copy()
    fid = summary["metric"] == "fid"
    summary.loc[fid, ["value", "low", "high", "n", "status", "note"]] = [20.0, 19.0, 21.0, 12, "ok", ""]
    return replace(data, summary=summary)


def test_another_network_stands_in_under_its_own_name_only_while_weights_are_missing(
    make_data: Callable[..., ReportData],
) -> None:
    data = make_data()
    found = made(data)
    assert next((c.metric, c.group) for c in found.columns) == ("fd_efficientnet", "Image")
    assert [c.metric for c in found.waiting] == ["fid"]
    assert [c.metric for c in made(with_fid(data)).columns if c.group == "Image"] == ["fid"]


def test_rows_stand_in_the_order_of_the_preset_and_a_preset_may_show_controls_only(
    make_data: Callable[..., ReportData],
) -> None:
    data = make_data(cases=2)
    section = made(data).sections[0]
    assert [row.model for row in section.ranked] == ["viseme", "space", "folder"]
    controls = made(data, "sanity").sections[0]
    assert not controls.ranked and [row.kind for row in controls.sanity] == ["sanity"] * 4


@pytest.mark.parametrize("name", PAPER_PRESETS)
def test_protocol_ids_of_all_columns_are_said(make_data: Callable[..., ReportData], name: str) -> None:
    table = made(make_data(cases=2), name)
    assert table.columns
    for column in table.columns:
        assert f"{column.title} {column.protocol_id}" in table.protocols


def test_a_note_of_most_numbers_is_said_once_and_only_if_every_number_has_one(
    make_data: Callable[..., ReportData],
) -> None:
    data = make_data(models=[("space", "1", "SPACE", "model", 0.1), ("viseme", "1", "Viseme", "baseline", 0.4)])
    summary = data.summary.copy()
    summary["note"] = "3 speakers"
    summary.loc[summary["metric"] == "m_ld", "note"] = "2 speakers"
    table = made(replace(data, summary=summary))
    assert "Numbers without a letter: 3 speakers." in table.to_markdown()
    assert "2 speakers" in dict(table.notes).values()
    assert {cell.key for row in table.sections[0].ranked for cell in row.cells} == {"", "a"}
    summary.loc[summary.index[summary["metric"] == "f_ld"][0], "note"] = ""
    assert "Numbers without a letter" not in made(replace(data, summary=summary)).to_latex()


def test_rows_of_other_protocols_share_no_ranking(make_data: Callable[..., ReportData]) -> None:
    data = make_data(cases=3, contexts=(("sample", "test", "self"),))
    ids = ["other" if model == "folder" else "usual" for model in data.summary["model"]]
    table = made(replace(data, summary=data.summary.assign(protocol_id=ids)))
    assert {cell.mark for row in table.sections[0].ranked for cell in row.cells} == {""}
    assert any("another protocol (other)" in note for _, note in table.notes)
    alike = made(replace(data, summary=data.summary.assign(protocol_id="usual")))
    assert "best" in {cell.mark for row in alike.sections[0].ranked for cell in row.cells}
