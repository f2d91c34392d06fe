"""The validity page reads a run of the synthetic data; the readers find what the renderer wrote, with its truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.assets import open_store
from bench.cases import make_cases
from bench.config import CaseSet, DatasetConfig, Params
from bench.errors import BenchError
from bench.generate import generate
from bench.prepare import prepare
from bench.puppet import portraits
from bench.score import score
from bench.validity import Scope, write_validity
from bench.validity.catalogue import Damage, damage
from bench.validity.damages import measured_damage
from bench.validity.measure import CLEAN
from bench.workspace import Workspace
from datasets.puppet import PuppetSpec, build
from metrics.features.face_mesh import locate

METRICS = ["m_ld", "lip_corr", "lip_lag", "closure", "emotion_accuracy", "id_consistency"]
CASES = CaseSet.parse("mead/test/self")
pytestmark = pytest.mark.slow


def _at(name: str, *levels: float) -> Damage:
    return replace(damage(name), levels=levels)


SOUND = Scope(puppets=1, samples=0, damages=(_at("sound late", 5),))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, asset_path: Callable[[str], Path]) -> tuple[Params, Workspace]:
    """Two emotions of three speakers, through the very readers and steps that real data takes."""
    for name in (
        "pyfeat_single_face_image",
        "obama_portrait",
        "pyfeat_single_face_video",
        "pyfeat_face_b",
        "pyfeat_face_c",
    ):
        asset_path(name)
    workspace = Workspace(tmp_path_factory.mktemp("puppet") / "out")
    spec = PuppetSpec(size=192, mead_per_speaker=2, vox_per_speaker=0)
    build(workspace.raw("puppet"), spec, portraits(spec.portraits, open_store()), locate, workers=1, splits=("test",))
    params = Params(
        datasets={"mead": DatasetConfig(reader="mead", root=workspace.raw("puppet") / "mead", splits="puppet-mead")},
        cases=[str(CASES)], models=["ground-truth", "still"], metrics=METRICS, workers=1,
    )  # fmt: skip
    prepare(params, workspace, open_store(), "mead")
    make_cases(CASES, workspace)
    generate(params, workspace, [CASES], params.models)
    score(params, workspace, open_store(), [CASES])
    return params, workspace


def test_the_page_has_every_part_and_the_truth_is_met(run: tuple[Params, Workspace], tmp_path: Path) -> None:
    page = tmp_path / "validity.md"
    write_validity(*run, open_store(), page, SOUND)
    text = page.read_text()
    for part in (
        "Landmarks",
        "Head pose",
        "Blinks",
        "Audio-lip offset",
        "Phonemes",
        "Emotion",
        "Identity",
        "Response to known damage",
        "Smallest damage seen",
        "What each metric",
    ):
        assert part in text
    opening = next(line for line in text.splitlines() if line.startswith("| inner-lip opening, correlation"))
    assert float(opening.split("|")[2]) > 0.9
    lips = next(line for line in text.splitlines() if line.startswith("| outer lips"))
    assert float(lips.split("|")[2].split("%")[0]) < 4


def test_a_run_without_known_truth_is_explained(run: tuple[Params, Workspace], tmp_path: Path) -> None:
    params, workspace = run
    with pytest.raises(BenchError, match="no clip with known truth"):
        write_validity(params.model_copy(update={"cases": []}), workspace, open_store(), tmp_path / "v.md", SOUND)


def test_damage_of_known_size_is_measured_as_large_as_it_is(run: tuple[Params, Workspace]) -> None:
    params = run[0].model_copy(update={"metrics": ["m_ld", "pose_yaw", "pose_pitch", "lip_corr"]})
    damages = (_at("sound late", 5), _at("re-encode", 1), _at("yaw", 10), _at("freeze", 1))
    scope = Scope(puppets=1, samples=0, damages=damages)
    (found,) = measured_damage(params, run[1], open_store(), scope)
    values = {name: {where: each[0] for where, each in of.items()} for name, of in found.outcomes.items()}
    assert values["m_ld"][CLEAN] == values["m_ld"]["sound late", 5] == 0
    assert 0 < values["m_ld"]["re-encode", 1] < 0.03 < values["m_ld"]["freeze", 1]
    assert values["pose_yaw"]["yaw", 10] == pytest.approx(10, abs=3)
    assert values["pose_pitch"]["yaw", 10] < 4
    assert abs(values["lip_corr"]["freeze", 1]) < 0.1 < values["lip_corr"][CLEAN]
    made = {path: path.stat().st_mtime_ns for path in (run[1].root / "validity").rglob("*.mp4")}
    assert len(made) == 5
    (again,) = measured_damage(params, run[1], open_store(), scope)
    assert again.outcomes == found.outcomes
    assert {path: path.stat().st_mtime_ns for path in (run[1].root / "validity").rglob("*.mp4")} == made
