"""Contact sheets: a thumbnail a clip with its name and what is to be looked at, as pages of PNG, troubled clips first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from bench.quality import FOLDER, THUMBNAIL, thumbnail_path
from bench.store import digest, records, replacing

COLUMNS, ROWS = 8, 6
GAP, LINE, LINES = 6, 13, 3
WIDTH, HEIGHT = THUMBNAIL + GAP, THUMBNAIL + LINES * LINE + GAP
PAPER, INK, NOTE, REFUSED = (250, 250, 250), (30, 30, 30), (176, 88, 0), (190, 20, 30)
VERSION = 1
"""Of the drawing: pages of another one are drawn again."""


def sheet_paths(folder: Path) -> list[Path]:
    """The pages of a split's folder, in order."""
    return sorted((folder / FOLDER).glob("sheet-*.png"))


def write_sheets(folder: Path, quality: pd.DataFrame) -> None:
    """Draw the pages of a split from its quality table and thumbnails; a page that would not change is left alone.

    Args:
        folder: of the split. quality: columns of `bench.quality.QUALITY_COLUMNS`, one row a clip.
    """
    order = sorted(records(quality), key=lambda row: (row.status == "ok", -len(row.warnings.split()), row.clip))
    pages = [order[start : start + COLUMNS * ROWS] for start in range(0, len(order), COLUMNS * ROWS)]
    digits = max(3, len(str(len(pages))))
    names = [f"sheet-{number:0{digits}d}.png" for number in range(1, len(pages) + 1)]
    for path in sheet_paths(folder):
        if path.name not in names:
            path.unlink()
    for name, page in zip(names, pages, strict=True):
        path = folder / FOLDER / name
        content = digest([VERSION, [[row.clip, row.status, row.warnings, _stamp(folder, row.clip)] for row in page]])
        if _drawn(path) != content:
            note = PngInfo()
            note.add_text("content", content)
            with replacing(path) as temporary:
                _page(folder, page).save(temporary, "PNG", pnginfo=note, compress_level=3)


def _drawn(path: Path) -> str:
    """What the page that is there shows; "" without one."""
    try:
        with Image.open(path) as image:
            return str(image.info.get("content", ""))
    except OSError:
        return ""


def _stamp(folder: Path, clip: str) -> int:
    path = thumbnail_path(folder, clip)
    return path.stat().st_mtime_ns if path.is_file() else 0


def _page(folder: Path, rows: list[Any]) -> Image.Image:
    down = -(-len(rows) // COLUMNS)
    page = Image.new("RGB", (min(COLUMNS, len(rows)) * WIDTH + GAP, down * HEIGHT + GAP), PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(LINE - 3)
    for place, row in enumerate(rows):
        x, y = GAP + place % COLUMNS * WIDTH, GAP + place // COLUMNS * HEIGHT
        thumbnail = thumbnail_path(folder, row.clip)
        if thumbnail.is_file():
            with Image.open(thumbnail) as picture:
                page.paste(picture, (x, y))
        else:
            draw.rectangle((x, y, x + THUMBNAIL - 1, y + THUMBNAIL - 1), fill=(225, 225, 225))
        refused = row.status != "ok"
        if refused or row.warnings:
            draw.rectangle((x, y, x + THUMBNAIL - 1, y + THUMBNAIL - 1), outline=REFUSED if refused else NOTE, width=3)
        notes = [row.status] if refused else row.warnings.split()
        lines = [_fitting(row.clip, font), *_wrapped([note.replace("_", " ") for note in notes], font)]
        for number, line in enumerate(lines):
            colour = INK if number == 0 else REFUSED if refused else NOTE
            draw.text((x, y + THUMBNAIL + 1 + number * LINE), line, fill=colour, font=font)
    return page


def _fitting(text: str, font: Any) -> str:
    """The text, its middle left out where it is too wide: names of clips differ at their ends."""
    if font.getlength(text) <= THUMBNAIL:
        return text
    keep = len(text) - 1
    while keep > 2 and font.getlength(_shortened(text, keep)) > THUMBNAIL:
        keep -= 1
    return _shortened(text, keep)


def _shortened(text: str, keep: int) -> str:
    return f"{text[: keep // 3]}...{text[len(text) - (keep - keep // 3) :]}"


def _wrapped(notes: list[str], font: Any) -> list[str]:
    """Notes joined by commas on what lines there are below the name; the last one says how many did not fit."""
    lines: list[str] = []
    for number, note in enumerate(notes):
        joined = f"{lines[-1]}, {note}" if lines else note
        if lines and font.getlength(joined) <= THUMBNAIL:
            lines[-1] = joined
        elif len(lines) < LINES - 1:
            lines.append(note)
        else:
            lines[-1] = _fitting(f"{lines[-1]}, +{len(notes) - number}", font)
            break
    return lines
