"""The whole way of a study: design, serve, three raters in a real browser, export, analyse, and the report that names it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.benchmark_study_server import serving
from bench.cli import app
from bench.report.studies import studies
from bench.workspace import Workspace
from reports.study.files import read_study
from reports.study.server.storage import Storage
from tests.reports.study.page_rater import PageRater

GOOD, BAD = "space-secret", "viseme-secret"
pytestmark = pytest.mark.slow


def run(*words: object) -> str:
    done = CliRunner().invoke(app, ["study", *map(str, words)])
    assert done.exception is None, done.exception
    return done.output


def test_from_results_over_three_raters_to_a_verdict(browser: Any, make_results: Callable[..., Workspace]) -> None:
    root = make_results(cases=4, models=(GOOD, BAD), scores=True).root
    run(
        *("design", "--name", "lips", "--models", f"{GOOD},{BAD}", "--questions", "lip-sync", "--raters", 3, "--take", 2),
        *("--trials-a-rater", 2, "--checks", "none", "--practice", 0, "--repeats", 0, "--out", root),
    )  # fmt: skip
    folder = root / "study" / "lips"
    study = read_study(folder)
    pairs, blocks = {pair.pair: pair for pair in study.pairs}, {block.block: block for block in study.blocks}
    url = f"sqlite:///{folder / 'answers.sqlite'}"
    with serving(folder, url, 0) as (_, port):
        storage = Storage(url)
        for number in range(3):
            before = {row.block for row in storage.raters()}
            rater = PageRater(browser, f"http://127.0.0.1:{port}/?PROLIFIC_PID=P{number}")
            rater.beyond_headphones()

            def side_of_the_better(number: int, before: set[str] = before) -> str:
                (block,) = {row.block for row in storage.raters()} - before
                trial = blocks[block].trials[number]
                left = getattr(pairs[trial.pair], trial.left)
                return "1" if left.model == GOOD else "2"

            rater.all_trials(side_of_the_better)
            rater.close()
        storage.close()
    run("export", folder)
    run("analyse", folder, "--out", root)
    found = json.loads((folder / "analysis" / "summary.json").read_text(encoding="utf-8"))
    assert (found["raters"], found["comparisons"], found["answers_left_out"]) == (3, 6, {})
    (rate,) = found["preferences"]
    assert (rate["model"], rate["other"], rate["wins"], rate["losses"]) == (GOOD, BAD, 6, 0)
    (link,) = studies(root)
    assert link.page == "../study/lips/analysis/index.html" and "3 raters" in link.sentence
    tab = browser.new_page()
    tab.goto((folder / "analysis" / "index.html").as_uri())
    assert "lips" in tab.text_content("h1")
    tab.close()
