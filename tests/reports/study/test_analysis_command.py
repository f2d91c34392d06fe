"""``study simulate`` and ``study analyse`` from the command line: files, refusals, and text that stays text."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.config import CaseSet
from bench.errors import BenchError
from bench.store import SCORE_COLUMNS, write_table
from bench.study.analyse import analyse_study
from bench.study.cli_simulate import simulate as simulate_command
from bench.study.metrics import metric_values
from bench.workspace import Workspace
from reports.study.analysis.listing import LONGEST, Listing
from reports.study.analysis.sentence import latex_sentence, sentence
from reports.study.analysis.tables import tables
from reports.study.files import study_text
from reports.study.records import read_answers, write_answers, write_raters
from reports.study.schema import Question, Study
from reports.study.simulate import People
from tests.reports.study.answered import STRENGTHS, answered

HOSTILE = '<script>alert("x")</script> & \\input{x} $y$'
CASES = "invented/test/self"


def put(folder: Path, study: Study | None = None, people: People | None = None) -> Path:
    """A study's folder with answers; one rater says something hostile."""
    designed, made = answered(people)
    folder.mkdir()
    (folder / "study.yaml").write_text(study_text(study or designed), encoding="utf-8")
    (folder / "answers.csv").write_bytes(write_answers(made.answers))
    (folder / "raters.csv").write_bytes(write_raters(made.raters))
    return folder


def score(results: Path, study: Study, version: str = "1") -> None:
    """Score tables in which PSNR knows the models' strengths; one case of model two failed."""
    random = np.random.default_rng(0)
    cases = sorted({pair.case for pair in study.pairs if pair.kind == "test"})
    for model in study.models:
        rows = [
            {"case": case, "model": model, "version": version, "metric": metric, "protocol_id": "p", "status": "ok", "detail": "",
             "value": 20 + 5 * STRENGTHS[model] + random.normal()}
            for case in cases for metric in ("psnr", "ssim")
        ]  # fmt: skip
        if model == "two":
            rows[0] |= {"value": None, "status": "no_face", "detail": "frame 0"}
        write_table(Workspace(results).scores_table(CaseSet.parse(CASES), model), rows, SCORE_COLUMNS)


