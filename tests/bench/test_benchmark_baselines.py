"""The table of baselines: what it does not know, and a run of its own process that fails, are one line."""

from __future__ import annotations

import pytest

from bench.benchmarks.baselines import BASELINES, Baseline, main
from bench.errors import BenchError


def test_an_unknown_baseline_is_named_with_the_nearest() -> None:
    with pytest.raises(BenchError, match=r"unknown baseline 'wav2lips'.*wav2lip"):
        main(["wav2lips"])


@pytest.mark.slow
def test_a_run_that_fails_says_which_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BASELINES, "wav2lip", Baseline(frames=1, longer=1, ways=("upwards",)))
    with pytest.raises(BenchError, match=r"bench\.benchmarks\.wav2lip upwards 1 ended with 1: KeyError: 'upwards'"):
        main(["wav2lip", "--quick"])


@pytest.mark.slow
def test_the_short_round_prints_a_row_for_each_way(capsys: pytest.CaptureFixture[str]) -> None:
    main(["wav2lip", "--quick"])
    printed = capsys.readouterr().out
    assert all(f" {way} " in printed for way in BASELINES["wav2lip"].ways)
