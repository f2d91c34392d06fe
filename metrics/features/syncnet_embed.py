"""SyncNet's embeddings of whole clips, in pieces of bounded size: memory does not grow with the length of a clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from metrics.features.syncnet import SyncNet
from metrics.features.syncnet_layout import EMBEDDING, SIZE, WINDOW

CHUNK = 20
"""Windows that pass the network together."""

Crop = NDArray[np.uint8]


class FlatLips(nn.Module):
    """SyncNet's lip tower as plane convolutions, batch normalization folded in: the same numbers, faster on a CPU.

    Every layer but the first looks at one moment only, and the first at five frames of three colours: a plane convolution of
    15 channels. Windows share no product (each weight of the first layer meets another frame in each window), so what is
    saved is the copying of frames and the passes over memory, not arithmetic. `python -m bench.benchmark_sync` measures it.
    """

    def __init__(self, network: SyncNet) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        parts = list(network.netcnnlip)
        for part, after in zip(parts, [*parts[1:], None], strict=True):
            if isinstance(part, nn.Conv3d) and isinstance(after, nn.BatchNorm3d):
                layers += [_folded(part, after), nn.ReLU(inplace=True)]
            elif isinstance(part, nn.MaxPool3d):
                # Largest first, then ReLU: the same values from a quarter of the work.
                layers.insert(-1, _flat_pool(part))
        self.convolutions = nn.Sequential(*layers)
        self.head = network.netfclip

    def forward(self, windows: Tensor) -> Tensor:
        """``(B, 15, 224, 224)``: five frames of B, G, R in 0..255 -> ``(B, 1024)``."""
        out: Tensor = self.head(self.convolutions(windows).flatten(1))
        return out


def _folded(convolution: nn.Conv3d, norm: nn.BatchNorm3d) -> nn.Conv2d:
    """``norm(convolution(x))`` as one plane convolution, the moments of its kernel beside each other as channels."""
    assert norm.running_mean is not None and norm.running_var is not None and convolution.bias is not None
    weight = convolution.weight
    flat = nn.Conv2d(
        weight.shape[1] * weight.shape[2],
        weight.shape[0],
        (weight.shape[3], weight.shape[4]),
        stride=(convolution.stride[1], convolution.stride[2]),
        padding=(int(convolution.padding[1]), int(convolution.padding[2])),
        device="meta",
    )
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    folded = (weight * scale[:, None, None, None, None]).transpose(1, 2).flatten(1, 2)
    shift = (convolution.bias - norm.running_mean) * scale + norm.bias
    flat.weight = nn.Parameter(folded.detach().contiguous(memory_format=torch.channels_last), requires_grad=False)
    flat.bias = nn.Parameter(shift.detach(), requires_grad=False)
    return flat


def _flat_pool(pool: nn.MaxPool3d) -> nn.MaxPool2d:
    kernel, stride, padding = (
        value[1:] if isinstance(value, tuple) else (value, value)
        for value in (pool.kernel_size, pool.stride, pool.padding)
    )
    return nn.MaxPool2d(kernel, stride, padding)


class SyncEmbedder:
    """Lip and sound embeddings of one clip with one network.

    Args:
        network: SyncNet in evaluation mode. chunk: windows that pass together; the result does not depend on it.
    """

    def __init__(self, network: SyncNet, chunk: int = CHUNK) -> None:
        if chunk < 1:
            raise ValueError(f"chunk must be at least 1 window, got {chunk}")
        self.network = network
        self.flat = FlatLips(network).eval()
        self.chunk = chunk
        parameter = next(network.parameters())
        self.device, self.dtype = parameter.device, parameter.dtype

    def lips(self, crops: Iterable[Crop]) -> NDArray[np.floating]:
        """Crops ``(224, 224, 3)`` uint8 **BGR**, 25 a second -> ``(T - 4, 1024)``; row t sees the crops t to t + 4.

        Fewer than five crops give no row. At most ``chunk + 4`` crops are held.

        Raises:
            ValueError: a crop of another size or type.
        """
        rows = [self._lips(piece) for piece in _pieces(crops, self.chunk)]
        return np.concatenate(rows) if rows else np.empty((0, EMBEDDING), np.float32)

    def _lips(self, crops: NDArray[np.uint8]) -> NDArray[np.floating]:
        with torch.inference_mode():
            # (N, H, W, 3, 5) views of the same frames; then the five moments before the colours, as channels last.
            windows = torch.from_numpy(crops).to(self.device).unfold(0, WINDOW, 1).permute(0, 1, 2, 4, 3)
            channels = windows.flatten(3).permute(0, 3, 1, 2)
            out: NDArray[np.floating] = self.flat(channels.to(self.dtype)).cpu().numpy()
        return out

    def sound(self, windows: NDArray[np.floating]) -> NDArray[np.floating]:
        """Windows of MFCC ``(N, 13, 20)`` (`metrics.lse.sound_windows`) -> ``(N, 1024)``."""
        rows = []
        with torch.inference_mode():
            for start in range(0, len(windows), 4 * self.chunk):
                piece = np.ascontiguousarray(windows[start : start + 4 * self.chunk, None])
                rows.append(self.network.sound(torch.from_numpy(piece).to(self.device, self.dtype)).cpu().numpy())
        return np.concatenate(rows) if rows else np.empty((0, EMBEDDING), np.float32)


def _pieces(crops: Iterable[Crop], chunk: int) -> Iterator[NDArray[np.uint8]]:
    """Runs of at most ``chunk + 4`` crops, each beginning with the last 4 of the one before, so that no window is cut."""
    held: list[Crop] = []
    for crop in crops:
        if crop.shape != (SIZE, SIZE, 3) or crop.dtype != np.uint8:
            raise ValueError(f"expected crops (224, 224, 3) uint8, got {crop.shape} {crop.dtype}")
        held.append(crop)
        if len(held) == chunk + WINDOW - 1:
            yield np.stack(held)
            held = held[chunk:]
    if len(held) >= WINDOW:
        yield np.stack(held)
