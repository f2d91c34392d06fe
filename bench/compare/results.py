"""A folder of results: which models it has on which case sets, read as they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from bench.compare.scored import CannotTell, Scored, read_scored, read_version
from bench.config import CaseSet
from bench.errors import BenchError
from bench.store import read_table
from bench.workspace import Workspace

CASE_LABELS = ("case", "speaker", "emotion", "level")


@dataclass(frozen=True)
class Results:
    """Scores, cases and (maybe) videos below one folder, laid out as ``out/`` is.

    Attributes:
        label: as people name it. workspace: where it lies. model: the only one that is meant, or None for all.
    """

    label: str
    workspace: Workspace
    model: str | None = None

    @cached_property
    def tables(self) -> dict[tuple[str, str], Path]:
        """Score table by case set (``dataset/split/protocol``) and model."""
        root = self.workspace.root / "scores"
        return {
            ("/".join(path.relative_to(root).parts[:3]), path.stem): path
            for path in sorted(root.glob("*/*/*/*.parquet"))
        }

    def case_sets(self) -> list[str]:
        return list(dict.fromkeys(cases for cases, _ in self.tables))

    def models(self) -> list[str]:
        """In alphabetical order."""
        return sorted({model for _, model in self.tables})

    def versions(self, model: str) -> set[str]:
        """Of the model on all its case sets."""
        return {read_version(path) for (_, name), path in self.tables.items() if name == model}

    def scored(self, cases: str, model: str) -> Scored | None:
        """Or None where the model has no scores there. Read once: floors and corpus metrics ask again."""
        path = self.tables.get((cases, model))
        if path is None:
            return None
        if path not in self._kept:
            self._kept[path] = read_scored(path)
        return self._kept[path]

    @cached_property
    def _kept(self) -> dict[Path, Scored]:
        return {}

    def labels(self, cases: str) -> pd.DataFrame | None:
        """Speaker, emotion and level of each case of a case set, by case; None where the table is absent."""
        path = self.workspace.cases_table(CaseSet.parse(cases))
        if not path.is_file():
            return None
        try:
            table = read_table(path, "space-bench prepare")
        except BenchError as error:
            raise CannotTell(str(error)) from error
        if lacking := [name for name in CASE_LABELS if name not in table.columns]:
            raise CannotTell(f"{path} lacks {', '.join(lacking)}. `space-bench prepare` makes it anew.")
        return table[list(CASE_LABELS)].drop_duplicates("case").set_index("case")

    def video(self, cases: str, model: str, case: str) -> Path | None:
        """The file that the model made, if it is here."""
        path = self.workspace.videos(CaseSet.parse(cases), model) / f"{case}.mp4"
        return path if path.is_file() else None
