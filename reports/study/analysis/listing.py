"""A plain table of an analysis as CSV, Markdown and LaTeX; the page has it as HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from reports.formats import escape_markdown
from reports.latex import escape_latex

LONGEST = 35
"""Rows that fit a page under their caption."""


@dataclass(frozen=True)
class Listing:
    """One table.

    Attributes:
        name: of its files. caption: a sentence or two. heads: of the columns, the first `texts` of which are text.
        rows: what is printed. data: what the CSV file holds, with all digits.
    """

    name: str
    caption: str
    heads: Sequence[str]
    texts: int
    rows: Sequence[Sequence[str]]
    data: pd.DataFrame

    def csv(self) -> str:
        return self.data.to_csv(index=False, lineterminator="\n")

    def markdown(self) -> str:
        lines = [
            f"{escape_markdown(self.caption)}\n",
            "| " + " | ".join(escape_markdown(head) for head in self.heads) + " |",
            "|" + " :-- |" * self.texts + " --: |" * (len(self.heads) - self.texts),
            *("| " + " | ".join(escape_markdown(cell) for cell in row) + " |" for row in self.rows),
        ]
        return "\n".join(lines) + "\n"

    def latex(self) -> str:
        """Floats that need booktabs and graphicx, as wide as the text at most; a new one after `LONGEST` rows."""
        parts = [self.rows[start : start + LONGEST] for start in range(0, len(self.rows), LONGEST)]
        lines = [r"% needs \usepackage{booktabs} and \usepackage{graphicx}"]
        for place, part in enumerate(parts, 1):
            lines += self._float(part, f" ({place} of {len(parts)})" if len(parts) > 1 else "")
        return "\n".join(lines) + "\n"

    def _float(self, rows: Sequence[Sequence[str]], which: str) -> list[str]:
        label = re.sub("[^a-z0-9]+", "-", f"{self.name}{which}").strip("-")
        return [
            r"\begin{table*}[t]",
            r"\centering\small\setlength{\tabcolsep}{4pt}",
            rf"\caption{{{escape_latex(self.caption + which)}}}\smallskip",
            rf"\label{{tab:study-{label}}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{{'l' * self.texts}{'r' * (len(self.heads) - self.texts)}}}",
            r"\toprule",
            " & ".join(map(escape_latex, self.heads)) + r" \\",
            r"\midrule",
            *(" & ".join(map(escape_latex, row)) + r" \\" for row in rows),
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table*}",
        ]
