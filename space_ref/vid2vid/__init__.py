"""face-vid2vid (Wang et al., arXiv 2011.15126): one portrait and keypoints that move in 3D -> frames.

The published numbers are those of the public reimplementation zhanglonghao1992/One-Shot_Free-View_Neural_Talking_Head_Synthesis;
names and shapes of all tensors are its own, so its checkpoints load as they are.
"""

from __future__ import annotations

from space_ref.vid2vid.config import (
    GeneratorConfig,
    HeadConfig,
    KeypointConfig,
    MotionConfig,
    Vid2VidConfig,
    vox_256,
    vox_256_beta,
    vox_256_spade,
)
from space_ref.vid2vid.generator import Rendered
from space_ref.vid2vid.head_pose import HeadEstimate
from space_ref.vid2vid.model import FaceVid2Vid

__all__ = [
    "FaceVid2Vid",
    "GeneratorConfig",
    "HeadConfig",
    "HeadEstimate",
    "KeypointConfig",
    "MotionConfig",
    "Rendered",
    "Vid2VidConfig",
    "vox_256",
    "vox_256_beta",
    "vox_256_spade",
]
