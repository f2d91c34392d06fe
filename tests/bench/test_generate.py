"""All models over all case sets in one run: what is missing is made, the same bits however it was asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench import case_job
from bench.config import CaseSet, DatasetConfig, Params
from bench.errors import BenchError
from bench.generate import generate
from bench.store import read_table
from bench.workspace import Workspace
from datasets.media import read_audio

SETS = [CaseSet.parse("d/test/self"), CaseSet.parse("d/test/self-free")]
MODELS = ["still", "late", "early", "re-encoded"]
OPTIONS = {"late": {"model": "shifted", "frames": 3}, "early": {"model": "shifted", "frames": -3}}


def parameters(**changes: object) -> Params:
    base: dict = {
        "datasets": {"d": DatasetConfig(reader="folder")}, "cases": [str(cases) for cases in SETS], "models": MODELS,
        "options": OPTIONS, "workers": 2,
    }  # fmt: skip
    return Params.model_validate(base | changes)


def videos(workspace: Workspace) -> dict[str, bytes]:
    root = workspace.root / "videos"
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.mp4"))}


def test_one_run_makes_every_model_of_every_case_set(workspace: Workspace) -> None:
    made = generate(parameters(), workspace, SETS, MODELS)
    assert [(item.cases, item.model) for item in made] == [(cases, model) for cases in SETS for model in MODELS]
    for item in made:
        assert list(item.table["case"]) == ["a", "b"] and set(item.table["status"]) == {"ok"}
        assert item.table.equals(read_table(workspace.generated_table(item.cases, item.model), "generate"))
    assert len(videos(workspace)) == len(SETS) * len(MODELS) * 2


def test_together_or_one_by_one_gives_the_same_bits(workspace: Workspace) -> None:
    generate(parameters(), workspace, SETS, MODELS)
    together = videos(workspace)
    for path in sorted((workspace.root / "videos").rglob("*.*")):
        path.unlink()
    for cases in SETS:
        for model in reversed(MODELS):
            generate(parameters(workers=1), workspace, [cases], [model])
    assert videos(workspace) == together


def test_variants_of_one_kind_keep_their_own_options(workspace: Workspace) -> None:
    generate(parameters(), workspace, SETS[:1], ["late", "early"])
    late, early = (
        int(np.argmax(np.abs(read_audio(workspace.videos(SETS[0], model) / "a.mp4", 16000))))
        for model in ("late", "early")
    )
    assert late - early == pytest.approx(6 / 25 * 16000, abs=64)


def test_a_model_that_is_added_leaves_the_others_alone(workspace: Workspace) -> None:
    generate(parameters(), workspace, SETS, ["still", "late"])
    before = {path: path.stat().st_mtime_ns for path in (workspace.root / "videos").rglob("*.mp4")}
    generate(parameters(), workspace, SETS, MODELS)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_what_one_model_lacks_is_a_row_and_the_others_go_on(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    params = parameters(options={"folder": {"root": str(tmp_path / "mine")}})
    lacking, still = generate(params, workspace, SETS[:1], ["folder", "still"])
    assert set(lacking.table["status"]) == {"not_generated"} and lacking.table["detail"].str.len().min() > 0
    assert set(still.table["status"]) == {"ok"}


def test_a_model_that_cannot_be_made_ends_the_run_before_any_work(workspace: Workspace) -> None:
    with pytest.raises(BenchError, match="not a folder"):
        generate(parameters(options={"folder": {"root": "/no/such"}}), workspace, SETS, ["still", "folder"])
    assert not videos(workspace)


def test_a_worker_holds_the_models_of_one_kind_at_a_time(workspace: Workspace) -> None:
    generate(parameters(workers=1), workspace, SETS, ["late", "early", "re-encoded"])
    assert list(case_job._OPEN) == ["re-encoded"]


def test_the_version_of_the_viseme_model_is_that_of_every_process() -> None:
    command = [sys.executable, "-c", "from bench.models.viseme import Viseme; print(Viseme().version)"]
    environments = [{**os.environ, "PYTHONHASHSEED": seed} for seed in ("1", "2", "3")]
    found = [subprocess.run(command, env=each, capture_output=True, check=True).stdout for each in environments]
    assert len(set(found)) == 1
