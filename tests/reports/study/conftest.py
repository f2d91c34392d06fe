"""A small study on disk, written by hand with the schema: real one-second clips, every kind of pair."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bench.benchmarks.postgres import NoPostgres, postgres
from reports.study.files import STUDY_FILE, study_text
from reports.study.schema import Block, Pair, Question, Side, Study, Trial, fingerprint
from reports.study.server.app import study_app
from reports.study.server.storage import Storage, tables
from reports.study.texts import read_texts
from tests.reports.study.served import SALT, TOKEN, Served

MODELS = {"space-secret": "1.2.0", "viseme-secret": "0.3"}
CHOICES = (Question(question="lip-sync", ties=True), Question(question="overall"))
WORDS = Question(question="free-text", kind="text", required=False)


def _name(*parts: object) -> str:
    """An id that looks as random as those of a designed study, the same in every run."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:16]


def build(
    clip_of: Callable[[str], Path],
    folder: Path,
    raters: int = 3,
    tests: int = 1,
    practice: int = 1,
    checks: bool = False,
    questions: Sequence[Question] = (*CHOICES, WORDS),
    **more: Any,
) -> Study:
    """Write ``study.yaml``, ``salt`` and ``media/`` into `folder`. checks: one pair of each kind of check in every block."""
    media = folder / "media"
    media.mkdir(parents=True)

    def side(model: str, *of: object) -> Side:
        name = f"{_name('media', model, *of)}.mp4"
        shutil.copyfile(clip_of(model), media / name)
        return Side(model=model, media=name, sha256=hashlib.sha256((media / name).read_bytes()).hexdigest())

    def pair(kind: str, number: int, expected: str = "", second: str = "viseme-secret") -> Pair:
        return Pair(
            pair=_name("pair", kind, number), kind=kind, case=f"sample_{number:03d}", cases="sample/test/self",
            speaker=f"S{number % 2}", emotion="happy", level="1", first=side("space-secret", kind, number),
            second=side(second, kind, number), seconds=1.0, expected=expected,
            reference=side("ground-truth", number).media if more.get("reference") else "",
        )  # fmt: skip

    pairs = [pair("practice", k, "first") for k in range(practice)] + [pair("test", k) for k in range(tests)]
    if checks:
        pairs += [
            pair("broken-sound", 0, "first", "broken-sound"),
            pair("identical", 0, "tie", "space-secret"),
            pair("instructed", 0, "left"),
        ]
    blocks = []
    for rater in range(raters):
        trials = [
            Trial(
                trial=_name("trial", rater, each.pair),
                pair=each.pair,
                left=("first", "second")[(rater + k) % 2],
            )
            for k, each in enumerate(pairs)
        ]
        blocks.append(Block(block=_name("block", rater), code=_name("code", rater)[:8].upper(), trials=tuple(trials)))
    study = Study(
        study="space-secret-against-viseme-secret", seed=1, criterion="by hand", questions=tuple(questions),
        models=MODELS, raters=raters, pairs=tuple(pairs), blocks=tuple(blocks), **more,
    )  # fmt: skip
    (folder / STUDY_FILE).write_text(study_text(study), encoding="utf-8")
    (folder / "salt").write_text(SALT + "\n")
    return study


@pytest.fixture(scope="session")
def make_study(
    clip_of: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., tuple[Path, Study]]:
    """``make_study(raters=3, tests=1, practice=1, checks=False, questions=..., **fields of Study)``: its folder and itself."""

    def make(**options: Any) -> tuple[Path, Study]:
        folder = tmp_path_factory.mktemp("study") / "study"
        return folder, build(clip_of, folder, **options)

    return make


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    try:
        with postgres() as url:
            yield url
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite"])
def served(request: pytest.FixtureRequest, make_study: Callable[..., tuple[Path, Study]]) -> Iterator[Served]:
    """A study with three blocks of two trials, behind a server on SQLite (or, by parameter, PostgreSQL)."""
    folder, study = make_study(raters=3)
    url = (
        f"sqlite:///{folder / 'answers.sqlite'}"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres_url")
    )
    storage = Storage(url)
    storage.claim(fingerprint(study))
    texts = read_texts("en", study.questions)
    app = study_app(study, SALT, folder / "media", storage, texts, TOKEN, leave="https://back.example/?cc={code}")
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Served(folder, study, url, storage, client)
        _empty(storage)


def _empty(storage: Storage) -> None:
    """The PostgreSQL server is shared by the tests of a module."""
    with storage.transaction() as connection:
        for table in reversed(tables.sorted_tables):
            connection.execute(table.delete())
