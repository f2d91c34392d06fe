"""200 raters at a time against `space-bench study serve` on loopback: is an answer lost, and how long does each take?

Each rater fetches the page, enters, and for every trial its two videos before the answer. Once the server runs through, once it is
killed (SIGKILL) in the middle and started again; with SQLite, and with PostgreSQL where it is installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from bench.benchmarks.postgres import NoPostgres, postgres
from bench.progress import out
from reports.study.files import STUDY_FILE, study_text
from reports.study.schema import Block, Pair, Question, Side, Study, Trial, fingerprint
from reports.study.server.storage import Storage

RATERS, TRIALS, QUESTIONS = 200, 3, ("lip-sync", "overall")
PACE = (3.0, 7.0)
"""Seconds between two answers of one rater: faster than people who watch a clip of four seconds and answer two questions."""
ARRIVAL = 8.0
"""Seconds within which all come."""
VIDEO_BYTES = 150_000
LIMIT = 0.2
SCREENING = {"senses": "both", "language": "native", "sound": "headphones"}


@dataclass
class Run:
    """What the raters saw. seconds: of each acknowledged answer, its last try. confirmed: keys that the server acknowledged."""

    seconds: list[float] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)
    retried: int = 0
    finished: int = 0


def server_load() -> Table:
    """The table of all runs."""
    table = Table(title=f"{RATERS} raters at a time, {TRIALS} trials each", title_justify="left")
    for heading in (
        "database",
        "server",
        "answers",
        "lost",
        "sent again",
        "p50 ms",
        "p95 ms",
        "longest ms",
        "limit p95",
        "wall s",
        "load average",
    ):
        table.add_column(heading, justify="right")
    for database in ("SQLite", "PostgreSQL"):
        for kill in (False, True):
            try:
                table.add_row(database, "killed once" if kill else "runs", *_measured(database, kill))
            except NoPostgres as error:
                table.add_row(database, str(error))
                break
    return table


def _measured(database: str, kill: bool) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch, _database(database) as given:
        folder = Path(scratch) / "study"
        study = write_study(folder)
        url = given or f"sqlite:///{folder / 'answers.sqlite'}"
        begun = time.perf_counter()
        run = _load(folder, url, study, kill)
        wall, load = time.perf_counter() - begun, os.getloadavg()[0]
        storage = Storage(url)
        kept = {row.key for row in storage.answers()}
        storage.close()
    lost = len(run.confirmed - kept)
    if run.finished < RATERS:
        raise RuntimeError(f"{RATERS - run.finished} raters did not come to the end")
    p50, p95, longest = (1000 * float(np.quantile(run.seconds, share)) for share in (0.5, 0.95, 1))
    numbers = (f"{p50:.0f}", f"{p95:.0f}", f"{longest:.0f}", f"{1000 * LIMIT:.0f}", f"{wall:.0f}", f"{load:.1f}")
    return [str(len(kept)), str(lost), str(run.retried), *numbers]


def _database(kind: str) -> AbstractContextManager[str]:
    return postgres() if kind == "PostgreSQL" else nullcontext("")


def _load(folder: Path, url: str, study: Study, kill: bool) -> Run:
    run, mark = Run(), fingerprint(study)
    with ThreadPoolExecutor(RATERS) as everyone, serving(folder, url, 0) as (process, port):
        raters = [everyone.submit(_rater, port, mark, run) for _ in range(RATERS)]
        if kill:
            time.sleep(ARRIVAL / 2 + TRIALS * sum(PACE) / 4)
            process.kill()
            process.wait()
        # Started again at once; the raters go on asking meanwhile.
        with serving(folder, url, port) if kill else nullcontext():
            for rater in raters:
                rater.result()
    return run


def _rater(port: int, mark: str, run: Run) -> None:
    token = secrets.token_hex(32)
    line = Line(port, run, {"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
    time.sleep(random.uniform(0, ARRIVAL))
    for name in ("", "page.css", "main.js", "setup.json"):
        line.ask("GET", f"/{name}")
    entry = {"study": mark, "token": token, "language": "en", "headphones": True, "screening": SCREENING}
    found = json.loads(line.ask("POST", "/api/enter", entry)[0])
    said: dict[str, Any] = {}
    for trial in found["sheet"]["trials"]:
        for side in ("left", "right"):
            line.ask("GET", f"/media/{trial[side]}")
        time.sleep(random.uniform(*PACE))
        words = [
            {"question": name, "choice": "left", "seconds": 1.0, "key": secrets.token_hex(16)} for name in QUESTIONS
        ]
        answer, seconds = line.ask("POST", "/api/answer", {"trial": trial["trial"], "plays": 1, "answers": words})
        said = json.loads(answer)
        run.confirmed.update(str(item["key"]) for item in words)
        run.seconds.append(seconds)
    run.finished += bool(said["finished"] and said["code"])


class Line:
    """One rater's connection. It asks the same again until it is acknowledged, as the page does."""

    def __init__(self, port: int, run: Run, headers: dict[str, str]) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self.run, self.headers = run, headers

    def ask(self, method: str, path: str, body: Any = None) -> tuple[bytes, float]:
        """The body of the answer, and the seconds that the last try took. Raises `RuntimeError` for a refusal."""
        while True:
            begun = time.perf_counter()
            try:
                self.connection.request(method, path, None if body is None else json.dumps(body), self.headers)
                answer = self.connection.getresponse()
                data = answer.read()
                if answer.status == 200:
                    return data, time.perf_counter() - begun
                if answer.status < 500 and answer.status != 429:
                    raise RuntimeError(f"{method} {path}: {answer.status} {data[:200]!r}")
            except (HTTPException, OSError):
                self.connection.close()
            self.run.retried += 1
            time.sleep(random.uniform(0.5, 1.0))


