"""The server as a process: killed in the middle, started again, stopped politely."""

from __future__ import annotations

import random
import secrets
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from bench.benchmark_study_server import serving
from reports.study.schema import Study, fingerprint
from reports.study.server.storage import Storage
from tests.reports.study.served import SCREENING, said, token

PATIENCE = 60.0
"""Seconds that a busy machine may take; a healthy one takes a few."""


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(make_study: Callable[..., tuple[Path, Study]]) -> None:
    folder, study = make_study(raters=6, tests=5)
    url = f"sqlite:///{folder / 'answers.sqlite'}"
    confirmed: set[str] = set()
    half, killed = threading.Event(), threading.Event()

    def rater(port: int) -> None:
        """Sends each answer until it is acknowledged, whatever happens to the server."""
        me, client = token(), httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE)

        def insist(path: str, body: object) -> httpx.Response:
            while True:
                try:
                    return client.post(path, json=body, headers={"Authorization": f"Bearer {me}"}).raise_for_status()
                except httpx.TransportError:
                    threading.Event().wait(0.1)

        entry = {"study": fingerprint(study), "token": me, "language": "en", "headphones": None, "screening": SCREENING}
        trials = insist("/api/enter", entry).json()["sheet"]["trials"]
        for trial in trials:
            if trial is trials[-1]:
                killed.wait(PATIENCE)  # Nobody has finished by then.
            body = said(trial["trial"])
            insist("/api/answer", body)
            confirmed.update(item["key"] for item in body["answers"])
            if len(confirmed) > 30:
                half.set()
            threading.Event().wait(random.uniform(0, 0.1))

    with serving(folder, url, 0) as (process, port):
        raters = [threading.Thread(target=rater, args=(port,)) for _ in study.blocks]
        for thread in raters:
            thread.start()
        assert half.wait(PATIENCE)
        process.kill()
        process.wait()
        killed.set()
        storage = Storage(url)
        before = {row.key for row in storage.answers()}
        storage.close()
        sure = set(confirmed)
        assert sure <= before and len(before) < 72
        with serving(folder, url, port) as (again, _):
            for thread in raters:
                thread.join(PATIENCE)
            again.send_signal(signal.SIGTERM)
            again.wait(PATIENCE)
    storage = Storage(url)
    kept = [row.key for row in storage.answers()]
    assert len(kept) == len(set(kept)) == 72 and set(kept) == confirmed
    assert {row.status for row in storage.raters()} == {"finished"}
    assert sorted(row.block for row in storage.raters()) == sorted(block.block for block in study.blocks)
    storage.close()


@pytest.mark.slow
def test_the_address_bar_of_a_rater_is_in_no_log(
    make_study: Callable[..., tuple[Path, Study]], capfd: pytest.CaptureFixture[str]
) -> None:
    folder, _ = make_study(raters=1)
    with serving(folder, f"sqlite:///{folder / 'answers.sqlite'}", 0) as (process, port):
        secret = secrets.token_hex(8)
        assert httpx.get(f"http://127.0.0.1:{port}/?PROLIFIC_PID={secret}").status_code == 200
        httpx.post(f"http://127.0.0.1:{port}/api/answer", content=b"{")
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        assert process.stdout is not None
        said_aloud = process.stdout.read() + "".join(capfd.readouterr())
    assert secret not in said_aloud and "GET" not in said_aloud
