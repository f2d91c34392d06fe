"""The workers of a Dask cluster: which are there, and which of them are like the process that asks."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench.engine.same import Likeness, Needs, likeness, objection, sized
from bench.errors import BenchError
from bench.progress import console

LOOK = 1.0
"""Seconds between two looks at who is there."""
PATIENCE = 300.0
"""Seconds without any worker before a run gives up."""


class Fleet:
    """Workers of one scheduler. Strange ones end the command before its first shard; later they are named and left out.

    Args:
        client: connected. where: how people named the cluster. patience: see `PATIENCE`.
    """

    def __init__(self, client: Any, where: str, patience: float = PATIENCE) -> None:
        self.client = client
        self.where = where
        self.patience = patience
        self.present: set[str] = set()
        self.needs = Needs(f".space-bench-{secrets.token_hex(8)}")
        self._fit: set[str] = set()
        self._strange: set[str] = set()
        self._running: set[str] = set()
        self._looked = -LOOK
        self._seen = time.monotonic()

    def need(self, shared: Iterable[Path], files: Iterable[Path], device: str) -> None:
        """What the work to come touches; who is there is looked at again, and whoever lacks it is refused."""
        self.close()
        folders = [folder.resolve() for folder in shared]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / self.needs.token).touch()
        self.needs = Needs(
            self.needs.token,
            tuple(sorted(map(str, folders))),
            tuple(sorted({*sized(files), *sized([Path.cwd()])})),
            device,
        )
        self._fit.clear()
        self.usable(now=True, strict=True)

    def usable(self, now: bool = False, strict: bool = False) -> set[str]:
        """Addresses of the workers that can be given work.

        Args:
            now: look, however short ago the last look was. strict: refuse instead of leaving out.

        Raises:
            BenchError: the scheduler is gone, nobody was usable for longer than `patience`, or (strict) a worker is strange.
        """
        if now or time.monotonic() - self._looked >= LOOK:
            self._look(strict)
        found = self._fit & self._running
        if found:
            self.alive()
        elif time.monotonic() - self._seen > self.patience:
            raise BenchError(
                f"{self.where}: no worker could be given work for {self.patience:.0f} s (none is there, or all are short of "
                "memory). What is done is kept: start workers and run the same command again."
            )
        return found

    def alive(self) -> None:
        """Something came back: patience begins anew."""
        self._seen = time.monotonic()

    def close(self) -> None:
        """Take the tokens away."""
        for folder in self.needs.shared:
            for path in Path(folder).glob(f"{self.needs.token}*"):
                path.unlink(missing_ok=True)

    def _look(self, strict: bool) -> None:
        self._looked = time.monotonic()
        # Not `client.scheduler_info`: it gives a copy that the client itself renews every few seconds, without workers.
        found = self._asked(lambda: self.client.sync(self.client.scheduler.identity, n_workers=-1))
        if found is None:
            return
        infos = found["workers"]
        self.present = set(infos)
        self._running = {address for address, info in infos.items() if info["status"] == "running"}
        self._fit &= self.present
        self._strange &= self.present
        new = self.present - self._fit - self._strange
        if not new:
            return
        here = likeness(self.needs)
        answers = self._asked(lambda: self.client.run(likeness, self.needs, workers=sorted(new), on_error="return"))
        if answers is None:
            return
        refused: list[str] = []
        for address, answer in sorted(answers.items()):
            why = _objection(here, answer, self.needs.device)
            if why is None:
                self._fit.add(address)
            elif isinstance(answer, OSError):
                continue  # It went while it was asked.
            else:
                self._strange.add(address)
                refused.append(f"worker {address} of {self.where} cannot be used: {why}")
        if refused and (strict or not self._fit):
            raise BenchError(refused[0])
        for line in refused:
            console.print(line, markup=False)

    def _asked(self, question: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """What the scheduler answers. None: it is slow, and what the last look saw holds until the next one."""
        try:
            return question()
        except OSError as error:
            if self.client.status == "running":
                return None
            raise gone(self.where) from error
        except (AttributeError, RuntimeError) as error:  # The client has given up and closed itself.
            raise gone(self.where) from error


def gone(where: str) -> BenchError:
    """The error for a scheduler that answered before."""
    return BenchError(f"{where}: the scheduler went away. What is done is kept: run the same command again.")


def _objection(here: Likeness, answer: Any, device: str) -> str | None:
    if isinstance(answer, Likeness):
        return objection(here, answer, device)
    if isinstance(answer, ImportError | AttributeError):
        return f"space-bench of this version is not installed there ({answer}); install the same commit and restart it"
    return f"it does not answer ({type(answer).__name__}: {answer})"


def environment() -> tuple[tuple[str, str], ...]:
    """Variables that make workers look for assets where this process does."""
    from bench.assets import open_store

    store = open_store()
    weights = (
        (("SPACE_BENCH_WEIGHTS", os.environ["SPACE_BENCH_WEIGHTS"]),) if "SPACE_BENCH_WEIGHTS" in os.environ else ()
    )
    return (("SPACE_BENCH_CACHE", str(store.cache.resolve())), *weights)
