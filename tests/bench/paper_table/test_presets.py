"""Presets name metrics and models that exist."""

from __future__ import annotations

import pytest

from bench.models.registry import MODELS
from bench.scoring import chosen_metrics
from reports.paper_presets import PAPER_PRESETS, PaperPreset


@pytest.mark.parametrize("preset", PAPER_PRESETS.values(), ids=list(PAPER_PRESETS))
def test_every_name_of_a_preset_is_registered(preset: PaperPreset) -> None:
    known = {metric.name for metric in chosen_metrics([])}
    named = {name for group in preset.groups.values() for name in group}
    assert named | set(preset.stand_ins.values()) <= known
    assert set(preset.stand_ins.values()).isdisjoint(named)
    assert {*preset.rows, preset.against} <= set(MODELS)
    assert set(preset.kinds) <= {entry.kind for entry in MODELS.values()}
