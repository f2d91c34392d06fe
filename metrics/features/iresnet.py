"""The ResNet of ArcFace (Deng et al. 2019), in the two depths that insightface publishes as ``backbone.pth``.

Modules are named as in insightface's ``arcface_torch``, so a published state dict loads as it is.
"""

from __future__ import annotations

from torch import Tensor, nn

SIZE = 112
EMBEDDING = 512
WIDTHS = (64, 128, 256, 512)
DEPTHS = {"r50": (3, 4, 14, 3), "r100": (3, 13, 30, 3)}


class Block(nn.Module):
    """Normalization, convolution, normalization, PReLU, strided convolution, normalization; added to the input."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        y = self.bn3(self.conv2(y))
        shortcut: Tensor = x if self.downsample is None else self.downsample(x)
        return y + shortcut


class IResNet(nn.Module):
    """``(B, 3, 112, 112)`` RGB in -1..1 -> embeddings ``(B, 512)``, not normalized.

    Args:
        depth: ``r50`` or ``r100``.
    """

    def __init__(self, depth: str) -> None:
        super().__init__()
        inputs = WIDTHS[0]
        self.conv1 = nn.Conv2d(3, inputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.prelu = nn.PReLU(inputs)
        for k, (width, blocks) in enumerate(zip(WIDTHS, DEPTHS[depth], strict=True), start=1):
            layer = [Block(inputs, width, 2), *(Block(width, width, 1) for _ in range(blocks - 1))]
            self.add_module(f"layer{k}", nn.Sequential(*layer))
            inputs = width
        self.bn2 = nn.BatchNorm2d(inputs)
        self.fc = nn.Linear(inputs * (SIZE // 16) ** 2, EMBEDDING)
        self.features = nn.BatchNorm1d(EMBEDDING)

    def forward(self, x: Tensor) -> Tensor:
        x = self.prelu(self.bn1(self.conv1(x)))
        for k in range(1, len(WIDTHS) + 1):
            x = self.get_submodule(f"layer{k}")(x)
        out: Tensor = self.features(self.fc(self.bn2(x).flatten(1)))
        return out
