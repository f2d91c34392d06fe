"""A trained SPACE, ready to run: from a folder of weights and its recipe."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import torch
from torch import nn

from bench.assets import open_store
from bench.errors import BenchError, nearest
from bench.space import weights
from bench.space.recipe import load_recipe
from bench.space.variants import variant, weight_files
from bench.store import digest
from metrics.features.canonical import canonical_face
from space_ref.config import SpaceConfig
from space_ref.model import Space

RECIPE = "recipe.yaml"
"""The recipe that the weights of a folder were made by; lies beside them."""


@dataclass(frozen=True, eq=False)
class Pretrained:
    """A model and what a version string says of it."""

    space: Space
    identity: str


def load_space(name: str, variant_name: str = "full", device: str = "cpu", vid2vid: Path | None = None) -> Pretrained:
    """Load the shipped weights of a name (``small``), or those of a folder that `export` wrote.

    Args:
        name: a shipped model, or the path of a folder. variant_name: see `VARIANTS`.
        device: ``cpu`` or ``cuda``.
        vid2vid: other weights of face-vid2vid, ours or a public checkpoint; they must fit the recipe.

    Raises:
        BenchError: unknown name, missing or unfit files.
    """
    folder = weights_folder(name)
    change, files = variant(variant_name), weight_files(variant_name)
    config = change.change(load_recipe(str(folder / RECIPE)).model)
    space = build(config)
    known = []
    for network, (module, part) in networks(space).items():
        if network == "vid2vid" and vid2vid is not None:
            weights.load_vid2vid(vid2vid, module, part, device)
        else:
            weights.load(_verified(name, folder / files[network]), module, part, device)
        known.append(weights.identity(module))
    return Pretrained(
        space.eval().requires_grad_(False).to(device), digest([variant_name, weights.plain(config), known])
    )


def _verified(name: str, path: Path) -> Path:
    """A shipped file is what the manifest says; a folder of one's own is taken as it is."""
    if name not in _shipped_names():
        return path
    return open_store().path(f"space_{name}_{path.stem}".replace("-", "_"))


def _shipped() -> Path:
    return Path(str(resources.files("space_ref"))) / "pretrained"


def _shipped_names() -> list[str]:
    return sorted(path.parent.name for path in _shipped().glob(f"*/{RECIPE}"))


def networks(space: Space) -> dict[str, tuple[nn.Module, object]]:
    """Each network of a model with its configuration, by the name of its weights (`NETWORKS`)."""
    config = space.config
    return {
        "speech2landmarks": (space.speech, config.speech),
        "pose": (space.pose, config.pose),
        "landmarks2latents": (space.latents, config.latents),
        "vid2vid": (space.vid2vid, config.vid2vid),
    }


def build(config: SpaceConfig) -> Space:
    """An untrained model with the suite's canonical face as its reference."""
    return Space(config, reference())


def reference() -> torch.Tensor:
    """The suite's canonical face ``(478, 3)``, against which head pose is measured."""
    return torch.tensor(canonical_face(), dtype=torch.float32)


def weights_folder(name: str) -> Path:
    """Where the weights of a name are.

    Raises:
        BenchError: neither a shipped model nor a folder with a recipe.
    """
    known = _shipped_names()
    folder = _shipped() / name if name in known else Path(name)
    if not (folder / RECIPE).is_file():
        raise BenchError(
            f"no weights of SPACE under {name!r}. {nearest(name, known)} "
            f"Or give a folder that `space-bench train export` wrote (it holds {RECIPE})."
        )
    return folder
