"""What BASE and HEAD may be: a folder of results, a model, a version, a record, a git revision or a DVC experiment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.compare.results import Results
from bench.compare.revisions import Repository
from bench.compare.scored import CannotTell
from bench.errors import BenchError, nearest
from bench.workspace import Workspace


def resolve(name: str, results: Path, history: Path, scratch: Path) -> Results:
    """Where the results of that name lie. The first that fits counts, in this order:

    1. a folder with ``scores/`` in it, laid out as ``out/`` is;
    2. a model of the present results;
    3. ``model@version``, in the present results or else in the latest record that has it;
    4. a record of the history, by its folder's name;
    5. a git revision, or a DVC experiment, whose results are taken from DVC's cache into `scratch`.

    Raises:
        BenchError: nothing has that name. CannotTell: it is known and has no results; says what makes them.
    """
    if (Path(name) / "scores").is_dir():
        return _folder(Path(name), name)
    present = Results(str(results), Workspace(results))
    if name in present.models():
        return Results(name, present.workspace, name)
    records = [Results(path.name, Workspace(path)) for path in recorded(history)]
    if "@" in name and (found := _version(name, [present, *reversed(records)])):
        return found
    if found := next((record for record in records if record.label == name), None):
        return found
    repository = Repository.around(results)
    if repository is not None and (revision := repository.resolve(name)):
        return Results(name, Workspace(repository.bring(revision, name, results, scratch)))
    if Path(name).is_dir():
        raise CannotTell(f"the folder {name} has no scores/ in it; `space-bench score --out {name}` makes them")
    known = [*present.models(), *(record.label for record in records), *(repository.names() if repository else ())]
    versions = [f"{model}@{version}" for model in present.models() for version in present.versions(model)]
    raise BenchError(
        f"{name!r} is no folder, model, model@version, record, git revision or DVC experiment. {nearest(name, [*known, *versions])}"
    )


def recorded(history: Path) -> list[Path]:
    """Folders of the records, oldest first: their names begin with the time."""
    return sorted(path.parent for path in history.glob("*/record.json"))


def _folder(path: Path, name: str) -> Results:
    found = Results(name, Workspace(path))
    if not found.tables:
        raise CannotTell(f"{path / 'scores'} has no table <dataset>/<split>/<protocol>/<model>.parquet")
    return found


def _version(name: str, places: Sequence[Results]) -> Results | None:
    model, version = name.rsplit("@", 1)
    for place in places:
        if model in place.models() and version in place.versions(model):
            return Results(name, place.workspace, model)
    return None
