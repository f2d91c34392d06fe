"""``space-bench table``: what is tested, marked and said; and one clear line for a mistake."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.workspace import Workspace
from tests.bench.compare.conftest import CASES
from tests.bench.paper_table.conftest import AddModel

Run = Callable[..., tuple[int, str, str]]


def rows(tmp_path: Path, preset: str = "space") -> dict[tuple[str, str], dict[str, str]]:
    """Cells of the CSV by model and metric."""
    with (tmp_path / "out" / "paper" / f"{preset}.csv").open(encoding="utf-8") as stream:
        return {(row["model"], row["metric"]): row for row in csv.DictReader(stream)}


def test_a_difference_is_marked_where_it_is_more_than_chance(add_model: AddModel, run: Run, tmp_path: Path) -> None:
    add_model("space")
    add_model("viseme", worse={"m_ld": 0.02}, seed=2)
    assert run()[0] == 0
    found = rows(tmp_path)
    assert (found["viseme", "m_ld"]["differs"], found["viseme", "f_ld"]["differs"]) == ("true", "false")
    assert found["space", "m_ld"]["p_adjusted"] == ""
    text = (tmp_path / "out" / "paper" / "space.md").read_text()
    assert text.count("<sup>†</sup>") == 1
    assert "† differs from SPACE: paired over the cases that both have" in text
    assert "over the 2 differences of this table" in text
    caption = (tmp_path / "out" / "paper" / "space.tex").read_text().split(r"\caption{")[1].splitlines()[0]
    assert r"$\dagger$ differs from SPACE" in caption


def test_controls_do_not_loosen_the_correction(add_model: AddModel, run: Run, tmp_path: Path) -> None:
    add_model("space")
    add_model("viseme", worse={"m_ld": 0.001}, seed=2)
    run()
    alone = {key: row["p_adjusted"] for key, row in rows(tmp_path).items() if key[0] == "viseme"}
    add_model("still", worse={"m_ld": 0.5, "f_ld": 0.5}, seed=3)
    run()
    found = rows(tmp_path)
    assert {key: row["p_adjusted"] for key, row in found.items() if key[0] == "viseme"} == alone
    assert found["still", "m_ld"]["p_adjusted"] == "" and found["still", "m_ld"]["kind"] == "sanity"


def test_another_reference_is_tested_against(add_model: AddModel, run: Run, tmp_path: Path) -> None:
    add_model("space")
    add_model("viseme", worse={"m_ld": 0.02}, seed=2)
    run("--against", "viseme")
    found = rows(tmp_path)
    assert found["space", "m_ld"]["differs"] == "true" and found["viseme", "m_ld"]["differs"] == ""


def test_without_the_presets_reference_nothing_is_tested(add_model: AddModel, run: Run, tmp_path: Path) -> None:
    add_model("viseme")
    assert run()[0] == 0
    assert "†" not in (tmp_path / "out" / "paper" / "space.md").read_text()


def test_controls_are_tested_against_the_reencoded_clip(add_model: AddModel, run: Run, tmp_path: Path) -> None:
    for name, worse in (("space", 0.0), ("re-encoded", 0.0), ("still", 0.03)):
        add_model(name, worse={"m_ld": worse}, seed=len(name))
    run("--preset", "sanity")
    found = rows(tmp_path, "sanity")
    assert found["still", "m_ld"]["differs"] == "true"
    assert "space" not in {model for model, _ in found}


def test_other_protocols_are_neither_ranked_nor_tested(add_model: AddModel, run: Run, tmp_path: Path) -> None:
    add_model("space")
    add_model("viseme", worse={"m_ld": 0.02}, protocol="p2", seed=2)
    run()
    found = rows(tmp_path)
    assert {row["mark"] for row in found.values()} == {""}
    assert found["viseme", "m_ld"]["protocol_id"] == "p2" and found["viseme", "m_ld"]["p_adjusted"] == ""
    assert "another protocol (p2), not comparable with the rest of its column" in found["viseme", "m_ld"]["note"]


def test_failed_cases_are_a_footnote(add_model: AddModel, run: Run, tmp_path: Path) -> None:
    add_model("space", fails={"s0-1"})
    run()
    assert "23 of 24 cases scored" in (tmp_path / "out" / "paper" / "space.md").read_text()


def test_rows_stand_in_the_order_asked_for(add_model: AddModel, run: Run, tmp_path: Path) -> None:
    for name in ("space", "viseme", "mine"):
        add_model(name)
    run("--format", "csv")
    assert list(dict.fromkeys(model for model, _ in rows(tmp_path))) == ["viseme", "space", "mine"]
    run("--format", "csv", "--model", "mine", "--model", "space")
    assert list(dict.fromkeys(model for model, _ in rows(tmp_path))) == ["mine", "space"]
    assert [path.name for path in (tmp_path / "out" / "paper").iterdir()] == ["space.csv"]


def test_the_document_compiles(add_model: AddModel, run: Run, tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    add_model("space")
    add_model("viseme", worse={"m_ld": 0.02}, seed=2)
    run("--format", "tex")
    folder = tmp_path / "out" / "paper"
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "space-document.tex"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout and "Missing character" not in done.stdout
    assert (folder / "space-document.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--preset", "spce"), "unknown preset 'spce'. Did you mean 'space'?"),
        (("--cases", "d/test/slf"), "unknown case set with scores 'd/test/slf'. Did you mean 'd/test/self'?"),
        (("--model", "viseem"), "unknown model with scores 'viseem'. Did you mean 'viseme'?"),
        (("--against", "spcae"), "unknown model of this table 'spcae'. Did you mean 'space'?"),
        (("--format", "txe"), "unknown format 'txe'. Did you mean 'tex'?"),
        (("--preset", "sanity"), "preset 'sanity' shows sanity models, and none has scores here"),
        (("--published", "none.yaml"), "cannot read none.yaml: No such file"),
        (("--out", "elsewhere"), "has no score tables. `space-bench score` makes them."),
    ],
)
def test_a_mistake_is_one_line(add_model: AddModel, run: Run, words: tuple[str, ...], said: str) -> None:
    add_model("space")
    add_model("viseme")
    code, _, err = run(*words)
    assert code == 2 and said in err and err.count("\n") == 1


def test_a_place_that_cannot_be_written_is_one_line(add_model: AddModel, run: Run, tmp_path: Path) -> None:
    add_model("space")
    (tmp_path / "file").write_text("")
    code, _, err = run("--write", "file/inside")
    assert code == 2 and "cannot write into file/inside" in err and err.count("\n") == 1


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"version": "1", "metrics": {"m_ld": 3}}', b"\xff\xfe", None])
def test_a_damaged_summary_is_one_line_with_what_to_do(add_model: AddModel, run: Run, content: bytes | None) -> None:
    space: Workspace = add_model("space")
    path = space.summary_json(CASES, "space")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    code, _, err = run()
    assert code == 2 and "`space-bench score --cases d/test/self`" in err and err.count("\n") == 1


def test_damaged_scores_say_so_and_name_the_file(add_model: AddModel, run: Run) -> None:
    add_model("space")
    space: Workspace = add_model("viseme")
    space.scores_table(CASES, "viseme").write_bytes(b"nothing")
    code, _, err = run()
    assert code == 2 and "viseme.parquet" in err and err.count("\n") == 1
