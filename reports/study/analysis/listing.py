"""A plain table of an analysis as CSV, Markdown and LaTeX; the page has it as HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from reports.formats import escape_markdown
from reports.latex import escape_latex


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
        """A float that needs booktabs and graphicx, as wide as the text at most."""
        label = re.sub("[^a-z]+", "-", self.name)
        lines = [
            r"% needs \usepackage{booktabs} and \usepackage{graphicx}",
            r"\begin{table*}[t]",
            r"\centering\small\setlength{\tabcolsep}{4pt}",
            rf"\caption{{{escape_latex(self.caption)}}}\smallskip",
            rf"\label{{tab:study-{label}}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{{'l' * self.texts}{'r' * (len(self.heads) - self.texts)}}}",
            r"\toprule",
            " & ".join(map(escape_latex, self.heads)) + r" \\",
            r"\midrule",
            *(" & ".join(map(escape_latex, row)) + r" \\" for row in self.rows),
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table*}",
        ]
        return "\n".join(lines) + "\n"
