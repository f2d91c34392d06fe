"""The model and the ablations of the paper's supplement: what each changes, and which weights it has of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bench.errors import unknown
from space_ref.config import SpaceConfig

NETWORKS = ("speech2landmarks", "pose", "landmarks2latents", "vid2vid")


@dataclass(frozen=True)
class Variant:
    """One form of the model.

    Attributes:
        summary: what it lacks. change: its configuration, given the full model's.
        own: the network that is trained anew for it; the others are the full model's. None for the full model.
    """

    summary: str
    change: Callable[[SpaceConfig], SpaceConfig]
    own: str | None = None


VARIANTS: dict[str, Variant] = {
    "full": Variant("all stages", lambda config: config),
    "no-audio": Variant(
        "Landmarks2Latents hears nothing",
        lambda config: replace(config, latents=replace(config.latents, use_audio=False)),
        "landmarks2latents",
    ),
    "no-landmarks": Variant(
        "Landmarks2Latents sees no landmarks",
        lambda config: replace(config, latents=replace(config.latents, use_landmarks=False)),
        "landmarks2latents",
    ),
    "no-normalization": Variant(
        "landmarks keep the head pose",
        lambda config: replace(config, normalize=False),
        "speech2landmarks",
    ),
}


def variant(name: str) -> Variant:
    """Raises `BenchError` for an unknown name, with the nearest one."""
    if name not in VARIANTS:
        raise unknown("variant of SPACE", name, VARIANTS)
    return VARIANTS[name]


def weight_files(name: str) -> dict[str, str]:
    """File of each network for a variant."""
    own = variant(name).own
    return {
        network: f"{network}-{name}.safetensors" if network == own else f"{network}.safetensors" for network in NETWORKS
    }