@contextmanager
def serving(folder: Path, url: str, port: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`space-bench study serve` as a process, ready to answer; and its port, a free one for 0."""
    words = ["study", "serve", str(folder), "--port", str(port), "--database", url, "--contact", "nobody"]
    command = [sys.executable, "-c", "from bench.cli import main; main()", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "200"}) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if "http://" not in line:
                raise RuntimeError("the server did not start; its reason stands above")
            yield process, int(line.split("http://", 1)[1].split("/", 1)[0].rsplit(":", 1)[1])
        finally:
            if process.poll() is None:
                process.terminate()


def write_study(folder: Path) -> Study:
    """A study of random bytes in place of videos: the server hands them out and never looks into them."""
    media = folder / "media"
    media.mkdir(parents=True)

    def side(model: str) -> Side:
        name, data = f"{secrets.token_hex(8)}.mp4", secrets.token_bytes(VIDEO_BYTES)
        (media / name).write_bytes(data)
        return Side(model=model, media=name, sha256=hashlib.sha256(data).hexdigest())

    pairs = [
        Pair(pair=secrets.token_hex(8), case=f"case-{number}", cases="simulated/test/self", first=side("a"), second=side("b"), seconds=2, cut=0)
        for number in range(TRIALS)
    ]  # fmt: skip
    blocks = [
        Block(
            block=secrets.token_hex(8), code=secrets.token_hex(4),
            trials=tuple(Trial(trial=secrets.token_hex(8), pair=pair.pair, left="first") for pair in pairs),
        ) for _ in range(RATERS)
    ]  # fmt: skip
    study = Study(
        study="load", seed=0, criterion="none", questions=tuple(Question(question=name) for name in QUESTIONS),
        models={"a": "1", "b": "1"}, raters=RATERS, pairs=tuple(pairs), blocks=tuple(blocks),
    )  # fmt: skip
    (folder / STUDY_FILE).write_text(study_text(study), encoding="utf-8")
    (folder / "salt").write_text(secrets.token_hex(32))
    return study


if __name__ == "__main__":
    out.print(server_load())
