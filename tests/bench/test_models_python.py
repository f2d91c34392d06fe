"""Models of other packages, found by their entry points or by ``module:object``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.config import CaseSet, DatasetConfig, Params
from bench.errors import BenchError
from bench.generate import generate
from bench.models import python_entry, registry
from bench.models.base import Context, ModelError
from bench.workspace import Workspace

SET = CaseSet.parse("d/test/self")
CONTEXT = Context("cpu", {}, {}, "d/test/self")

CODE = """
from itertools import repeat
from bench.models.base import Animation, ModelError, check_options
from bench.models.card import ModelCard
from bench.models.entry import Entry

class Held:
    name, uses, version = "held", frozenset({"audio"}), "1"
    def animate(self, case, seed):
        return Animation(frames=repeat(case.portrait, case.frames), audio=case.audio)

def create(options, context):
    check_options("held", options, {})
    return Held()

class Late(Held):
    version = "absent"
    tries = []
    def animate(self, case, seed):
        self.tries.append(case.name)
        raise ModelError("weights_missing", "late.pth is not here")

def late(options, context):
    return Late()

class Exiting(Held):
    def animate(self, case, seed):
        if case.name == "a":
            raise SystemExit("usage: infer.py")
        raise ModelError("bad_hair_day", "curls")

def exiting(options, context):
    return Exiting()

class Endless(Held):
    def animate(self, case, seed):
        return Animation(frames=repeat(case.portrait), audio=case.audio)

def endless(options, context):
    return Endless()

def exits(options, context):
    raise SystemExit(2)

def without_weights(options, context):
    raise ModelError("weights_missing", "held.pth is not here")

def faulty(options, context):
    return 1 / 0

def unfinished(options, context):
    return type("Thing", (), {"version": "1"})()

