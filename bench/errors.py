"""Errors that speak to a person, and the spelling help they share."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class BenchError(Exception):
    """The run cannot go on. The message says what, where and what to do; the command line prints it and exits with 2."""


def nearest(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for the closest known name, else the list of what is known."""
    known = sorted(known)
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known) or 'none'}."


def unknown(kind: str, name: str, known: Iterable[str]) -> BenchError:
    """The error for a name that no registry has."""
    return BenchError(f"unknown {kind} {name!r}. {nearest(name, known)}")


class Unusable(Exception):
    """The media of a clip are sound and the clip is of no use; becomes a rejected row: `reason` in a word, `detail` in a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
