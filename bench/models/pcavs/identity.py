"""PC-AVS: the identity encoder ``V``, a ResNeXt-50 that keeps a small map beside its feature."""

from __future__ import annotations

from torch import Tensor, nn

from bench.models.pcavs.audio import CLASSES
from metrics.features.torchvision_ready import ready_torchvision

FEATURES = 2048


class IdentityEncoder(nn.Module):
    """Who is to speak.

    State-dict compatible with the published ``latest_net_V.pth`` (class ``ResNeXtEncoder`` of Talking-Face_PC-AVS).
    """

    def __init__(self) -> None:
        super().__init__()
        ready_torchvision()
        from torchvision.models.resnet import Bottleneck, ResNet

        self.model = ResNet(Bottleneck, [3, 4, 6, 3], groups=32, width_per_group=4)
        self.conv1x1 = nn.Conv2d(FEATURES, 512, 1)
        self.fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """``(B, 3, 224, 224)`` RGB in -1..1 -> feature ``(B, 2048)``, map ``(B, 512, 7, 7)``."""
        net = self.model
        x = net.maxpool(net.relu(net.bn1(net.conv1(picture))))
        x = net.layer4(net.layer3(net.layer2(net.layer1(x))))
        return x.mean(dim=(2, 3)), self.conv1x1(x)
