"""Dask workers as Slurm jobs: the real dask-jobqueue, and in the place of Slurm a program that runs the job here."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.engine.cluster import DaskEngine
from bench.engine.connect import open_engine
from bench.errors import BenchError
from tests.bench.engine_work import square

dask = pytest.importorskip("dask")
pytest.importorskip("dask_jobqueue")

SBATCH = """#!/bin/bash
[ "$1" = --test-only ] && exit 0
# Slurm keeps a copy of the script, which dask-jobqueue deletes at once.
cp "$1" "$0.job"
setsid bash "$0.job" > /dev/null 2>&1 < /dev/null &
echo "Submitted batch job $!"
"""
SCANCEL = '#!/bin/bash\nkill -- "-$1" 2> /dev/null\nexit 0\n'
REFUSING = '#!/bin/bash\necho "sbatch: error: invalid account" >&2\nexit 1\n'
JOBS = {
    "jobqueue.slurm.cores": 1,
    "jobqueue.slurm.processes": 1,
    "jobqueue.slurm.memory": "2GiB",
}
PATIENCE = 300.0
"""Seconds: jobs may wait in a queue for hours, a test may not."""


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is first on the PATH; jobs start in the repository, where workers find this package."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.chdir(Path(__file__).parents[2])
    return tmp_path


@pytest.mark.slow
def test_jobs_are_started_for_the_command_and_do_its_work(commands: Path) -> None:
    program(commands, "sbatch", SBATCH)
    program(commands, "scancel", SCANCEL)
    with dask.config.set(JOBS), open_engine("slurm", 1) as engine:
        assert isinstance(engine, DaskEngine)
        engine.fleet.patience = PATIENCE
        assert dask.config.get("distributed.deploy.lost-worker-timeout") == "5m"
        assert dict(engine.run(square, [(1, 2), (3,)], lambda item, why: 0)) == {1: 1, 2: 4, 3: 9}


def test_jobs_that_slurm_refuses_are_one_line(commands: Path) -> None:
    program(commands, "sbatch", REFUSING)
    with dask.config.set(JOBS), pytest.raises(BenchError, match="refuses its jobs: sbatch: error: invalid account"):
        open_engine("slurm", 1).__enter__()


def test_settings_that_are_absent_are_named(commands: Path) -> None:
    program(commands, "sbatch", SBATCH)
    with pytest.raises(BenchError, match=r"cores and memory.*jobqueue\.slurm"):
        open_engine("slurm", 1).__enter__()


def test_a_number_of_workers_is_needed(commands: Path) -> None:
    with pytest.raises(BenchError, match="set `workers`"):
        open_engine("slurm", 0).__enter__()


def test_a_machine_without_slurm_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(BenchError, match="no sbatch on the PATH"):
        open_engine("slurm", 1).__enter__()
