"""Adversarial losses of face-vid2vid (arXiv 2011.15126, section 3.3): hinge and feature matching.

A critic answers with one map of scores a scale; each scale counts with the mean of its map, scales are summed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def critic_hinge(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """What a critic minimizes: scores of real images below 1 and of made ones above -1. Scalar, 0 and up."""
    margins = [functional.relu(1 - r).mean() + functional.relu(1 + f).mean() for r, f in zip(real, fake, strict=True)]
    return torch.stack(margins).sum()


def generator_hinge(fake: Sequence[Tensor]) -> Tensor:
    """What a generator minimizes: minus the mean score of its images. Scalar."""
    return -torch.stack([scores.mean() for scores in fake]).sum()


def feature_matching(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """L1 between a critic's layers for real and made images, summed over layers (Wang et al., CVPR 2018). Scalar."""
    return torch.stack([functional.l1_loss(f, r.detach()) for r, f in zip(real, fake, strict=True)]).sum()