ENTRY = Entry("held_faces.models:create", "baseline", "the portrait, held", ModelCard("held", "Held", takes=("portrait",), ignores=("emotion",)))
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package and its metadata as an installer lays them out, on the path."""
    site = tmp_path / "site"
    (site / "held_faces").mkdir(parents=True)
    (site / "held_faces" / "__init__.py").touch()
    (site / "held_faces" / "models.py").write_text(CODE)
    info = site / "held_faces-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: held-faces\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[space_bench.models]\nheld = held_faces.models:ENTRY\nbroken = held_faces.nothing:ENTRY\n"
    )
    monkeypatch.syspath_prepend(str(site))
    for name in [name for name in sys.modules if name.startswith("held_faces")]:
        monkeypatch.delitem(sys.modules, name)
    return site


def test_a_package_brings_its_model_by_name_or_reference(package: Path, workspace: Workspace) -> None:
    options = {"mine": {"model": "held_faces.models:create"}}
    params = Params(
        datasets={"d": DatasetConfig(reader="folder")}, cases=[str(SET)], models=["held", "mine"], options=options, workers=2
    )  # fmt: skip
    held, mine = generate(params, workspace, [SET], ["held", "mine"])  # in processes of their own
    assert list(held.table["status"]) == list(mine.table["status"]) == ["ok", "ok"]
    assert list(held.table["sha256"]) == list(mine.table["sha256"])
    assert registry.ignored("held", {}) == {"emotion"} and registry.ignored("held", {"ignores": []}) == set()


def test_a_model_without_its_weights_is_rows_and_the_others_go_on(package: Path, workspace: Workspace) -> None:
    options = {"lacking": {"model": "held_faces.models:without_weights"}}
    params = Params(
        datasets={"d": DatasetConfig(reader="folder")}, cases=[str(SET)], models=["lacking", "still"], options=options, workers=1
    )  # fmt: skip
    lacking, still = generate(params, workspace, [SET], ["lacking", "still"])
    assert set(lacking.table["status"]) == {"weights_missing"} and set(lacking.table["detail"]) == {
        "held.pth is not here"
    }
    assert set(still.table["status"]) == {"ok"}


def test_a_model_that_exits_or_has_words_of_its_own_is_rows_with_known_reasons(
    package: Path, workspace: Workspace
) -> None:
    options = {"exiting": {"model": "held_faces.models:exiting"}}
    params = Params(
        datasets={"d": DatasetConfig(reader="folder")}, cases=[str(SET)], models=["exiting", "still"], options=options, workers=1
    )  # fmt: skip
    exiting, still = generate(params, workspace, [SET], ["exiting", "still"])
    assert list(exiting.table["status"]) == ["not_generated", "not_generated"]
    assert list(exiting.table["detail"]) == ["SystemExit: usage: infer.py", "bad_hair_day: curls"]
    assert set(still.table["status"]) == {"ok"}


def test_a_model_whose_frames_do_not_end_is_stopped(package: Path, workspace: Workspace) -> None:
    options = {"endless": {"model": "held_faces.models:endless"}}
    params = Params(
        datasets={"d": DatasetConfig(reader="folder")}, cases=[str(SET)], models=["endless"], options=options, workers=1
    )
    (made,) = generate(params, workspace, [SET], ["endless"])
    assert set(made.table["status"]) == {"unfit_video"} and made.table["detail"].str.contains("does it end").all()
    assert {path.suffix for path in workspace.videos(SET, "endless").iterdir()} == {".jsonl", ".parquet"}


def test_weights_that_are_missing_are_looked_for_once(package: Path, workspace: Workspace) -> None:
    options = {"late": {"model": "held_faces.models:late"}}
    params = Params(
        datasets={"d": DatasetConfig(reader="folder")}, cases=[str(SET)], models=["late"], options=options, workers=1
    )
    for run in (1, 2):
        (made,) = generate(params, workspace, [SET], ["late"])
        assert list(made.table["status"]) == ["weights_missing", "weights_missing"]
        assert (
            len(sys.modules["held_faces.models"].Late.tries) == run
        )  # again in another command: they may have been brought


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("broken", "'broken' of the package 'held-faces': cannot import held_faces.nothing"),
        ("hold", "Did you mean 'held'"),
        ("held_faces.models:creat", "Did you mean 'create'"),
        ("no_such_package:create", "is it installed"),
        ("held_faces.models:__name__", "expected an Entry or a function"),
        ("held_faces.models:faulty", "ZeroDivisionError"),
        ("held_faces.models:exits", "SystemExit: 2"),
        ("held_faces.models:unfinished", "needs `animate`"),
    ],
)
def test_what_is_no_model_is_explained(package: Path, reference: str, said: str) -> None:
    with pytest.raises(BenchError) as caught:
        registry.make("mine", {"model": reference}, CONTEXT)
    assert said in str(caught.value)


def test_weights_that_are_missing_pass_through(package: Path) -> None:
    with pytest.raises(ModelError):
        registry.make("mine", {"model": "held_faces.models:without_weights"}, CONTEXT)


def test_the_list_has_the_packages_models_and_says_which_cannot_be_imported(package: Path) -> None:
    program = "from bench.cli import main; import sys; sys.argv = ['space-bench', 'models']; main()"
    environment = {**os.environ, "PYTHONPATH": f"{package}{os.pathsep}{Path.cwd()}", "COLUMNS": "200"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    rows = {line.split("│")[1].strip(): line for line in done.stdout.splitlines() if line.count("│") > 2}
    assert "the portrait, held" in rows["held"] and "emotion" in rows["held"]
    assert "cannot import" in rows["broken"]
    assert "ground-truth" in rows


def test_no_package_can_take_a_name_of_the_suite(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = package / "held_faces-1.0.dist-info" / "entry_points.txt"
    points.write_text("[space_bench.models]\nstill = held_faces.models:ENTRY\n")
    assert "still" in python_entry.installed()
    assert registry.entry("still", {}).factory == "bench.models.sanity:still"
