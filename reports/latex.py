"""A result table as LaTeX: booktabs, plain ASCII, as wide as the text at most."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from reports.presets import group_spans
from reports.tables import HOW_TO_GET, NOT_COMPUTED, PUBLISHED, Cell, Column, Row, Section, Table

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
    "†": r"$\dagger$",
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


WIDEST = 12
"""Columns that fit a landscape page with their intervals; a wider table goes on in a second one."""


def latex(table: Table) -> str:
    """See `Table.to_latex`. Intervals stand small under their numbers, so that the paper's columns fit a page.

    A table of more than `WIDEST` columns is cut, between groups where they allow it; each part is a float of its own.
    """
    parts = _parts(table.columns)
    lines = [r"% needs \usepackage{booktabs} and \usepackage{graphicx}"]
    for number, part in enumerate(parts, 1):
        lines += _float(table, part, (number, len(parts)))
    return "\n".join(lines) + "\n"


def _parts(columns: Sequence[Column]) -> list[range]:
    """Places of the columns of each part; one empty part where there are none."""
    parts, start = [range(0)], 0
    for _, width in group_spans([column.group for column in columns]):
        for piece in range(start, start + width, WIDEST):
            stop = min(piece + WIDEST, start + width)
            if len(parts[-1]) + stop - piece <= WIDEST:
                parts[-1] = range(parts[-1].start, stop) if parts[-1] else range(piece, stop)
            else:
                parts.append(range(piece, stop))
        start += width
    return parts


def _float(table: Table, part: range, place: tuple[int, int]) -> list[str]:
    columns = table.columns[part.start : part.stop]
    labels = ", ".join(section.context.label for section in table.sections)
    label = re.sub("[^A-Za-z0-9]+", "-", f"{table.preset}-{labels}" + (f"-{place[0]}" if place[1] > 1 else ""))
    lines = [
        r"\begin{table*}[t]",
        r"\centering\small\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{_caption(table, labels, place)}}}\smallskip",
        rf"\label{{tab:{label.strip('-')}}}",
        # Never wider than the text, and never larger than it is.
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{l{'c' * len(columns)}}}",
        r"\toprule",
        *_head(columns),
    ]
    for section in table.sections:
        lines += _block(section, part, titled=len(table.sections) > 1)
    lines += [r"\bottomrule", r"\end{tabular}}"]
    if place[0] == place[1]:
        lines += _below(table)
    elif table.notes:
        lines.append(_paragraph("Notes stand under the last part."))
    return [*lines, r"\end{table*}"]


def _caption(table: Table, labels: str, place: tuple[int, int]) -> str:
    which = f" ({place[0]} of {place[1]})" if place[1] > 1 else ""
    said = [
        f"Results on {escape_latex(labels)}{which}. Best in bold, second underlined, among competing models; "
        "rows under the last rule of a block are references.",
        r"Brackets: 95\,\% intervals.",
        *([escape_latex(table.dagger)] if table.dagger else []),
    ]
    return " ".join(said)


def _head(columns: Sequence[Column]) -> list[str]:
    spans = group_spans([column.group for column in columns])
    lines = []
    if columns:
        groups = "".join(rf" & \multicolumn{{{width}}}{{c}}{{{escape_latex(group)}}}" for group, width in spans)
        rules, start = "", 2
        for _, width in spans:
            rules += rf"\cmidrule(lr){{{start}-{start + width - 1}}}"
            start += width
        lines += [groups + r" \\", rules]
    lines.append("Model" + "".join(f" & {escape_latex(f'{c.title} {c.arrow}'.strip())}" for c in columns) + r" \\")
    if any(column.unit for column in columns):
        lines.append("".join(rf" & {{\scriptsize {escape_latex(c.unit)}}}" for c in columns) + r" \\")
    return lines


def _block(section: Section, part: range, titled: bool) -> list[str]:
    width = len(part) + 1
    lines = [r"\midrule"]
    if titled:
        lines.append(rf"\multicolumn{{{width}}}{{l}}{{\textit{{{escape_latex(section.context.label)}}}}} \\")
    lines += [line for row in section.ranked for line in _row(row, part)]
    if section.published:
        lines.append(rf"\cmidrule{{1-{width}}}")
        lines.append(rf"\multicolumn{{{width}}}{{l}}{{\scriptsize {escape_latex(PUBLISHED)}}} \\")
        lines += [line for row in section.published for line in _row(row, part)]
    if section.sanity:
        if section.ranked or section.published:
            lines.append(rf"\cmidrule{{1-{width}}}")
        lines += [line for row in section.sanity for line in _row(row, part)]
    return lines


def _row(row: Row, part: range) -> list[str]:
    cells = row.cells[part.start : part.stop]
    title = escape_latex(row.title) + _raised(row.key)
    lines = [title + "".join(f" & {_cell(cell)}" for cell in cells) + r" \\"]
    if any(cell.interval for cell in cells):
        small = (rf"{{\scriptsize {escape_latex(cell.interval)}}}" if cell.interval else "" for cell in cells)
        lines[0] += "[-2pt]"
        lines.append("".join(f" & {part}" for part in small) + r" \\")
    return lines


def _cell(cell: Cell) -> str:
    shown = escape_latex(cell.shown)
    command = {"best": r"\textbf", "second": r"\underline"}.get(cell.mark)
    return (f"{command}{{{shown}}}" if command else shown) + _raised(cell.key, cell.differs)


def _raised(key: str, dagger: bool = False) -> str:
    letter = rf"\mathrm{{{key}}}" if key else ""
    mark = r"\dagger" if dagger else ""
    return f"$^{{{mark}{letter}}}$" if dagger or key else ""


def _below(table: Table) -> list[str]:
    """Footnotes, what waits for weights, and protocol ids."""
    lines = []
    if table.common:
        lines.append(_paragraph(f"Numbers without a letter: {escape_latex(table.common)}."))
    if table.notes:
        notes = "; ".join(rf"$^{{\mathrm{{{key}}}}}$ {escape_latex(note)}" for key, note in table.notes)
        lines.append(_paragraph(f"{notes}."))
    if table.waiting:
        names = ", ".join(rf"\texttt{{{escape_latex(column.metric)}}}" for column in table.waiting)
        lines.append(_paragraph(rf"{NOT_COMPUTED} {names}; see \texttt{{{HOW_TO_GET}}}."))
    if table.protocols:
        lines.append(_paragraph(escape_latex(table.protocols)))
    return lines


def _paragraph(text: str) -> str:
    return rf"\par\smallskip{{\footnotesize\raggedright {text}\par}}"


def document(fragment: str) -> str:
    """A document that shows the table of a file beside it, on a page as large as it may need.

    Args:
        fragment: name of the file; letters, digits and ``._-`` only.
    """
    return "\n".join(
        [
            r"\documentclass[10pt]{article}",
            r"\usepackage[paperwidth=297mm,paperheight=420mm,margin=12mm]{geometry}",
            r"\usepackage{booktabs}",
            r"\usepackage{graphicx}",
            r"\pagestyle{empty}",
            r"\begin{document}",
            rf"\input{{{fragment}}}",
            r"\end{document}",
            "",
        ]
    )
