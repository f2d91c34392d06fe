"""The example cases, whose videos the page carries with it."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from typing import Any

import pandas as pd

from reports.data import Context, ReportData, grouped, records, within
from reports.payload.encoding import rounded
from reports.wording import text, why

LABELS = ("speaker", "emotion", "level", "seconds")
NO_VIDEO = ("not_generated", "unfit_video", "decode_error", "no_video")


class Videos:
    """The embedded files, each once however many models share it."""

    def __init__(self) -> None:
        self.uris: list[str] = []
        self._index: dict[str, int] = {}

    def add(self, content: bytes, name: str) -> int:
        """Index of the file among `uris`."""
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._index:
            kind = mimetypes.guess_type(name)[0] or "video/mp4"
            self._index[digest] = len(self.uris)
            self.uris.append(f"data:{kind};base64,{base64.b64encode(content).decode()}")
        return self._index[digest]


def watch(
    data: ReportData, context: Context, cases: pd.DataFrame, scores: pd.DataFrame, videos: Videos
) -> list[dict[str, Any]]:
    """Each example with its labels, videos by model (or why there is none), curves and sound.

    Args:
        cases, scores: rows of this context.
    """
    curves = dict(grouped(within(data.curves, context), ("case",)))
    sounds = dict(grouped(data.envelopes, ("case",)))
    chosen: dict[str, dict[str, Any]] = {}
    for (*where, case, model), path in data.videos.items():
        if Context(*where) != context:
            continue
        shown = chosen.setdefault(case, {"videos": {}, "absent": {}})
        try:
            shown["videos"][model] = videos.add(path.read_bytes(), path.name)
        except OSError as error:
            shown["absent"][model] = f"the video file could not be read: {error.strerror}"
    for (case,) in curves:
        chosen.setdefault(str(case), {"videos": {}, "absent": {}})
    lacking = scores[scores["case"].isin(list(chosen)) & scores["status"].isin(NO_VIDEO)]
    facts = cases.set_index("case")
    result = []
    for case, shown in chosen.items():
        labels = {}
        if case in facts.index:
            row = facts.loc[case]
            labels = {name: text(row[name]) for name in LABELS if text(row[name])}
        for failed in records(lacking[lacking["case"] == case]):
            if failed.model not in shown["videos"]:
                shown["absent"].setdefault(failed.model, why(failed.status, text(failed.detail)))
        lines = {
            str(model): _curve(part) for (model,), part in grouped(curves.get((case,), data.curves[:0]), ("model",))
        }
        sound = sounds.get((case,))
        loudness = None if sound is None else {name: rounded(sound[name], 4) for name in ("time", "loudness")}
        result.append({"case": case, "labels": labels, **shown, "curves": lines, "sound": loudness})
    return result


def _curve(rows: pd.DataFrame) -> dict[str, list[float | None]]:
    ordered = rows.sort_values("time")
    return {name: rounded(ordered[name], 4) for name in ("time", "aperture", "pitch", "yaw", "roll")}
