"""Score tables of one model as matrices, cases by metrics."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.errors import BenchError
from metrics.base import Status

COLUMNS = ("case", "version", "metric", "protocol_id", "value", "status", "detail")


class CannotTell(BenchError):
    """There is nothing that could be compared. The message says why and what to do."""


@dataclass(frozen=True)
class Scored:
    """What one model scored on one case set.

    Attributes:
        cases: names, in the order of their table. metrics: names.
        values: ``(cases, metrics)``, NaN where there is none. status: ``(cases, metrics)``, index into `statuses`; -1
            where the pair was never asked. detail: reasons of the failures by (case, metric).
        protocols: protocol id by metric. corpus: value of the corpus metrics (``NaN`` without one).
        replicates: of the corpus metrics under the shared weights, ``(B,)`` by metric. seed: of those weights.
    """

    version: str
    cases: tuple[str, ...]
    metrics: tuple[str, ...]
    values: NDArray[np.float64]
    status: NDArray[np.int64]
    statuses: tuple[str, ...]
    detail: Mapping[tuple[str, str], str]
    protocols: Mapping[str, str]
    corpus: Mapping[str, float]
    replicates: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    seed: int | None = None

    @cached_property
    def scored(self) -> NDArray[np.bool_]:
        """``(cases, metrics)``: whether there is a value; of a corpus metric, whether the case took part."""
        ok = self.status == (self.statuses.index(Status.OK) if Status.OK in self.statuses else -2)
        return ok & (np.isfinite(self.values) | np.isin(np.array(self.metrics), list(self.corpus))[None, :])

    def count(self, metrics: Collection[str]) -> int:
        """How many scores there are of these metrics."""
        return int(self.scored[:, [name in metrics for name in self.metrics]].sum())

    def lacks_weights(self, metric: str) -> bool:
        """Whether the metric has no value at all because its weights are absent."""
        column = self.status[:, self.metrics.index(metric)]
        return {self.statuses[code] for code in np.unique(column[column >= 0])} == {Status.WEIGHTS_MISSING.value}

    def reason(self, case: str, metric: str) -> tuple[str, str]:
        """Status and detail of a pair; both empty if it was never asked."""
        if case not in self._place or metric not in self.metrics:
            return "", ""
        code = self.status[self._place[case], self.metrics.index(metric)]
        return (self.statuses[code], self.detail.get((case, metric), "")) if code >= 0 else ("", "")

    @cached_property
    def _place(self) -> dict[str, int]:
        return {case: place for place, case in enumerate(self.cases)}


def read_scored(path: Path) -> Scored:
    """The score table at `path` with what lies beside it.

    Raises:
        CannotTell: it is no score table, or damaged.
    """
    return scored_of(_read(path, COLUMNS), *_replicates(path))


def scored_of(table: pd.DataFrame, replicates: Mapping[str, NDArray[np.float64]], seed: int | None) -> Scored:
    """The rows of one model on one case set as matrices.

    Args:
        table: with `COLUMNS`. replicates, seed: see `Scored`.
    """
    codes = {name: pd.factorize(table[name]) for name in ("case", "metric", "status")}
    (case, cases), (metric, metrics), (status, statuses) = codes.values()
    value = table["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    of_corpus = np.asarray(cases[case] == "*") if len(cases) else np.zeros(0, bool)
    names = cases.tolist()
    real = [place for place, name in enumerate(names) if name != "*"]
    row_of = np.full(len(cases), -1)
    row_of[real] = np.arange(len(real))
    values = np.full((len(real), len(metrics)), np.nan)
    found = np.full((len(real), len(metrics)), -1)
    plain = ~of_corpus
    values[row_of[case[plain]], metric[plain]] = value[plain]
    found[row_of[case[plain]], metric[plain]] = status[plain]
    # Absent weights are told once a metric, not once a case.
    failed = table[plain & ~np.isin(table["status"], (Status.OK, Status.WEIGHTS_MISSING, Status.NOT_APPLICABLE))]
    first = table.drop_duplicates("metric")
    return Scored(
        str(table["version"].iloc[0]) if len(table) else "", tuple(name for name in names if name != "*"), tuple(metrics), values,
        found, tuple(statuses),
        {(name, of): text for name, of, text in zip(failed["case"], failed["metric"], failed["detail"], strict=True)},
        dict(zip(first["metric"], first["protocol_id"], strict=True)),
        {metrics[code]: float(each) for code, each in zip(metric[of_corpus], value[of_corpus], strict=True)}, replicates, seed,
    )  # fmt: skip


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        table: pd.DataFrame = pq.read_table(path, columns=list(columns)).to_pandas(types_mapper=_types)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CannotTell(
            f"{path} cannot be read as a table of {', '.join(columns)} ({why}). Remove it and run `space-bench score`."
        ) from error
    if lacking := [name for name in columns if name not in table.columns]:
        raise CannotTell(
            f"{path} lacks {', '.join(lacking)}: another version wrote it. `space-bench score` makes it anew."
        )
    return table


def _types(kind: Any) -> Any:
    return pd.StringDtype("pyarrow") if pa.types.is_string(kind) or pa.types.is_large_string(kind) else None


def _replicates(path: Path) -> tuple[dict[str, NDArray[np.float64]], int | None]:
    beside = path.parent / "replicates" / path.name
    if not beside.is_file():
        return {}, None
    return replicates_of(_read(beside, ("metric", "seed", "replicate", "value")))


def replicates_of(table: pd.DataFrame) -> tuple[dict[str, NDArray[np.float64]], int | None]:
    """Replicates by metric ``(B,)`` and the seed of their weights, None without any."""
    found = {
        str(name): rows.sort_values("replicate")["value"].to_numpy(dtype=np.float64, na_value=np.nan)
        for name, rows in table.groupby("metric", sort=False)
    }
    return found, int(table["seed"].iloc[0]) if len(table) else None


def read_version(path: Path) -> str:
    """The version of the model of a score table, from its summary where there is one, without reading the scores."""
    summary = path.parent / "summary" / f"{path.stem}.json"
    if summary.is_file():
        try:
            return str(json.loads(summary.read_text(encoding="utf-8"))["version"])
        except (ValueError, KeyError, TypeError):
            pass  # The score table says it too.
    version = _read(path, ("version",))["version"]
    return str(version.iloc[0]) if len(version) else ""
