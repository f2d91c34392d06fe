"""The counter of forwards counts what it should, once, and leaves nothing behind."""

from __future__ import annotations

import time

import pytest
import torch
from torch import nn

from bench.benchmarks.forwards import NETWORKS, counting


class Slow(nn.Module):
    """Sleeps in an inner module."""

    def __init__(self, inner: bool) -> None:
        super().__init__()
        self.inner = Slow(False) if inner else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        time.sleep(0.02)
        return x if self.inner is None else self.inner(x)


def test_a_network_and_what_it_calls_are_one_forward() -> None:
    begin = time.perf_counter()
    with counting() as found:
        Slow(True)(torch.zeros(1))
        time.sleep(0.05)
        Slow(False)(torch.zeros(1))
    assert found.calls[NETWORKS] == 2
    # All three sleeps are in, what lies between the networks is not.
    assert 0.06 <= found.seconds[NETWORKS] <= time.perf_counter() - begin - 0.05


def test_a_forward_that_fails_has_left() -> None:
    class Broken(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise ValueError("broken")

    with counting() as found:
        with pytest.raises(ValueError, match="broken"):
            Broken()(torch.zeros(1))
        Slow(False)(torch.zeros(1))
    assert found.calls[NETWORKS] == 2


def test_nothing_is_counted_and_no_hook_remains_when_it_is_off() -> None:
    from torch.nn.modules import module

    with counting() as found:
        pass
    Slow(False)(torch.zeros(1))
    assert found.calls == {}
    assert not module._global_forward_hooks and not module._global_forward_pre_hooks
