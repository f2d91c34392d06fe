"""Head pose and expression of a picture."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from space_ref.vid2vid.config import Vid2VidConfig


class HeadEstimate(NamedTuple):
    """What `HEEstimator` says of B pictures.

    Attributes:
        yaw, pitch, roll: ``(B, bins)`` logits; `transform.degrees` makes angles of them.
        t: ``(B, 3)`` translation in [-1, 1] coordinates.
        exp: ``(B, K * 3)`` displacement of each keypoint by the expression.
    """

    yaw: Tensor
    pitch: Tensor
    roll: Tensor
    t: Tensor
    exp: Tensor


class HEEstimator(nn.Module):
    """``(B, 3, S, S)`` in 0..1 -> `HeadEstimate`, by a bottleneck ResNet with a widening 1x1 convolution a stage."""

    folds = tuple((f"conv{i}", f"norm{i}") for i in range(1, 6))

    def __init__(self, config: Vid2VidConfig) -> None:
        super().__init__()
        part = config.head
        self.conv1 = nn.Conv2d(3, part.block_expansion, 7, stride=2, padding=3)
        self.norm1 = nn.BatchNorm2d(part.block_expansion)
        features = [part.max_features // 8, part.max_features // 4, part.max_features // 2, part.max_features]
        inputs = part.block_expansion
        # Published names: block1 is the first stage; of the others the halving block and the rest count alone.
        for stage, (outputs, depth) in enumerate(zip(features, part.depths, strict=True)):
            self.add_module(f"conv{stage + 2}", nn.Conv2d(inputs, outputs, 1))
            self.add_module(f"norm{stage + 2}", nn.BatchNorm2d(outputs))
            if stage:
                self.add_module(f"block{2 * stage}", Bottleneck(outputs, stride=2))
            rest = 2 * stage + 1
            blocks = nn.Sequential()
            for i in range(depth - (stage > 0)):
                blocks.add_module(f"b{rest}_{i}", Bottleneck(outputs))
            self.add_module(f"block{rest}", blocks)
            inputs = outputs
        self.fc_roll = nn.Linear(inputs, part.num_bins)
        self.fc_pitch = nn.Linear(inputs, part.num_bins)
        self.fc_yaw = nn.Linear(inputs, part.num_bins)
        self.fc_t = nn.Linear(inputs, 3)
        self.fc_exp = nn.Linear(inputs, 3 * config.num_kp)

    def forward(self, image: Tensor) -> HeadEstimate:
        x = functional.max_pool2d(functional.relu_(self.norm1(self.conv1(image))), 3, stride=2, padding=1)
        for stage in range(4):
            widen, norm = self.get_submodule(f"conv{stage + 2}"), self.get_submodule(f"norm{stage + 2}")
            x = functional.relu_(norm(widen(x)))
            if stage:
                x = self.get_submodule(f"block{2 * stage}")(x)
            x = self.get_submodule(f"block{2 * stage + 1}")(x)
        x = x.mean(dim=(2, 3))
        # Yaw comes from fc_roll and roll from fc_yaw: the public code trained it so, and its weights rely on it.
        heads = (self.fc_roll, self.fc_pitch, self.fc_yaw, self.fc_t, self.fc_exp)
        return HeadEstimate(*(head(x).to(image.dtype) for head in heads))


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions, each with batch norm, added to the input; a quarter of the channels inside."""

    folds = (("conv1", "norm1"), ("conv2", "norm2"), ("conv3", "norm3"), ("skip", "norm4"))

    def __init__(self, features: int, stride: int = 1) -> None:
        super().__init__()
        inner = features // 4
        self.conv1 = nn.Conv2d(features, inner, 1)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride=stride, padding=1)
        self.conv3 = nn.Conv2d(inner, features, 1)
        self.norm1 = nn.BatchNorm2d(inner)
        self.norm2 = nn.BatchNorm2d(inner)
        self.norm3 = nn.BatchNorm2d(features)
        self.halves = stride > 1
        if self.halves:
            self.skip = nn.Conv2d(features, features, 1, stride=stride)
            self.norm4 = nn.BatchNorm2d(features)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu_(self.norm1(self.conv1(x)))
        y = functional.relu_(self.norm2(self.conv2(y)))
        y = self.norm3(self.conv3(y))
        return functional.relu_(y + (self.norm4(self.skip(x)) if self.halves else x))
