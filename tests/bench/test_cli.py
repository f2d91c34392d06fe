"""The command line: help that a newcomer understands, one clear line and exit code 2 for mistakes, quiet in a pipe."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.assets import open_store
from metrics.registry import get
from tests.command import Run

PARAMS = """
datasets: {sample: {reader: sample}}
cases: [sample/test/self]
models: [still]
"""


def test_help_names_every_step_and_loads_no_network_library(space_bench: Run) -> None:
    done = space_bench("--help")
    assert done.returncode == 0
    for command in (
        "evaluate",
        "doctor",
        "assets",
        "datasets",
        "models",
        "metrics",
        "prepare",
        "generate",
        "score",
        "report",
    ):
        assert command in done.stdout
    probe = "import sys, bench.cli; print([m for m in ('torch', 'mediapipe', 'pandas', 'cv2') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize(
    "words", [("models",), ("metrics",), ("metrics", "show", "m_ld"), ("datasets",), ("assets", "list"), ("doctor",)]
)
def test_lists_print_and_end_well(space_bench: Run, words: tuple[str, ...]) -> None:
    done = space_bench(*words)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 5


def test_one_metric_is_shown_with_source_tolerance_weights_and_what_changes_its_id(space_bench: Run) -> None:
    shown = " ".join(space_bench("metrics", "show", "lse_c").stdout.replace("│", " ").split())
    asset = open_store().asset("syncnet_v2")
    assert asset.sha256 is not None
    for part in (
        "Chung & Zisserman 2016",
        "1e-09",
        "joonson/syncnet_python",
        asset.sha256[:32],
        asset.licence[:20],
        get("lse_c").protocol_id,
    ):
        assert part in shown, part
    assert "the sha256 of syncnet_v2" in shown and "crop_scale" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("prepare",), "cannot read params.yaml"),
        (("evaluate", "no-such-file.mp4"), "no-such-file.mp4 does not exist"),
        (("metrics", "show", "m_lb"), "m_ld"),
        (("assets", "pull", "obama_speach_video"), "obama_speech_video"),
    ],
)
def test_a_mistake_is_one_clear_line(space_bench: Run, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    done = space_bench(*words, cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert message in done.stderr and done.stderr.startswith("error: ") and len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("generate", "--cases", "sample/test/cross"), "sample/test/self"),
        (("generate",), "space-bench prepare"),
        (("generate", "--model", "stil"), "'still'"),
        (("prepare", "sampel"), "'sample'"),
        (("score",), "space-bench prepare"),
    ],
)
def test_a_mistake_in_a_project_says_what_to_do(
    space_bench: Run, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS)
    done = space_bench(*words, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_an_unknown_key_in_params_is_explained(space_bench: Run, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS + "modles: []\n")
    done = space_bench("prepare", cwd=tmp_path)
    assert done.returncode == 2 and "modles" in done.stderr and "'models'" in done.stderr


def test_the_version_is_the_packages(space_bench: Run) -> None:
    from bench import __version__

    assert space_bench("--version").stdout.strip() == f"space-bench {__version__}"


def test_the_pipeline_file_asks_for_what_the_parameters_have() -> None:
    import yaml

    root = Path(__file__).parents[2]
    stages = yaml.safe_load((root / "dvc.yaml").read_text())["stages"]
    params = yaml.safe_load((root / "params.yaml").read_text())
    asked = {name.split(".")[0].split(":")[0] for stage in stages.values() for name in stage.get("params", [])}
    assert asked <= set(params), json.dumps(sorted(asked - set(params)))
