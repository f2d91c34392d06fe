"""Intervals cover what they claim; the long version is ``python -m bench.benchmark_study``."""

from __future__ import annotations

import numpy as np
import pytest

from bench.benchmark_study import SETTINGS, try_setting


@pytest.mark.slow
def test_intervals_cover_and_careless_raters_are_found() -> None:
    """12 studies, 12 intervals each, drawn by fixed seeds: 93 to 97 % of them are expected to hold the truth."""
    setting = next(each for each in SETTINGS if each.people.careless)
    tally = try_setting(setting, 12)
    held = np.concatenate(list(tally.held.values()))
    assert len(held) == 12 * (3 + 2 * 4 + 1) and 0.88 <= held.mean() <= 0.99
    assert tally.found >= 0.95 * tally.careless > 0
    assert tally.wrongly <= 0.02 * tally.attentive
