"""BASE and HEAD by name: folders, models, versions, records, git revisions and DVC experiments of a real DVC project."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.compare.history import record, trends
from bench.compare.scored import CannotTell
from bench.compare.sources import resolve
from bench.errors import BenchError
from reports.compare.history import history_page
from tests.bench.compare.conftest import CASES, MakeResults

PIPELINE = """
stages:
  score:
    cmd: "true"
    outs: [out/scores, out/cases]
"""


def git(folder: Path, *words: str) -> str:
    identity = {
        f"GIT_{who}_{what}": "someone@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ("git", *words), cwd=folder, check=True, capture_output=True, text=True, env=os.environ | identity
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path, make_results: MakeResults, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A git repository with a DVC pipeline: the commit `good`, the experiment `tried`, and a worse version checked out."""
    from dvc.repo import Repo

    monkeypatch.chdir(tmp_path)  # DVC takes the paths of a pipeline as relative to where it runs
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("/out/\n")
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    repository = Repo.init(str(tmp_path))
    try:
        for name, worse, version in (("good", 0.0, "1"), ("tried", 0.02, "2")):
            make_results("out", worse={"m_ld": worse}, version=version, seed=int(version))
            repository.commit("score", force=True)
            git(tmp_path, "add", "-A")
            git(tmp_path, "commit", "-q", "-m", name)
            git(tmp_path, "tag", name)
        commit = git(tmp_path, "rev-parse", "tried")
        git(tmp_path, "update-ref", f"refs/exps/{commit[:2]}/{commit[2:]}/bumpy-ride", commit)
        git(tmp_path, "tag", "-d", "tried")
        yield tmp_path
    finally:
        repository.close()


@pytest.mark.slow
def test_revisions_and_experiments_are_read_from_the_cache_without_touching_the_tree(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scratch = tmp_path_factory.mktemp("scratch")
    status, out = git(project, "status", "--porcelain"), project / "out"
    before = out.joinpath("scores/d/test/self/viseme.parquet").read_bytes()
    for _ in range(2):
        good = resolve("good", out, project / "history", scratch)
    tried = resolve("bumpy-ride", out, project / "history", scratch)
    assert (good.versions("viseme"), tried.versions("viseme")) == ({"1"}, {"2"})
    assert good.labels("d/test/self") is not None and good.label == "good"
    assert git(project, "status", "--porcelain") == status
    assert out.joinpath("scores/d/test/self/viseme.parquet").read_bytes() == before

    with pytest.raises(BenchError, match="Did you mean 'bumpy-ride'"):
        resolve("bumpy-ridge", out, project / "history", scratch)
    for file in (project / ".dvc" / "cache").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.unlink()
    with pytest.raises(CannotTell, match=r"git worktree add \.\./good good"):
        resolve("good", out, project / "history", tmp_path_factory.mktemp("empty"))


def test_a_revision_without_results_says_how_to_make_them(tmp_path: Path, make_results: MakeResults) -> None:
    from dvc.repo import Repo

    git(tmp_path, "init", "-q")
    Repo.init(str(tmp_path)).close()
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "nothing yet")
    space = make_results("out")
    with pytest.raises(CannotTell, match=r"has no out/scores in its dvc\.lock.*dvc repro"):
        resolve("HEAD", space.root, tmp_path / "history", tmp_path / "scratch")


def test_folders_models_versions_and_records_have_names(tmp_path: Path, make_results: MakeResults) -> None:
    space, history = make_results("out", version="1-abc"), tmp_path / "history"
    kept = record(space.root, history, "release")
    make_results("out", version="2-def")
    assert resolve(str(space.root), space.root, history, tmp_path).model is None
    assert resolve("viseme", space.root, history, tmp_path).model == "viseme"
    assert resolve("viseme@2-def", space.root, history, tmp_path).workspace.root == space.root
    assert resolve("viseme@1-abc", space.root, history, tmp_path).workspace.root == kept
    assert resolve(kept.name, space.root, history, tmp_path).versions("viseme") == {"1-abc"}
    with pytest.raises(BenchError, match="Did you mean 'viseme@2-def'"):
        resolve("viseme@2-deg", space.root, history, tmp_path)
    with pytest.raises(CannotTell, match="no scores/"):
        resolve(str(history), space.root, history, tmp_path)


def test_history_marks_the_record_at_which_it_turned(tmp_path: Path, make_results: MakeResults) -> None:
    history = tmp_path / "history"
    for number, worse in enumerate((0.0, 0.0, 0.02, 0.02)):
        space = make_results("out", worse={"m_ld": worse}, version=str(number), noise=0.0)
        record(space.root, history, f"v{number}")
    found = trends(history, ["m_ld"], (), ())
    (trend,) = found.trends
    assert [point.verdict for point in trend.points] == ["first", "same", "worse", "same"]
    assert [point.version for point in trend.points] == ["0", "1", "2", "3"]
    assert all(point.low < point.value < point.high for point in trend.points)
    page = history_page(found)
    assert page.count('class="worse"') == 1 and "✗ worse" in page and "turned at 1" in page
    with pytest.raises(BenchError, match="Did you mean 'viseme'"):
        trends(history, (), (), ["visem"])
    with pytest.raises(CannotTell, match="space-bench record"):
        trends(tmp_path / "nothing", (), (), ())


def test_a_record_is_whole_or_absent(tmp_path: Path, make_results: MakeResults) -> None:
    space, history = make_results("out"), tmp_path / "history"
    with pytest.raises(BenchError, match="path component"):
        record(space.root, history, "../up")
    table = space.scores_table(CASES, "viseme")
    kept = record(space.root, history)
    assert (kept / "scores/d/test/self/viseme.parquet").read_bytes() == table.read_bytes()
    assert [path.name for path in history.iterdir()] == [kept.name]
    with pytest.raises(CannotTell, match="no scores to record"):
        record(tmp_path / "elsewhere", history)
