"""Dask workers as Slurm jobs, by Dask's own settings (``jobqueue.slurm``)."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from typing import Any

from bench.errors import BenchError

SETTINGS = "Settings are Dask's: jobqueue.slurm in ~/.config/dask/jobqueue.yaml (docs/engine.md)."


def slurm_cluster(workers: int) -> Any:
    """A ``dask_jobqueue.SLURMCluster`` that has no job yet and whose jobs Slurm would take.

    Raises:
        BenchError: dask-jobqueue is not installed, no number of workers is set, this is no machine that submits jobs, or
            Slurm or Dask refuses the settings.
    """
    try:
        from dask_jobqueue.slurm import SLURMCluster
    except ImportError as error:
        raise BenchError(f"engine 'slurm' needs dask-jobqueue ({error}): pip install 'space-bench[cluster]'") from error
    if not workers:
        raise BenchError("engine 'slurm' needs a number of workers to ask for: set `workers` in params.yaml")
    if shutil.which("sbatch") is None:
        raise BenchError("engine 'slurm': there is no sbatch on the PATH; run this on a login node of Slurm")
    try:
        cluster = SLURMCluster()
    except (ValueError, TypeError, OSError, RuntimeError) as error:
        raise BenchError(f"engine 'slurm': {_first_line(str(error))} {SETTINGS}") from error
    refused = _refusal(cluster.job_script())
    if refused:
        cluster.close()
        raise BenchError(f"engine 'slurm': Slurm refuses its jobs: {refused} {SETTINGS}")
    return cluster


def _refusal(script: str) -> str:
    """Why Slurm would not take this job script; "" where it would. Else a refusal would show as jobs that never come."""
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(["sbatch", "--test-only", file.name], capture_output=True, text=True)
    return "" if done.returncode == 0 else _first_line(done.stderr or f"sbatch ended with {done.returncode}")


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[0]
