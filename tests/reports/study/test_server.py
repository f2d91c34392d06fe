"""The server as raters meet it, on SQLite and on PostgreSQL: each answer is kept once, whatever comes in which order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.cli import app as cli
from bench.errors import BenchError
from reports.study.codes import rater_hash, who_is
from reports.study.files import StudyError
from reports.study.records import read_answers, read_raters
from reports.study.schema import fingerprint
from tests.reports.study.served import SALT, SCREENING, Served, said, token

BOTH = pytest.mark.parametrize("served", ["sqlite", "postgresql"], indirect=True)


@BOTH
def test_a_rater_goes_the_whole_way_and_the_export_says_what_was_said(served: Served, tmp_path: Path) -> None:
    me = token()
    sent = served.whole_way(me, recruited="PROLIFIC-1")
    last = served.answer(me, sent[-1]).json()
    block = next(block for block in served.study.blocks if block.code == last["code"])
    assert last == {"finished": True, "code": block.code, "leave": f"https://back.example/?cc={block.code}"}
    words = ["study", "export", str(served.folder), "--database", served.url, "--to", str(tmp_path)]
    assert CliRunner().invoke(cli, words).exit_code == 0
    answers = read_answers((tmp_path / "answers.csv").read_text(encoding="utf-8"))
    assert [row.key for row in answers] == [item["key"] for body in sent for item in body["answers"]]
    assert {(row.study, row.block) for row in answers} == {(fingerprint(served.study), block.block)}
    rater = read_raters((tmp_path / "raters.csv").read_text(encoding="utf-8"))[0]
    assert rater.rater == rater_hash(SALT, who_is(fingerprint(served.study), "PROLIFIC-1"))
    assert (rater.status, rater.headphones, rater.screening) == ("finished", True, SCREENING)


@BOTH
def test_the_same_answer_twice_is_one_and_another_to_the_same_trial_is_refused(served: Served) -> None:
    me = token()
    trial = served.enter(me).json()["sheet"]["trials"][0]["trial"]
    body = said(trial)
    assert [served.answer(me, body).status_code for _ in range(3)] == [200, 200, 200]
    assert served.answer(me, said(trial)).json()["kind"] == "answered"
    assert len(served.storage.answers()) == 2


@BOTH
def test_trials_may_come_in_any_order_and_a_key_only_once(served: Served) -> None:
    me = token()
    first, second = (trial["trial"] for trial in served.enter(me).json()["sheet"]["trials"])
    late = said(second)
    assert served.answer(me, late).json()["finished"] is False
    forged = {**said(first), "answers": late["answers"]}
    assert served.answer(me, forged).json()["kind"] == "answered"
    assert served.answer(me, said(first)).json()["finished"] is True
    assert [row.number for row in served.storage.answers()] == [0, 0, 1, 1]


@BOTH
def test_a_recruited_rater_goes_on_in_the_same_browser_only(served: Served) -> None:
    me = token()
    sheet = served.enter(me, recruited="P1").json()
    served.answer(me, said(sheet["sheet"]["trials"][0]["trial"]))
    back = served.enter(me, recruited="P1").json()
    assert back["sheet"] == sheet["sheet"] and back["done"] == [sheet["sheet"]["trials"][0]["trial"]]
    assert served.enter(token(), recruited="P1").json()["kind"] == "taken"
    assert len(served.storage.raters()) == 1


@BOTH
def test_after_the_end_answers_are_refused_and_after_withdrawing_everything(served: Served) -> None:
    me = token()
    sent = served.whole_way(me)
    assert served.answer(me, {**said(sent[0]["trial"])}).json()["kind"] == "answered"
    assert served.withdraw(me).status_code == 200 and served.withdraw(me).status_code == 200
    assert served.storage.answers() == []
    assert served.answer(me, sent[0]).json()["kind"] == "withdrawn"
    assert served.enter(me).json()["kind"] == "withdrawn"
    assert [(row.status, row.screening) for row in served.storage.raters()] == [("withdrawn", {})]


@BOTH
def test_raters_who_enter_at_once_get_blocks_evenly(served: Served) -> None:
    with ThreadPoolExecutor(9) as many:
        blocks = list(many.map(lambda _: served.enter(token()).json()["sheet"]["block"], range(9)))
    assert sorted(blocks) == sorted([block.block for block in served.study.blocks] * 3)


@BOTH
def test_one_answer_from_many_threads_is_stored_once(served: Served) -> None:
    me = token()
    body = said(served.enter(me).json()["sheet"]["trials"][0]["trial"])
    with ThreadPoolExecutor(8) as many:
        codes = list(many.map(lambda _: served.answer(me, body).status_code, range(8)))
    # In PostgreSQL two may meet: one is stored, the other hears that it has been answered.
    assert set(codes) <= {200, 409} and 200 in codes
    assert len(served.storage.answers()) == 2


@BOTH
def test_a_complete_study_takes_nobody_more(served: Served) -> None:
    for _ in range(3):
        served.whole_way(token())
    assert served.enter(token()).json()["kind"] == "full"


@BOTH
def test_erase_and_export_reach_one_rater_by_recruiting_id(served: Served, tmp_path: Path) -> None:
    served.whole_way(token(), recruited="P1")
    served.whole_way(token(), recruited="P2")

    def run(*words: str) -> Any:
        return CliRunner().invoke(cli, ["study", words[0], str(served.folder), "--database", served.url, *words[1:]])

    assert run("export", "--recruiting-id", "P1", "--to", str(tmp_path)).exit_code == 0
    assert {row.rater for row in read_answers((tmp_path / "answers.csv").read_text())} == {
        rater_hash(SALT, who_is(fingerprint(served.study), "P1"))
    }
    done = run("erase", "--recruiting-id", "P1")
    assert "4 answers" in done.output and len(served.storage.answers()) == 4
    assert isinstance(run("erase", "--recruiting-id", "nobody").exception, BenchError)
    assert isinstance(run("erase").exception, BenchError)
    assert isinstance(run("export", "--rater", "nobody").exception, BenchError)


@BOTH
def test_an_edited_study_is_refused_once_there_are_raters(served: Served) -> None:
    edited = served.study.model_copy(update={"criterion": "another"})
    served.storage.claim(fingerprint(edited))
    served.storage.claim(fingerprint(served.study))
    served.enter(token())
    with pytest.raises(StudyError, match=r"1 raters of another study file .* put the old study.yaml back"):
        served.storage.claim(fingerprint(edited))
    path = served.folder / "study.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("by hand", "by foot"), encoding="utf-8")
    done = CliRunner().invoke(cli, ["study", "serve", str(served.folder), "--database", served.url, "--port", "0"])
    assert isinstance(done.exception, BenchError) and "put the old study.yaml back" in str(done.exception)
