"""Wall time inside network forwards, counted from outside: nothing is in the way of a network while no counter is open."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from torch.nn.modules import module as hooks

TRACKER, NETWORKS = "face tracker", "networks"

ENTRIES: tuple[tuple[str, str, str, str], ...] = (
    (TRACKER, "mediapipe.python.solution_base", "SolutionBase", "process"),
    (NETWORKS, "metrics.features.onnx_file", "OnnxNetwork", "__call__"),
    (NETWORKS, "metrics.features.dlib_identity", "DlibIdentity", "forward"),
)
"""Networks that are no torch modules: what they count as, module, class, method. All torch modules are counted by hooks."""


@dataclass
class ForwardTime:
    """Attributes:
    seconds: wall time in forwards, by kind. calls: how many there were.
    """

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _depth: int = 0
    _start: float = 0.0

    def enter(self) -> None:
        """A network begins; what it calls belongs to it."""
        if self._depth == 0:
            self._start = time.perf_counter()
        self._depth += 1

    def leave(self, kind: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self.seconds[kind] += time.perf_counter() - self._start
            self.calls[kind] += 1


@contextmanager
def counting() -> Iterator[ForwardTime]:
    """Counts the forwards of this thread while the block runs."""
    found = ForwardTime()
    with ExitStack() as stack:
        before = hooks.register_module_forward_pre_hook(lambda module, _: _enter(found))
        # `always_call`: a forward that fails has left, too.
        after = hooks.register_module_forward_hook(lambda module, _, out: found.leave(NETWORKS), always_call=True)
        stack.callback(before.remove)
        stack.callback(after.remove)
        for kind, place, owner, name in ENTRIES:
            stack.enter_context(_wrapped(getattr(import_module(place), owner), name, kind, found))
        yield found


def _enter(found: ForwardTime) -> None:
    found.enter()


@contextmanager
def _wrapped(owner: Any, name: str, kind: str, found: ForwardTime) -> Iterator[None]:
    usual: Callable[..., Any] = getattr(owner, name)

    def timed(*arguments: Any, **named: Any) -> Any:
        found.enter()
        try:
            return usual(*arguments, **named)
        finally:
            found.leave(kind)

    setattr(owner, name, timed)
    try:
        yield
    finally:
        setattr(owner, name, usual)
