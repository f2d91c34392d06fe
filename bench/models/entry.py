"""One known model: how it is made, and what the suite says of it."""

from __future__ import annotations

from dataclasses import dataclass

from bench.models.card import ModelCard


@dataclass(frozen=True)
class Entry:
    """One known model.

    Attributes:
        factory: ``module:function``, imported when the model is made; the function takes ``(options, context)``.
        kind: ``sanity``, ``baseline``, ``model`` or ``folder``: how reports group it.
        summary: one line for ``space-bench models``.
        card: what is to be known of it.
        light: so little work a case that threads serve it better than processes, which cost a second to start.
    """

    factory: str
    kind: str
    summary: str
    card: ModelCard
    light: bool = False

    @property
    def assets(self) -> tuple[str, ...]:
        """What must be here, by name."""
        return self.card.weights
