"""Where things land: every path of the artifacts under one root, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench.config import CaseSet
from bench.errors import BenchError


@dataclass(frozen=True)
class Workspace:
    """Paths below the output root (``out`` by default)."""

    root: Path

    def raw(self, name: str) -> Path:
        return self.root / "raw" / name

    def clips(self, dataset: str, split: str) -> Path:
        return self.root / "clips" / safe(dataset) / safe(split)

    def clips_table(self, dataset: str, split: str) -> Path:
        return self.clips(dataset, split) / "clips.parquet"

    def rejected_table(self, dataset: str, split: str) -> Path:
        return self.clips(dataset, split) / "rejected.parquet"

    def quality_table(self, dataset: str, split: str) -> Path:
        return self.clips(dataset, split) / "quality.parquet"

    def cases_dir(self, cases: CaseSet) -> Path:
        return self.root / "cases" / safe(cases.dataset) / safe(cases.split)

    def cases_table(self, cases: CaseSet) -> Path:
        return self.cases_dir(cases) / f"{cases.protocol}.parquet"

    def videos(self, cases: CaseSet, model: str) -> Path:
        return self.root / "videos" / safe(cases.dataset) / safe(cases.split) / cases.protocol / safe(model)

    def generated_table(self, cases: CaseSet, model: str) -> Path:
        return self.videos(cases, model) / "generated.parquet"

    @property
    def features(self) -> Path:
        return self.root / "features"

    def scores_dir(self, cases: CaseSet) -> Path:
        return self.root / "scores" / safe(cases.dataset) / safe(cases.split) / cases.protocol

    def scores_table(self, cases: CaseSet, model: str) -> Path:
        return self.scores_dir(cases) / f"{safe(model)}.parquet"

    def detail_table(self, cases: CaseSet, model: str, kind: str) -> Path:
        """Tables beside the scores: ``curves`` (per frame), ``emotions`` (predictions), ``replicates`` (of corpus metrics)."""
        return self.scores_dir(cases) / kind / f"{safe(model)}.parquet"

    def summary_json(self, cases: CaseSet, model: str) -> Path:
        """Everything that is known of each metric's aggregate; `metrics_json` has its numbers only."""
        return self.scores_dir(cases) / "summary" / f"{safe(model)}.json"

    def metrics_json(self, cases: CaseSet, model: str) -> Path:
        return self.root / "metrics" / f"{cases.dataset}.{cases.split}.{cases.protocol}.{safe(model)}.json"

    def relative(self, path: Path) -> str:
        """The path as tables store it: relative to the root, with forward slashes."""
        return path.resolve().relative_to(self._origin).as_posix()

    @cached_property
    def _origin(self) -> Path:
        """The root without links, looked up once: a report resolves tens of thousands of paths."""
        return self.root.resolve()

    def resolve(self, stored: str) -> Path:
        """Back from a table. Refuses anything that would leave the root."""
        path = (self.root / stored).resolve()
        if not path.is_relative_to(self._origin):
            raise BenchError(f"a table names the path {stored!r}, which leaves the workspace {self.root}")
        return path


def safe(name: str) -> str:
    """The name, if it can be one path component; else an error."""
    if not name or name in {".", ".."} or any(char in name for char in "/\\\0"):
        raise BenchError(f"{name!r} cannot be used as a folder name: it must be one path component")
    return name
