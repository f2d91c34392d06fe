"""SyncNet v2 (Chung and Zisserman 2016): embeddings of five lip frames and of 0.2 s of sound that are near where both go together.

Layers and tensor names are those of the published ``syncnet_v2.model`` (github.com/joonson/syncnet_python, MIT).
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from metrics.features.syncnet_layout import EMBEDDING, WINDOW
from metrics.features.weights import fill, load_state


class SyncNet(nn.Module):
    """Two towers that end in 1024 numbers each, not normalized."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_convolution2d(1, 64, 3, 1),
            nn.MaxPool2d(1),
            *_convolution2d(64, 192, 3, 1),
            nn.MaxPool2d(3, (1, 2)),
            *_convolution2d(192, 384, 3, 1),
            *_convolution2d(384, 256, 3, 1),
            *_convolution2d(256, 256, 3, 1),
            nn.MaxPool2d(3, 2),
            *_convolution2d(256, 512, (5, 4), 0),
        )
        self.netfcaud = _head()
        self.netfclip = _head()
        self.netcnnlip = nn.Sequential(
            *_convolution3d(3, 96, (WINDOW, 7, 7), 2, 0),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_convolution3d(96, 256, (1, 5, 5), 2, 1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_convolution3d(256, 256, (1, 3, 3), 1, 1),
            *_convolution3d(256, 256, (1, 3, 3), 1, 1),
            *_convolution3d(256, 256, (1, 3, 3), 1, 1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_convolution3d(256, 512, (1, 6, 6), 1, 0),
        )

    def sound(self, mfcc: Tensor) -> Tensor:
        """Windows ``(B, 1, 13, 20)`` of MFCC -> ``(B, 1024)``."""
        out: Tensor = self.netfcaud(self.netcnnaud(mfcc).flatten(1))
        return out

    def lip_features(self, frames: Tensor) -> Tensor:
        """Frames ``(B, 3, T, 224, 224)``, BGR 0..255 -> what the convolutions say of each window, ``(B, T - 4, 512)``."""
        out: Tensor = self.netcnnlip(frames)
        return out.flatten(2).transpose(1, 2)

    def lips(self, frames: Tensor) -> Tensor:
        """Frames ``(B, 3, T, 224, 224)``, BGR 0..255 -> ``(B, T - 4, 1024)``: row t sees the frames t to t + 4."""
        features = self.lip_features(frames)
        out: Tensor = self.netfclip(features.flatten(0, 1))
        return out.unflatten(0, features.shape[:2])


def _convolution2d(inputs: int, outputs: int, kernel: int | tuple[int, int], padding: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, kernel, padding=padding), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def _convolution3d(
    inputs: int, outputs: int, kernel: tuple[int, int, int], stride: int, padding: int
) -> list[nn.Module]:
    """In time always stride 1 and no padding, so a clip may pass as a whole, not window by window."""
    convolution = nn.Conv3d(inputs, outputs, kernel, (1, stride, stride), (0, padding, padding))
    return [convolution, nn.BatchNorm3d(outputs), nn.ReLU(inplace=True)]


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, EMBEDDING))


def load_syncnet(path: Path, device: str = "cpu") -> SyncNet:
    """The network with the weights of ``syncnet_v2.model``, frozen, in evaluation mode.

    Raises:
        WeightsError: the file cannot be read as weights, or belongs to another network: the names that differ are listed.
    """
    network = SyncNet()
    fill(network, load_state(path), path, device)
    return network
