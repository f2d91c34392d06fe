"""What engines cost: clips a second of `extract` in this process, in local processes and on a Dask cluster of this machine.

Uses the clips that ``make demo`` made. Needs the extra ``cluster``. ``python -m bench.benchmark_engine [CLIPS]``
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.table import Table

from bench.assets import open_store
from bench.config import load
from bench.content import Video
from bench.engine.base import Engine
from bench.engine.connect import open_engine
from bench.engine.setting import LOCAL
from bench.errors import BenchError
from bench.extract import extract
from bench.features import FeatureStore
from bench.plan import Plan
from bench.progress import out
from bench.scoring import chosen_metrics, feature_plan
from bench.store import read_table, records
from bench.workspace import Workspace

CLIPS = 16
METRICS = ("m_ld", "emotion_accuracy", "fd_efficientnet")
"""Those that need the tracker, a small network of faces and a middling one of whole frames."""


def main(count: int = CLIPS) -> None:
    """Print the table."""
    params, workspace, assets = load(Path("params.yaml")), Workspace(Path("out")), open_store()
    tables = dict.fromkeys(workspace.clips_table(cases.dataset, cases.split) for cases in params.case_sets())
    rows = [row for table in tables for row in records(read_table(table, "make demo"))][:count]
    videos = [Video(workspace.resolve(row.video), row.pictures, row.sound) for row in rows]
    plan = feature_plan(chosen_metrics(METRICS), params.video.fps, "cpu", assets)
    seconds = sum(row.seconds for row in rows)
    table = Table(
        title=f"extract of {len(videos)} clips, {seconds:.0f} s of video; networks are open here", title_justify="left"
    )
    for heading in ("engine", "until all workers answer, s", "first run, clips/s", "second run, clips/s"):
        table.add_column(heading, justify="left" if heading == "engine" else "right")
    for workers in (1, 2):
        with open_engine(LOCAL, workers) as engine:
            table.add_row(f"local, {workers}", *_measured(engine, workers, videos, plan))
    table.add_row("Dask, 2", *_on_dask(videos, plan))
    out.print(table)


def _on_dask(videos: Sequence[Video], plan: Plan) -> list[str]:
    from distributed import LocalCluster

    start = time.perf_counter()
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster:
        cluster.wait_for_workers(2)
        with open_engine(cluster.scheduler_address, 2) as engine:
            return _measured(engine, 2, videos, plan, start)


def _measured(
    engine: Engine, workers: int, videos: Sequence[Video], plan: Plan, start: float | None = None
) -> list[str]:
    def spent(work: Callable[[], object], since: float | None = None) -> float:
        since = time.perf_counter() if since is None else since
        work()
        return time.perf_counter() - since

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            extract(videos, plan, FeatureStore(Path(folder)), engine)

    ready = spent(lambda: list(engine.run(_nothing, ((i,) for i in range(workers)), lambda item, why: None)), start)
    rates = [len(videos) / spent(run) for _ in range(2)]
    return [f"{ready:.1f}", *(f"{rate:.2f}" for rate in rates)]


def _nothing(shard: tuple[int, ...]) -> list[None]:
    return [None] * len(shard)


if __name__ == "__main__":
    try:
        main(*map(int, sys.argv[1:2]))
    except (BenchError, ValueError) as error:
        sys.exit(f"error: {error}")
