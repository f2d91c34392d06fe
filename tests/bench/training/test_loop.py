"""The loop: a stopped run ends like one that was not, budgets hold, and nothing goes on after a NaN."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from bench.errors import BenchError
from bench.training import step
from bench.training.checkpoint import load_checkpoint, load_ema
from bench.training.ema import Ema
from bench.training.loop import train
from bench.training.settings import LoopSettings
from datasets.media import read_frames
from space_ref.objectives.base import Batch, Objective

SETTINGS = LoopSettings(
    batch_size=4, max_steps=12, learning_rate=1e-2, warmup_steps=3, accelerator="cpu", log_steps=5, sample_steps=6,
    checkpoint_steps=5, ema=0.9,
)  # fmt: skip


class Lines(Dataset[dict[str, Tensor]]):
    def __getitem__(self, number: int) -> dict[str, Tensor]:
        x = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(number))
        return {"x": x, "y": x.flip(-1)}


class Clip(Lines):
    """Lines that can be watched as a video."""

    def driven(self, frames: int) -> dict[str, Tensor]:
        assert frames > 1
        return {name: torch.stack([self[number][name] for number in range(5)]) for name in ("x", "y")}


class Small(Objective):
    """Dropout, batch statistics, a critic, a counter of its own, and random numbers: all that must survive a stop."""

    count: Tensor

    def __init__(self, bad_step: int | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.g = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.2), nn.Conv2d(4, 3, 1))
        self.d = nn.Conv2d(3, 1, 3)
        self.register_buffer("count", torch.zeros((), dtype=torch.long))
        self.bad_step = bad_step
        self.seen: list[int] = []

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {"g": self.g}

    @property
    def critics(self) -> dict[str, nn.Module]:
        return {"d": self.d}

    def generator_losses(self, batch: Batch, random: torch.Generator) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        made = self.g(batch["x"] + 0.1 * torch.rand(batch["x"].shape, generator=random))
        self.seen.append(int(self.count))
        if self.training:
            self.count += 1
        terms = {"l1": (made - batch["y"]).abs().mean(), "adversarial": -0.1 * self.d(made).mean()}
        if self.bad_step == self.seen[-1]:
            terms["adversarial"] = terms["adversarial"] * torch.nan
        assert not any(parameter.requires_grad for parameter in self.d.parameters()) or not self.training
        return terms, {"made": made}

    def critic_losses(self, batch: Batch, made: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if self.seen[-1] < 2:
            return {}
        assert not made["made"].requires_grad
        return {"hinge": (1 - self.d(batch["y"])).relu().mean() + (1 + self.d(made["made"])).relu().mean()}


class Watched(Small):
    def sample(self, batch: Batch) -> dict[str, Tensor]:
        assert not self.training
        made: Tensor = self.g(batch["x"])
        gap = torch.full((4, 8, 2), torch.nan)
        points = torch.rand(4, 8, 5, 3)
        return {"x": batch["x"], "made": made, "rows": batch["x"][:, 0], "gap": gap, "points": points}


def _state(folder: Path) -> dict[str, object]:
    checkpoint = load_checkpoint(folder)
    assert checkpoint is not None
    return {name: value for name, value in vars(checkpoint).items() if name != "seconds"}


def _equal(one: object, other: object) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return one == other


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_was_killed_ends_in_the_same_bits(tmp_path: Path, workers: int) -> None:
    settings = replace(SETTINGS, workers=workers)
    train(Small(), Lines(), settings, tmp_path / "whole")

    with pytest.raises(BenchError, match="step 8"):
        train(Small(bad_step=8), Lines(), settings, tmp_path / "stopped")
    after = load_checkpoint(tmp_path / "stopped")
    assert after is not None and after.step == 5
    resumed = Small()
    with torch.no_grad():
        next(resumed.g.parameters()).zero_()  # what the caller hands over does not matter: the checkpoint does
    history = train(resumed, Lines(), settings, tmp_path / "stopped")

    assert resumed.seen[0] == 5 and history["steps"] == 12
    assert _equal(_state(tmp_path / "stopped"), _state(tmp_path / "whole"))
    logs = [(tmp_path / name / "losses.jsonl").read_text() for name in ("whole", "stopped")]
    assert logs[0] == logs[1]


def test_a_run_leaves_what_a_person_looks_at(tmp_path: Path) -> None:
    history = train(Watched(), Lines(), SETTINGS, tmp_path, held_out=Clip())
    assert json.loads((tmp_path / "history.json").read_text())["losses"] == history["losses"]
    assert {"loss/l1", "critic/hinge", "learning rate"} <= history["losses"].keys() and history["machine"]
    names = sorted(path.name for path in (tmp_path / "samples").iterdir())
    kinds = ("-curves.png", "-driven.mp4", "-points.mp4", ".png")
    assert names == [f"step-{step}{kind}" for step in ("000006", "000012") for kind in kinds]
    for kind, frames in (("driven", 5), ("points", 8)):
        assert len(list(read_frames(tmp_path / "samples" / f"step-000012-{kind}.mp4"))) == frames
    lines = [json.loads(line) for line in (tmp_path / "losses.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "held out/l1" in line] == [6, 12]
    assert list((tmp_path / "curves").iterdir())


def test_looking_does_not_change_the_training(tmp_path: Path) -> None:
    train(Watched(), Lines(), SETTINGS, tmp_path / "one", held_out=Lines())
    train(Small(), Lines(), replace(SETTINGS, sample_steps=5), tmp_path / "two")
    assert _equal(_state(tmp_path / "one"), _state(tmp_path / "two"))


def test_a_finished_run_is_not_trained_again_and_a_fresh_start_is(tmp_path: Path) -> None:
    train(Small(), Lines(), SETTINGS, tmp_path)
    again, fresh = Small(), Small()
    train(again, Lines(), SETTINGS, tmp_path)
    assert again.seen == []
    train(fresh, Lines(), SETTINGS, tmp_path, resume=False)
    assert fresh.seen == list(range(12))


def test_the_budget_of_time_is_kept_over_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        now = 0.0

        def monotonic(self) -> float:
            self.now += 0.5
            return self.now

    monkeypatch.setattr(step, "time", Clock())
    settings = replace(SETTINGS, max_steps=None, max_minutes=0.5, checkpoint_steps=1000)
    first = train(Small(), Lines(), settings, tmp_path)
    assert 30 <= first["seconds"] < 33
    second = train(Small(), Lines(), replace(settings, max_minutes=1.0), tmp_path)
    assert 60 <= second["seconds"] < 64 and second["steps"] > first["steps"]
    third = train(Small(), Lines(), replace(settings, max_minutes=1.0), tmp_path)
    assert third["steps"] == second["steps"]


def test_a_nan_stops_the_run_and_names_step_and_term(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="step 6: loss term 'adversarial' is nan"):
        train(Small(bad_step=6), Lines(), SETTINGS, tmp_path)
    assert all(torch.isfinite(value).all() for value in load_ema(tmp_path)["g"].values())


def test_the_average_of_the_weights_is_the_written_one() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 1.0)
    ema = Ema({"n": network}, decay=0.5)
    expected = 1.0
    for number, weight in enumerate([3.0, -1.0, 5.0, 5.0, 2.0, 0.0, 8.0, 4.0, 4.0, 1.0]):
        nn.init.constant_(network.weight, weight)
        ema.update(number)
        decay = min(0.5, (1 + number) / (10 + number))
        expected = decay * expected + (1 - decay) * weight
    assert float(ema.weights["n"]["weight"]) == pytest.approx(expected, rel=1e-6)
    with ema.applied():
        assert network.weight.item() == pytest.approx(expected, rel=1e-6)
    assert network.weight.item() == 1.0


def test_the_rate_warms_up_and_falls_to_its_end() -> None:
    settings = replace(SETTINGS, warmup_steps=9, final_rate=0.1, max_steps=100, max_minutes=10)
    assert settings.rate(0, 0.0) == pytest.approx(0.1)
    assert settings.rate(9, 0.0) == pytest.approx(1.0)
    assert settings.rate(99, 0.5) == pytest.approx(0.55)
    assert settings.rate(100, 1.0) == pytest.approx(0.1)
    assert settings.progress(20, 300.0) == 0.5 and settings.progress(80, 300.0) == 0.8


def test_a_checkpoint_of_other_networks_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="nothing was trained"):
        load_ema(tmp_path)
    train(Small(), Lines(), replace(SETTINGS, max_steps=1), tmp_path)
    other = Small()
    other.g[0] = nn.Conv2d(3, 4, 5, padding=2)
    with pytest.raises(BenchError, match="other networks"):
        train(other, Lines(), SETTINGS, tmp_path)
    (tmp_path / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(BenchError, match="damaged"):
        load_ema(tmp_path)


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(BenchError, match="would never end"):
        LoopSettings(batch_size=1)
    with pytest.raises(BenchError, match="precision 'fp8'"):
        LoopSettings(batch_size=1, max_steps=1, precision="fp8")


def test_mixed_precision_keeps_full_weights(tmp_path: Path) -> None:
    train(Small(), Lines(), replace(SETTINGS, precision="bf16-mixed", max_steps=2), tmp_path)
    assert load_ema(tmp_path)["g"]["0.weight"].dtype == torch.float32
