"""Inputs of one network from several videos, run on full batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.features.base import FrameNetwork, PairNetwork

MOST_BYTES = 64 * 2**20
"""A batch that holds so much is run though it is not full: sixteen pairs of 4K frames would be 800 MB, twice over."""


@dataclass
class Collected:
    """Outputs of one network for one video, in the order in which its frames were seen."""

    at: list[int] = field(default_factory=list)
    rows: dict[int, NDArray[Any]] = field(default_factory=dict)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """``values`` ``(N, D)`` float32 and the frames that they are of, ``at`` ``(N,)``."""
        at = np.asarray(sorted(self.at), np.int64)
        return {"values": np.stack([self.rows[index] for index in at]).astype(np.float32), "at": at}


class Batcher:
    """Collects inputs of one network from all videos of a group and runs it on full batches."""

    def __init__(self, network: FrameNetwork | PairNetwork, size: int) -> None:
        self.network: Any = network  # The two kinds differ in the second argument of `prepare` only.
        self.size = size
        self.inputs: list[NDArray[Any]] = []
        self.owners: list[tuple[Collected, int]] = []

    def add(self, owner: Collected, frame: int, data: NDArray[Any]) -> None:
        if self.inputs and self.inputs[0].shape != data.shape:
            self.flush()  # Pairs of another size: only equal shapes stack.
        owner.at.append(frame)
        self.inputs.append(data)
        self.owners.append((owner, frame))
        if len(self.inputs) >= self.size or len(self.inputs) * data.nbytes >= MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        if self.inputs:
            outputs = np.asarray(self.network.forward(np.stack(self.inputs)))
            for (owner, frame), row in zip(self.owners, outputs, strict=True):
                owner.rows[frame] = row
        self.inputs, self.owners = [], []
