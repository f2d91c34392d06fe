"""Embeddings do not depend on how a clip is cut into pieces, nor on the form of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from metrics.features.syncnet import SyncNet, load_syncnet
from metrics.features.syncnet_embed import SyncEmbedder
from metrics.features.weights import WeightsError

Make = Callable[..., SyncEmbedder]


def apart(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Largest difference over the largest magnitude."""
    assert one.shape == other.shape
    return float(np.abs(one - other).max() / np.abs(other).max())


def windowed(embedder: SyncEmbedder, frames: NDArray[np.uint8]) -> NDArray[np.floating]:
    """As the public code does it: windows cut out, the 3D network on each."""
    video = torch.from_numpy(frames).permute(3, 0, 1, 2)[None].float()
    rows = [embedder.network.lips(video[:, :, f : f + 5])[0] for f in range(len(frames) - 4)]
    return torch.cat(rows).numpy()


@pytest.mark.slow
def test_lips_do_not_depend_on_the_pieces(make_embedder: Make, moving: NDArray[np.uint8]) -> None:
    expected = windowed(make_embedder(), moving[:16])
    for chunk in (1, 7, 64):
        found = make_embedder(chunk).lips(iter(moving[:16]))
        assert found.dtype == np.float32
        assert apart(found, expected) <= 1e-5


def test_sound_does_not_depend_on_the_pieces(make_embedder: Make) -> None:
    windows = 8 * np.random.default_rng(0).standard_normal((20, 13, 20))
    expected = np.concatenate([make_embedder(1).sound(windows[k : k + 1]) for k in range(20)])
    for chunk in (1, 7, 64):
        assert apart(make_embedder(chunk).sound(windows), expected) <= 1e-5


def test_at_most_a_chunk_of_crops_is_held(make_embedder: Make, moving: NDArray[np.uint8]) -> None:
    given = 0

    def crops() -> Iterator[NDArray[np.uint8]]:
        nonlocal given
        for crop in moving[:12]:
            given += 1
            yield crop

    held = []
    embedder = make_embedder(2)
    forward = embedder.flat.register_forward_hook(lambda module, inputs, out: held.append((given, len(out))))
    assert len(embedder.lips(crops())) == 8
    forward.remove()
    # Each piece is embedded before the next crop is asked for.
    assert held == [(6, 2), (8, 2), (10, 2), (12, 2)]


@pytest.mark.parametrize("count", [0, 1, 4])
def test_fewer_than_five_crops_give_no_row(count: int, make_embedder: Make, moving: NDArray[np.uint8]) -> None:
    assert make_embedder().lips(moving[:count]).shape == (0, 1024)


def test_no_sound_window_gives_no_row(make_embedder: Make) -> None:
    assert make_embedder().sound(np.empty((0, 13, 20))).shape == (0, 1024)


def test_crops_of_another_size_are_refused(make_embedder: Make) -> None:
    with pytest.raises(ValueError, match=r"expected crops \(224, 224, 3\) uint8, got \(96, 96, 3\)"):
        make_embedder().lips([np.zeros((96, 96, 3), np.uint8)])
    with pytest.raises(ValueError, match="chunk must be at least 1"):
        make_embedder(0)


def test_weights_come_back_from_a_file(tmp_path: Path, syncnet: SyncNet) -> None:
    state = {
        name: value.float() if value.is_floating_point() else value for name, value in syncnet.state_dict().items()
    }
    torch.save(state, path := tmp_path / "syncnet_v2.model")
    loaded = load_syncnet(path)
    assert not loaded.training
    assert torch.equal(loaded.netfclip[3].bias, syncnet.netfclip[3].bias.float())


def test_weights_of_another_network_are_named(tmp_path: Path) -> None:
    state = SyncNet().state_dict()
    state["netcnnface.0.weight"] = state.pop("netcnnlip.0.weight")
    torch.save(state, path := tmp_path / "syncnet_v2.model")
    with pytest.raises(WeightsError, match=r"1 missing: netcnnlip\.0\.weight; 1 unknown: netcnnface\.0\.weight"):
        load_syncnet(path)
