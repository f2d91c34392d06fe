"""LaTeX tables: they compile with a real engine whatever people call their models, fit the page, lose no column."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.build_table import build_table
from reports.data import ReportData
from reports.latex import WIDEST, document
from reports.presets import preset
from reports.published import PublishedNumber
from reports.tables import Column, Table

ENGINE = shutil.which("pdflatex")
needs_tex = pytest.mark.skipif(ENGINE is None, reason="pdflatex is not installed")


def compiled(fragment: str, folder: Path) -> str:
    """What the engine says of a document with the table in it; the test fails where it cannot be set."""
    (folder / "table.tex").write_text(fragment, encoding="ascii")
    (folder / "document.tex").write_text(document("table.tex"), encoding="ascii")
    words = [str(ENGINE), "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "document.tex"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, errors="replace", timeout=60)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@needs_tex
def test_a_wide_table_with_everything_in_it_fits_its_pages(
    make_data: Callable[..., ReportData], tmp_path: Path
) -> None:
    data = make_data(extra=30)
    data = replace(data, summary=data.summary.assign(p_adjusted=0.01, differs=True))
    published = [PublishedNumber("Møller & Co_1 [x]", "sample", "self", "m_ld", "-3.10", "A 100 % title, p. 7")]
    table = replace(
        build_table(data, preset("full"), published=published), dagger="† differs", protocols="Ids: M-LD a_b."
    )
    said = compiled(table.to_latex(), tmp_path)
    assert re.search(r"Output written on document.pdf \(4 pages", said)
    for complaint in ("Overfull", "Float too large", "Missing character", "undefined"):
        assert complaint not in said


@needs_tex
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.text(max_size=12), min_size=30, max_size=30))
def test_any_name_compiles(make_data: Callable[..., ReportData], tmp_path: Path, names: list[str]) -> None:
    data = make_data(cases=2, contexts=(("sample", "test", "self"),))
    models = data.models.iloc[0].to_dict()
    rows = pd.DataFrame([models | {"model": f"m{k}", "title": name} for k, name in enumerate(names)])
    one = data.summary[data.summary["model"] == "space"]
    summary = pd.concat(
        [one.assign(model=model, note=title) for model, title in zip(rows["model"], names, strict=True)]
    )
    short = ReportData("t", "2026-01-01", {}, data.metrics, rows, summary)
    assert "Missing character" not in compiled(build_table(short, preset("paper")).to_latex(), tmp_path)


@given(groups=st.lists(st.integers(1, 2 * WIDEST + 2), max_size=8))
def test_every_column_stands_in_one_part(groups: list[int]) -> None:
    heads = [(group, f"G{group}c{place}.") for group, width in enumerate(groups) for place in range(width)]
    columns = tuple(Column(title, title, f"g{group}", "", "lower", "", "", 2) for group, title in heads)
    text = Table("all", "All", columns, (), ()).to_latex()
    widths = [len(found) for found in re.findall(r"\\begin\{tabular\}\{l(c*)\}", text)]
    assert sum(widths) == len(columns) and max(widths) <= WIDEST
    printed = " ".join(line for line in text.splitlines() if line.startswith("Model"))
    assert re.findall(r"G\d+c\d+\.", printed) == [title for _, title in heads]
    assert text.count(r"\begin{table*}") == text.count(r"\caption{") == len(widths)
