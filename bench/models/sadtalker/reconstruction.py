"""Deep3DFaceRecon (Deng et al., CVPRW 2019) as SadTalker uses it: an aligned face to coefficients of a 3D morphable model."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metrics.features.torchvision_ready import ready_torchvision

FEATURES = 2048
_HEADS = {"identity": 80, "expression": 64, "texture": 80, "angle": 3, "light": 27, "place": 2, "depth": 1}
"""Coefficients of each head, in the published order."""
_KEPT = ("expression", "angle", "place", "depth")
"""What moves when somebody speaks; angles are in radians."""


class FaceReconstruction(nn.Module):
    """State-dict compatible with the entry ``face_3drecon`` of the published file: a ResNet-50 and seven heads."""

    def __init__(self) -> None:
        super().__init__()
        ready_torchvision()
        from torchvision.models.resnet import Bottleneck, ResNet

        self.backbone = ResNet(Bottleneck, [3, 4, 6, 3])
        self.backbone.fc = nn.Identity()
        self.final_layers = nn.ModuleList(nn.Conv2d(FEATURES, count, 1) for count in _HEADS.values())

    def forward(self, faces: Tensor) -> Tensor:
        """``(B, 3, 224, 224)`` RGB in 0..1, aligned -> all 257 coefficients ``(B, 257)``."""
        seen = self.backbone(faces)[..., None, None]
        return torch.cat([head(seen) for head in self.final_layers], dim=1).flatten(1)

    def motion(self, faces: Tensor) -> Tensor:
        """What moves of aligned faces, ``(B, 70)``: expression 64, rotation 3, translation 3."""
        found = dict(zip(_HEADS, self(faces).split(list(_HEADS.values()), dim=1), strict=True))
        return torch.cat([found[name] for name in _KEPT], dim=1)
