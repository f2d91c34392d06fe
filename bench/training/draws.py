"""Which clip a draw takes, and its randomness: a function of the seed and the number of the draw, of nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Sample = dict[str, Tensor]


class Draws:
    """Numbers of draws, 0 and up without end, to clips. Workers and resumed runs that draw number n draw the same.

    An epoch of `len` draws gives every clip its share once, in an order of its own: a clip of twice the length comes
    twice as often.

    Args:
        lengths: of the clips, in frames. frames: how many of them make one draw. seed: of order and randomness.
    """

    def __init__(self, lengths: Sequence[int], frames: int, seed: int) -> None:
        shares = np.maximum(1, np.round(np.asarray(lengths) / frames)).astype(int)
        self._slots = np.repeat(np.arange(len(shares)), shares)
        self._seed = seed
        self._epoch = -1
        self._order: NDArray[np.intp] = self._slots

    def __len__(self) -> int:
        return len(self._slots)

    def clip(self, number: int) -> int:
        """Index of the clip that draw `number` takes."""
        epoch, place = divmod(number, len(self._slots))
        if epoch != self._epoch:
            self._order = np.random.default_rng([self._seed, 0, epoch]).permutation(self._slots)
            self._epoch = epoch
        return int(self._order[place])

    def random(self, number: int) -> np.random.Generator:
        """All other choices of draw `number`."""
        return np.random.default_rng([self._seed, 1, number])
