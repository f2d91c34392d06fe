"""Numbers that others printed, to stand beside ours and never to be compared with them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedNumber:
    """One number of a paper.

    Attributes:
        method: as the paper names it. dataset, protocol: of the sections of a table where it stands.
        metric: name of the column. value: with the digits that the paper printed.
        source: title, table, place, and what was measured otherwise than here, as one phrase.
    """

    method: str
    dataset: str
    protocol: str
    metric: str
    value: str
    source: str
