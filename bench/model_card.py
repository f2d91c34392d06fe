"""Everything about one model: where it comes from, what it follows, what it needs."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from bench.assets import AssetStore
from bench.models import registry
from bench.models.card import ModelCard


def model_card(name: str, assets: AssetStore) -> Table:
    """The card as a table.

    Raises:
        BenchError: no model has that name (the nearest one is suggested), or its package cannot be imported.
    """
    entry = registry.entry(name, {})
    card = entry.card
    table = Table(title=f"{card.title} ({name})", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")  # A digest or an address that is cut short serves nobody.
    rows = (
        ("what it does", entry.summary),
        ("kind", entry.kind),
        *_origin(card),
        *_inputs(card),
        *_weights(card, assets),
    )
    for label, value in (*rows, *(("note", note) for note in card.notes)):
        table.add_row(label, escape(value))
    return table


def _origin(card: ModelCard) -> Iterator[tuple[str, str]]:
    yield "paper", card.paper or "–"
    yield "code", card.code or "–"
    yield "licence of the code", card.licence_code
    yield "licence of the weights", card.licence_weights


def _inputs(card: ModelCard) -> Iterator[tuple[str, str]]:
    yield "takes", ", ".join(card.takes) or "not stated"
    yield "ignores", ", ".join(card.ignores) or "nothing that is stated"
    yield "native size", "that of the portrait" if card.size is None else f"{card.size}x{card.size}"
    yield "native frame rate", "that of the case" if card.fps is None else f"{card.fps:g} fps"
    yield "protocols of cases", ", ".join(card.protocols)


def _weights(card: ModelCard, assets: AssetStore) -> Iterator[tuple[str, str]]:
    for name in card.weights:
        asset = assets.asset(name)
        known = asset.sha256 or "not known; that of the file becomes part of the model's version"
        here = "here" if assets.has(name) else assets.how_to_get(name)
        yield f"weights: {name}", f"{asset.file}\nsha256: {known}\nlicence: {asset.licence}\n{here}"
    if not card.weights:
        yield "weights", "none"
