"""analyse: the tables of a study -> what its answers say, as files below ``analysis/``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from bench.errors import BenchError
from bench.progress import console
from bench.store import write_bytes
from bench.study.metrics import metric_values
from metrics.statistics import bootstrap_counts
from reports.study.analysis.analyse import Analysis, analyse
from reports.study.analysis.clusters import Resampling
from reports.study.analysis.output import render
from reports.study.files import StudyError, read_study
from reports.study.records import ANSWERS, RATERS, RecordsError, read_answers, read_raters
from reports.study.schema import Answer, Rater, Study

NEEDED = ("statsmodels", "krippendorff")
REPLICATES = 1000
HOW = "`space-bench study export` or `collect` writes it"


def analyse_study(folder: Path, results: Path, seed: int) -> Analysis:
    """Read a study's folder, analyse it, and write ``analysis/`` below it.

    Args:
        results: folder whose scores are joined with the answers; one without scores is said to be so.

    Raises:
        BenchError: the study, its answers or its raters cannot be read or do not fit each other.
    """
    need_packages()
    study, answers, raters = read_folder(folder)
    values = metric_values(study, results)
    if values is None:
        console.print(
            f"{results} has no scores: metrics are not compared with people (name the folder by --out)", highlight=False,
            markup=False, soft_wrap=True,
        )  # fmt: skip
    try:
        found = analyse(study, answers, raters, values, Resampling(bootstrap_counts, REPLICATES, seed))
    except StudyError as error:
        raise BenchError(f"{folder}: {error}") from error
    for name, content in render(found):
        write_bytes(folder / "analysis" / name, content)
    return found


def need_packages() -> None:
    """Raises `BenchError` if the analysis would miss a package."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise BenchError(f"{', '.join(missing)} not installed: pip install 'space-bench[study]'")


def read_folder(folder: Path) -> tuple[Study, list[Answer], list[Rater]]:
    """The study file and both tables."""
    try:
        study = read_study(folder)
    except StudyError as error:
        raise BenchError(str(error)) from error
    answers, raters = _text(folder / ANSWERS), _text(folder / RATERS)
    try:
        return study, read_answers(answers), read_raters(raters)
    except RecordsError as error:
        raise BenchError(f"{folder}: {error}. {HOW} anew.") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise BenchError(f"cannot read {path}: {why}. {HOW}.") from error
