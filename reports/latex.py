"""A result table as LaTeX: booktabs, plain ASCII, as wide as the text at most."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from reports.presets import group_spans
from reports.tables import HOW_TO_GET, NOT_COMPUTED, Cell, Row, Table

_LATEX: Mapping[str, str] = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    # A row that begins with one of these would be read as an argument of the line break before it.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "−": "$-$",
    "–": "--",
    "—": "---",
    "·": r"$\cdot$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "°": r"$^\circ$",
    "²": r"$^2$",
    "µ": r"$\mu$",
    "…": r"\dots{}",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "’": "'",
    "“": "``",
    "”": "''",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
}

_ACCENTS: Mapping[str, str] = {
    **{"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u"},
    **{"\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c"},
}


def escape_latex(text: str) -> str:
    """Text that any LaTeX engine sets as it stands, whatever its font encoding: the result is plain ASCII.

    Control characters become spaces. Letters that a plain engine has no glyph for are named by their code point
    rather than dropped.
    """
    return "".join(map(_escape_letter, text))


def _escape_letter(letter: str) -> str:
    if letter in _LATEX:
        return _LATEX[letter]
    if letter.isspace() or not letter.isprintable():
        return " "
    if letter.isascii():
        return letter
    base, *accents = list(unicodedata.normalize("NFD", letter))
    if base.isascii() and base.isalpha() and len(accents) == 1 and accents[0] in _ACCENTS:
        return rf"\{_ACCENTS[accents[0]]}{{{base}}}"
    return f"{{[}}U+{ord(letter):04X}{{]}}"


def latex(table: Table) -> str:
    """See `Table.to_latex`. Intervals stand small under their numbers, so that the paper's columns fit a page."""
    columns = table.columns
    spans = group_spans([column.group for column in columns])
    head = "".join(rf" & \multicolumn{{{width}}}{{c}}{{{escape_latex(group)}}}" for group, width in spans)
    rules, start = "", 2
    for _, width in spans:
        rules += rf"\cmidrule(lr){{{start}-{start + width - 1}}}"
        start += width
    labels = ", ".join(section.context.label for section in table.sections)
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table*}[t]",
        r"\centering\small\setlength{\tabcolsep}{4pt}",
        rf"\caption{{Results on {escape_latex(labels)}. Best in bold, second underlined, among competing models; "
        r"rows under the last rule of a block are references. Brackets: 95\,\% intervals.}",
        rf"\label{{tab:{re.sub('[^A-Za-z0-9]+', '-', table.preset + '-' + labels).strip('-')}}}",
        rf"\begin{{tabular}}{{l{'c' * len(columns)}}}",
        r"\toprule",
    ]
    if columns:
        lines += [head + r" \\", rules]
    lines.append("Model" + "".join(f" & {escape_latex(f'{c.title} {c.arrow}'.strip())}" for c in columns) + r" \\")
    if any(column.unit for column in columns):
        lines.append("".join(rf" & {{\scriptsize {escape_latex(c.unit)}}}" for c in columns) + r" \\")
    for section in table.sections:
        lines.append(r"\midrule")
        if len(table.sections) > 1:
            title = escape_latex(section.context.label)
            lines += [rf"\multicolumn{{{len(columns) + 1}}}{{l}}{{\textit{{{title}}}}} \\"]
        lines += [line for row in section.ranked for line in _latex_row(row)]
        if section.sanity:
            if section.ranked:
                lines.append(rf"\cmidrule{{1-{len(columns) + 1}}}")
            lines += [line for row in section.sanity for line in _latex_row(row)]
    lines += [r"\bottomrule", r"\end{tabular}"]
    if table.notes:
        notes = "; ".join(rf"$^{{\mathrm{{{key}}}}}$ {escape_latex(note)}" for key, note in table.notes)
        lines.append(rf"\par\smallskip{{\footnotesize\raggedright {notes}.\par}}")
    if table.waiting:
        names = ", ".join(rf"\texttt{{{escape_latex(column.metric)}}}" for column in table.waiting)
        said = rf"{NOT_COMPUTED} {names}; see \texttt{{{HOW_TO_GET}}}."
        lines.append(rf"\par\smallskip{{\footnotesize\raggedright {said}\par}}")
    lines.append(r"\end{table*}")
    return "\n".join(lines) + "\n"


def _latex_row(row: Row) -> list[str]:
    lines = [escape_latex(row.title) + "".join(f" & {_latex_cell(cell)}" for cell in row.cells) + r" \\"]
    if any(cell.interval for cell in row.cells):
        small = (rf"{{\scriptsize {escape_latex(cell.interval)}}}" if cell.interval else "" for cell in row.cells)
        lines[0] += "[-2pt]"
        lines.append("".join(f" & {part}" for part in small) + r" \\")
    return lines


def _latex_cell(cell: Cell) -> str:
    shown = escape_latex(cell.shown)
    command = {"best": r"\textbf", "second": r"\underline"}.get(cell.mark)
    note = rf"$^{{\mathrm{{{cell.key}}}}}$" if cell.key else ""
    return (f"{command}{{{shown}}}" if command else shown) + note
