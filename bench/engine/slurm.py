"""Dask workers as Slurm jobs, by Dask's own settings (``jobqueue.slurm``)."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import AbstractContextManager
from typing import Any

from bench.errors import BenchError

LOST = "distributed.deploy.lost-worker-timeout"
RESTART = "5m"
"""How long Dask waits at least for a worker that died before it cancels its job. Dask's 15 s are less than a process may take
to start from a network disk, and a clip that kills its worker twice, 15 s apart, would end the job: another has to queue."""
SETTINGS = "Settings are Dask's: jobqueue.slurm in ~/.config/dask/jobqueue.yaml (docs/engine.md)."


def patient_settings() -> AbstractContextManager[Any]:
    """Dask's settings while Slurm's jobs are in use; see `RESTART`."""
    import dask
    from dask.utils import parse_timedelta

    return dask.config.set({LOST: max(dask.config.get(LOST, "0s"), RESTART, key=parse_timedelta)})


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