def test_from_simulated_answers_to_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study, _ = answered()
    designed = tmp_path / "designed"
    designed.mkdir()
    words = Question(question="comment", kind="text", required=False)
    study = study.model_copy(update={"questions": (*study.questions, words)})
    (designed / "study.yaml").write_text(study_text(study), encoding="utf-8")
    folder = tmp_path / "tried"
    simulate_command(designed, folder, strength=["one=0.8", "three=-0.6"], careless=0.2, seed=3)
    assert "16 raters" in capsys.readouterr().out
    given = read_answers((folder / "answers.csv").read_text(encoding="utf-8"))
    given = [one.model_copy(update={"text": HOSTILE}) if one.text else one for one in given]
    (folder / "answers.csv").write_bytes(write_answers(given))
    score(tmp_path / "out", study)
    found = analyse_study(folder, tmp_path / "out", seed=0)

    made = folder / "analysis"
    assert {path.name for path in made.iterdir()} == {
        "figures",
        "tables",
        "index.html",
        "sentence.tex",
        "sentence.txt",
        "summary.json",
    }
    assert {path.suffix for path in (made / "tables").iterdir()} == {".csv", ".md", ".tex"}
    names = {path.name for path in (made / "figures").iterdir()}
    assert {"preferences.png", "scores.pdf", "metrics.png", "strata.pdf"} <= names
    page = (made / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;alert" in page
    assert "<code>space-bench metrics</code> says what each waits for" in page
    told = json.loads((made / "summary.json").read_text(encoding="utf-8"))
    assert told["excluded_raters"] == len(found.excluded.out) > 0
    assert told["raters"] + told["excluded_raters"] == 16
    for table in tables(found):
        assert {len(row) for row in table.rows} == {len(table.heads)}, table.name
    psnr = next(row for row in found.metrics if row.metric.metric == "psnr")
    assert psnr.asked - psnr.pairs == sum(
        "two" in (p.first.model, p.second.model) and p.case == "clip-00" for p in study.pairs
    )
    assert psnr.kendall.value > 0
    first = found.rates[0]
    assert f"one was preferred over two in {100 * first.rate.value:.0f} %" in sentence(found)
    assert r"\,\%" in latex_sentence(found) and "(1 more was excluded by rules" in sentence(found)
    assert len(found.rates_all) == len(found.rates) and found.rates_all[0].answers > first.answers


def test_scores_of_another_version_are_not_joined(tmp_path: Path) -> None:
    study, _ = answered()
    score(tmp_path, study, version="2")
    values = metric_values(study, tmp_path)
    assert values is not None and not values.metrics and values.values.empty
    assert sum("the study showed 1" in remark for remark in values.remarks) == 3


def test_without_scores_people_are_analysed_all_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = analyse_study(put(tmp_path / "s"), tmp_path / "nothing", seed=0)
    assert found.rates and not found.metrics and "has no scores" in capsys.readouterr().err


def test_an_edited_study_is_refused(tmp_path: Path) -> None:
    study, _ = answered()
    folder = put(tmp_path / "s", study.model_copy(update={"criterion": "edited"}))
    with pytest.raises(BenchError, match="edited after they came in"):
        analyse_study(folder, tmp_path, seed=0)
    assert not (folder / "analysis").exists()


@pytest.mark.parametrize(
    ("file", "change", "word"),
    [
        ("answers.csv", lambda text: text.splitlines()[0] + "\n", "no answers yet"),
        ("answers.csv", lambda text: text.replace(",1,", ",nan,", 1), "line 2"),
        ("answers.csv", lambda text: text[: len(text) // 2].rsplit(",", 3)[0], "line"),
        ("answers.csv", lambda text: "rater,choice\n1,left\n", "expected the columns"),
        ("raters.csv", lambda text: text.replace("finished", "gone", 1), "line 2, status"),
        ("raters.csv", lambda text: text.splitlines()[0] + "\n", "unknown_rater"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_used_are_refused_with_their_place(
    tmp_path: Path, file: str, change: object, word: str
) -> None:
    folder = put(tmp_path / "s")
    path = folder / file
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(BenchError, match=word):
        analyse_study(folder, tmp_path, seed=0)


def test_a_missing_table_says_which_command_makes_it(tmp_path: Path) -> None:
    folder = put(tmp_path / "s")
    (folder / "raters.csv").unlink()
    with pytest.raises(BenchError, match=r"raters\.csv.*study export"):
        analyse_study(folder, tmp_path, seed=0)


def test_rules_that_leave_nobody_are_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"leave no rater: .*fastest_seconds"):
        analyse_study(put(tmp_path / "s", people=People(STRENGTHS, careless=1.0)), tmp_path, seed=0)


def test_invented_answers_never_land_beside_real_ones(tmp_path: Path) -> None:
    folder = put(tmp_path / "s")
    with pytest.raises(BenchError, match="where real answers belong"):
        simulate_command(folder, folder)
    with pytest.raises(BenchError, match="MODEL=LOG-STRENGTH"):
        simulate_command(folder, tmp_path / "t", strength=["one:3"])


def test_names_from_outside_stay_text_and_long_tables_go_on() -> None:
    rows = [[HOSTILE, "1 | 2"]] * (LONGEST + 1)
    made = Listing("tried", HOSTILE, ["a_b", "%"], 1, rows, pd.DataFrame({"a": [HOSTILE]}))
    assert "<script>" not in made.markdown() and r"1 \| 2" in made.markdown()
    assert made.latex().count(r"\begin{tabular}") == 2 and r"\input" not in made.latex() and r"a\_b" in made.latex()
    assert pd.read_csv(io.StringIO(made.csv()))["a"].tolist() == [HOSTILE]
