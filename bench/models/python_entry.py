"""Models of other packages: an entry point of the group ``space_bench.models``, or ``module:object`` in ``params.yaml``.

The object is an `Entry`, or a factory ``(options, context) -> model``, which then has an empty card.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bench.errors import BenchError, nearest
from bench.models.card import ModelCard
from bench.models.entry import Entry

GROUP = "space_bench.models"


def installed() -> Mapping[str, EntryPoint]:
    """Entry points of installed packages by the name of their model; nothing is imported."""
    return {point.name: point for point in entry_points(group=GROUP)}


def loaded(point: EntryPoint) -> Entry:
    """What a package brings.

    Raises:
        BenchError: its code cannot be imported, or is neither an `Entry` nor a factory; with the package's name.
    """
    package = point.dist.name if point.dist else "unknown"
    return _entry(point.name, point.value, f"model {point.name!r} of the package {package!r}")


def referenced(reference: str) -> Entry:
    """What ``module:object`` names.

    Raises:
        BenchError: as `loaded`.
    """
    return _entry(reference, reference, f"model {reference!r}")


def _entry(name: str, reference: str, who: str) -> Entry:
    found = _imported(reference, who)
    if isinstance(found, Entry):
        return found
    if not callable(found):
        raise BenchError(
            f"{who}: {reference} is {type(found).__name__}, expected an Entry or a function (options, context)"
        )
    return Entry(reference, "model", f"brought by {reference}", ModelCard(name, name, takes=()))


def _imported(reference: str, who: str) -> Any:
    module_name, _, attribute = reference.partition(":")
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:  # Foreign code runs here: whatever it throws is told in a line.
        hint = " (is it installed, or its folder in PYTHONPATH?)" if isinstance(error, ModuleNotFoundError) else ""
        raise BenchError(f"{who}: cannot import {module_name}: {type(error).__name__}: {error}{hint}") from error
    if not hasattr(module, attribute):
        raise BenchError(f"{who}: {module_name} has no {attribute!r}. {nearest(attribute, vars(module))}")
    return getattr(module, attribute)
