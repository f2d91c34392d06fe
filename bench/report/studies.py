"""The analysed user studies of a run, which its report names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from reports.data import StudyLink


def studies(root: Path) -> list[StudyLink]:
    """Those below ``root/study`` that `space-bench study analyse` has analysed, by name."""
    found = []
    for page in sorted(root.glob("study/*/analysis/index.html")):
        said = page.with_name("sentence.txt")
        name = page.parents[1].name
        words = said.read_text(encoding="utf-8").strip() if said.is_file() else ""
        found.append(StudyLink(name, words, f"../study/{quote(name)}/analysis/index.html"))
    return found
