"""Where the videos of all cases lie, as seen from the page."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import Any

import pandas as pd

from reports.data import grouped


def media(rows: pd.DataFrame, cases: Sequence[str]) -> dict[str, Any] | None:
    """``base``, the folder of all videos of a context, and by model how a case's file is named below it.

    Either ``{"ext": e}``: ``base/model/case.e``, without those of the cases ``absent``; or ``{"files": [...]}``: a path
    below base a case, None where there is none. Nothing without videos.

    Args:
        rows: of one context: case, model, file. cases: names in their order.
    """
    if not len(rows):
        return None
    base = posixpath.commonpath(rows["file"].map(posixpath.dirname).unique().tolist())
    if posixpath.basename(base) in set(rows["model"]):
        base = posixpath.dirname(base)  # One model only: its folder is named as any other would be.
    place = {case: index for index, case in enumerate(cases)}
    models = {}
    for (model,), part in grouped(rows, ("model",)):
        files: list[str | None] = [None] * len(cases)
        for case, file in zip(part["case"], part["file"], strict=True):
            if case in place:
                files[place[case]] = file[len(base) + 1 :]
        models[model] = _short(str(model), files, cases)
    return {"base": base, "models": models}


def _short(model: str, files: Sequence[str | None], cases: Sequence[str]) -> dict[str, Any]:
    """Without the names where they follow from the case."""
    endings = {posixpath.splitext(file)[1] for file in files if file is not None}
    if len(endings) == 1:
        ending = endings.pop()
        regular = [f"{model}/{case}{ending}" for case in cases]
        if all(file in (None, name) for file, name in zip(files, regular, strict=True)):
            absent = [index for index, file in enumerate(files) if file is None]
            return {"ext": ending.removeprefix("."), **({"absent": absent} if absent else {})}
    return {"files": list(files)}
