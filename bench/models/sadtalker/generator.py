"""SadTalker's generator: face-vid2vid's with the SPADE decoder, where motions with hardly any share in a cell are left out."""

from __future__ import annotations

import torch
from torch import Tensor

from space_ref.vid2vid import vox_256_spade
from space_ref.vid2vid.dense_motion import DenseMotionNetwork, Motion
from space_ref.vid2vid.generator import SPADEGenerator
from space_ref.vid2vid.grid import grid

LEAST_SHARE = 1e-3


class ThresholdedMotion(DenseMotionNetwork):
    """Shares below `LEAST_SHARE` move nothing. The rest is not made to sum to 1 again: the published weights rely on it."""

    def forward(self, feature: Tensor, kp_driving: Tensor, kp_source: Tensor) -> Motion:
        """As `DenseMotionNetwork`; the mask in the result is the one before."""
        motion = super().forward(feature, kp_driving, kp_source)
        shares = torch.where(motion.mask < LEAST_SHARE, 0, motion.mask)
        moved = torch.einsum("bkdhw,bki->bidhw", shares[:, 1:], kp_source - kp_driving)
        # What the shares lack to 1, the cell's own place lacks too.
        lacking = shares.sum(dim=1, keepdim=True) - 1
        return motion._replace(offset=moved + lacking * grid(motion.offset.shape[2:], moved))


class SadTalkerGenerator(SPADEGenerator):
    """Under the published tensor names, which are face-vid2vid's."""

    def __init__(self) -> None:
        config = vox_256_spade()
        super().__init__(config)
        self.dense_motion_network = ThresholdedMotion(config)
