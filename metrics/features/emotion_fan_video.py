"""From what Emotion-FAN says of frames (`metrics.features.emotion_fan`) to the scores of their video, without the network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from metrics.base import FloatArray
from metrics.features.emotion_classes import EMOTION_FAN

COLUMNS = 3 * (len(EMOTION_FAN) + 1)


def video_scores(rows: FloatArray) -> NDArray[np.float64]:
    """Scores of a video ``(8,)`` before the softmax, in the order of `EMOTION_FAN`.

    Args:
        rows: ``(T, 27)``, T at least 1: outputs of `EmotionFan` for frames of one video, in any order.

    Raises:
        ValueError: another shape, or no rows.
    """
    data = np.asarray(rows, dtype=np.float64)
    if data.ndim != 2 or data.shape[1] != COLUMNS or len(data) == 0:
        raise ValueError(f"expected rows (T, {COLUMNS}) of at least one frame, got shape {data.shape}")
    alpha, own, of_mean = data[:, 0], data[:, 1], data[:, 2]
    first, second, bias = (data[:, 3 + 8 * k : 11 + 8 * k] for k in range(3))
    total = alpha.sum()
    beta = expit(own + alpha @ of_mean / total)
    scores: NDArray[np.float64] = (alpha @ first + alpha @ second) / (alpha @ beta) + bias[0]
    return scores
