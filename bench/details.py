"""What tables show of a case besides its scores: curves over time, and the emotions that classifiers see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.store import CURVE_COLUMNS
from metrics.base import Bundle, Features, Unscorable


def curves_of(features: Features) -> dict[str, NDArray[np.float64]]:
    """Columns of `CURVE_COLUMNS` but case and model; none without a face track."""
    from metrics.envelope import loudness
    from metrics.rigid import head_pose
    from metrics.sync import aperture

    if features.track is None:
        return {}
    angles = head_pose(features.track.landmarks).angles
    times = np.arange(len(features.track)) / features.fps
    loud = np.full(len(times), np.nan) if features.audio is None else loudness(features.audio, times)
    found = {
        "time": times, "aperture": aperture(features.track.landmarks),
        "pitch": angles[:, 0], "yaw": angles[:, 1], "roll": angles[:, 2], "loudness": loud,
    }  # fmt: skip
    return {name: np.asarray(column, np.float64) for name, column in found.items()}


def table_of_curves(found: Sequence[tuple[str, Mapping[str, NDArray[np.float64]]]]) -> pd.DataFrame:
    """One table of the curves of all cases that have some."""
    filled = [(case, columns) for case, columns in found if columns]
    names = [name for name in CURVE_COLUMNS if name not in ("case", "model")]
    lengths = np.array([len(columns["time"]) for _, columns in filled], np.int64)
    cases = np.repeat(np.array([case for case, _ in filled], object), lengths)
    joined = {
        name: np.concatenate([columns[name] for _, columns in filled]) if filled else np.empty(0) for name in names
    }
    return pd.DataFrame({"case": cases, **joined})


def emotion_rows(bundle: Bundle) -> list[dict[str, Any]]:
    """Asked and predicted emotion of a case in MEAD's words and the probability of the asked one, by every classifier at hand."""
    from metrics.emotion import asked_class, predict
    from metrics.emotion_classifiers import EVERY

    rows = []
    for title, classifier in EVERY.items():
        try:
            asked, probabilities = asked_class(bundle, classifier), predict(bundle, classifier)
        except Unscorable:
            continue
        words = {name: word for word, name in classifier.mead.items()}
        asked_name, predicted = (classifier.classes[index] for index in (asked, int(np.argmax(probabilities))))
        rows.append({
            "classifier": title, "asked": words[asked_name], "predicted": words[predicted],
            "probability": float(probabilities[asked]),
        })  # fmt: skip
    return rows
