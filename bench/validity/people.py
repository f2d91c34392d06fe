"""What the emotion classifier and the identity network say of people whose emotion and name are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.validity.known import Known
from bench.validity.markdown import markdown
from metrics.base import Bundle, Labels, Unscorable
from metrics.emotion import CLASSES, asked_class, predict


def emotion_table(known: Sequence[Known]) -> str:
    """The classifier's accuracy and probability on the synthetic truth: its ceiling there."""
    rows = []
    entries = []
    for clip in known:
        bundle = Bundle(clip.features, None, Labels(emotion=clip.emotion))
        try:
            asked, probabilities = asked_class(bundle), predict(bundle)
        except Unscorable:
            continue
        entries.append((clip.emotion, clip.level, int(np.argmax(probabilities)) == asked, probabilities[asked]))
    table = pd.DataFrame(entries, columns=["emotion", "level", "right", "probability"])
    if table.empty:
        return "No clip carries an emotion label that the classifier knows.\n"
    for emotion, part in table.groupby("emotion"):
        levels = part.groupby("level")["probability"].mean()
        shown = ", ".join(f"{level}: {value:.2f}" for level, value in levels.items())
        rows.append(
            (
                str(emotion),
                f"{100 * part['right'].mean():.0f} %",
                f"{part['probability'].mean():.2f}",
                shown,
                str(len(part)),
            )
        )
    rows.append(
        ("all", f"{100 * table['right'].mean():.0f} %", f"{table['probability'].mean():.2f}", "", str(len(table)))
    )
    note = f"\nChance is {100 / len(CLASSES):.0f} %. The classifier has no class for contempt.\n"
    return markdown(("asked", "accuracy", "mean probability", "by level", "clips"), rows) + note


def identity_table(known: Sequence[Known]) -> str:
    """Distances of identity embeddings within and between speakers."""
    # The same cast appears in both layouts under other names: only clips of one layout are compared.
    means = [
        (clip.dataset, clip.speaker, clip.features.samples["identity"].mean(axis=0))
        for clip in known
        if "identity" in clip.features.samples
    ]
    same: list[float] = []
    other: list[float] = []
    for i, (dataset, first, one) in enumerate(means):
        for layout, second, two in means[i + 1 :]:
            if layout != dataset:
                continue
            (same if first == second else other).append(float(np.linalg.norm(one - two)))
    rows = [
        ("same speaker", f"{np.mean(same):.2f}", f"{np.min(same):.2f} to {np.max(same):.2f}"),
        ("different speakers", f"{np.mean(other):.2f}", f"{np.min(other):.2f} to {np.max(other):.2f}"),
    ]
    return (
        markdown(("distance of clips", "mean", "range"), rows)
        + "\nThe network's authors take 0.6 as the threshold of one person.\n"
    )
