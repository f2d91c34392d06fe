"""Perceptual loss of face-vid2vid (arXiv 2011.15126, section 3.3): L1 between the features of two images.

The feature networks are given by architecture; their trained weights come in as tensors. Both take images in 0..1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Network = TypeVar("Network", bound=nn.Module)

VGG19_LAYERS = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512)  # 0 is a max pool
VGG19_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
ALEXNET_CHANNELS = (64, 192, 384, 256, 256)
ALEXNET_KERNELS = (11, 5, 3, 3, 3)
ALEXNET_KEYS = ("slice1.0", "slice2.5", "slice3.9", "slice4.11", "slice5.13")


class VGG19Features(nn.Module):
    """VGG19 (Simonyan and Zisserman 2014) up to relu5_1: ``(B, 3, H, W)`` -> relu1_1, 2_1, 3_1, 4_1 and 5_1.

    Modules are named as in torchvision's `vgg19`.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        taps: list[int] = []
        inputs = 3
        for channels in VGG19_LAYERS:
            if channels == 0:
                layers.append(nn.MaxPool2d(2))
                continue
            if not layers or isinstance(layers[-1], nn.MaxPool2d):
                taps.append(len(layers) + 1)
            layers += [nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU()]
            inputs = channels
        self.features = nn.Sequential(*layers)
        self.taps = frozenset(taps)

    @classmethod
    def from_torchvision(cls, state: Mapping[str, Tensor]) -> VGG19Features:
        """From the state dict of torchvision's `vgg19` (keys ``features.0.weight`` ...).

        Raises:
            ValueError: a tensor is missing or has another shape.
        """
        return _filled(cls(), state, "torchvision's vgg19")

    def forward(self, x: Tensor) -> list[Tensor]:
        x = imagenet_normalized(x)
        found = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                found.append(x)
        return found


class AlexNetFeatures(nn.Module):
    """AlexNet as the shift-tolerant LPIPS lays it out (Ghildyal and Liu, ECCV 2022): ``(B, 3, H, W)`` -> five layers.

    The first convolution has stride 1; every reduction is a blur. About a tenth of the work of `VGG19Features`.
    """

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *ALEXNET_CHANNELS[:-1])
        paddings = (2, 2, 1, 1, 1)
        layers = zip(inputs, ALEXNET_CHANNELS, ALEXNET_KERNELS, paddings, strict=True)
        self.convolutions = nn.ModuleList(nn.Conv2d(i, o, kernel, padding=padding) for i, o, kernel, padding in layers)

    @classmethod
    def from_stlpips(cls, state: Mapping[str, Tensor]) -> AlexNetFeatures:
        """From the state dict of ST-LPIPS' shift-tolerant AlexNet (keys ``net.slice1.0.weight`` ...).

        Raises:
            ValueError: a tensor is missing or has another shape.
        """
        names = [
            (f"convolutions.{i}.{part}", f"net.{key}.{part}")
            for i, key in enumerate(ALEXNET_KEYS)
            for part in ("weight", "bias")
        ]
        return _filled(cls(), {ours: state[theirs] for ours, theirs in names if theirs in state}, "ST-LPIPS' AlexNet")

    def forward(self, x: Tensor) -> list[Tensor]:
        one, two, three, four, five = self.convolutions
        first = functional.relu(blurred_half(one(imagenet_normalized(x))))
        second = functional.relu(two(blurred_half(functional.max_pool2d(first, 3, 1))))
        third = functional.relu(three(blurred_half(functional.max_pool2d(second, 3, 1))))
        fourth = functional.relu(four(third))
        return [first, second, third, fourth, functional.relu(five(fourth))]


class PerceptualLoss(nn.Module):
    """Weighted L1 between the layers of two images, summed over an image pyramid.

    The feature network is frozen: it passes gradients to the prediction and learns nothing.

    Args:
        features: images ``(B, 3, H, W)`` in 0..1 -> one tensor a layer.
        weights: one a layer; layers after the last that counts should not be computed by `features`.
        factors: by how much each level of the pyramid is smaller than the image, such as ``(1, 2, 4, 8)``.

    Raises:
        ValueError: no layer or no level.
    """

    def __init__(self, features: nn.Module, weights: Sequence[float], factors: Sequence[int] = (1,)) -> None:
        super().__init__()
        if not weights or not factors or min(factors) < 1:
            raise ValueError(f"PerceptualLoss wants layer weights and factors of 1 and up, found {weights}, {factors}")
        self.features = features.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.weights = tuple(weights)
        self.factors = tuple(factors)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Distance, a scalar, of two batches ``(B, 3, H, W)`` in 0..1; 0 for equal ones."""
        total = prediction.new_zeros(())
        for factor in self.factors:
            with torch.no_grad():
                wanted = self.features(reduced(target, factor))
            made = self.features(reduced(prediction, factor))
            for weight, one, other in zip(self.weights, made, wanted, strict=True):
                total = total + weight * functional.l1_loss(one, other)
        return total


def reduced(image: Tensor, factor: int) -> Tensor:
    """``(B, C, H, W)`` -> ``(B, C, H / factor, W / factor)``, averaged."""
    return functional.avg_pool2d(image, factor) if factor > 1 else image


def imagenet_normalized(image: Tensor) -> Tensor:
    """``(B, 3, H, W)`` in 0..1 -> the statistics that ImageNet classifiers were trained with."""
    mean = image.new_tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    return (image - mean) / image.new_tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def blurred_half(x: Tensor) -> Tensor:
    """Half of ``(B, C, H, W)`` through [1 2 1] squared, padded by two reflected pixels."""
    channels = x.shape[1]
    line = x.new_tensor([0.25, 0.5, 0.25])
    kernel = torch.outer(line, line).expand(channels, 1, 3, 3)
    return functional.conv2d(functional.pad(x, (2, 2, 2, 2), "reflect"), kernel, stride=2, groups=channels)


def _filled(network: Network, state: Mapping[str, Tensor], what: str) -> Network:
    wanted = network.state_dict()
    wrong = sorted(key for key, value in wanted.items() if key not in state or state[key].shape != value.shape)
    if wrong:
        raise ValueError(f"the weights are not those of {what}: missing or of another shape: {', '.join(wrong[:4])}")
    network.load_state_dict({key: state[key] for key in wanted})
    return network
