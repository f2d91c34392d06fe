"""Weights of SPACE on disk: safetensors of our own, and the public face-vid2vid checkpoint. Nothing else is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from bench.errors import BenchError
from bench.store import digest, replacing
from metrics.features.weights import WeightsError, fill, load_nested

VID2VID_PARTS = ("generator", "kp_detector", "he_estimator")
"""Keys of the public checkpoint that hold networks; its optimizers and discriminator are left."""


def save(path: Path, network: nn.Module, config: Any, notes: Mapping[str, Any]) -> None:
    """Write a network as safetensors; its configuration and what is known of its training go into the header.

    Args:
        path: ends in ``.safetensors``. config: the network's configuration (a dataclass).
        notes: JSON-able facts for the model card: data, steps, seconds, machine, losses.

    Raises:
        BenchError: the disk is full or cannot be written.
    """
    state = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    header = {
        "network": type(network).__name__,
        "config": json.dumps(plain(config), sort_keys=True),
        "notes": json.dumps(notes, sort_keys=True),
    }
    with replacing(path) as temporary:
        try:
            save_file(state, temporary, metadata=header)
        except SafetensorError as error:
            raise BenchError(f"cannot write {path}: {error}. Is the disk full?") from error


def load(path: Path, network: nn.Module, config: Any, device: str = "cpu") -> nn.Module:
    """Fill `network` from a file written by `save` and return it frozen, in evaluation mode.

    Raises:
        BenchError: the file is missing, cut off, not safetensors, of another network or configuration (the message
            names the settings and the tensors that differ), or holds values that are not numbers.
    """
    if path.suffix != ".safetensors":
        raise BenchError(
            f"{path}: weights of {type(network).__name__} must be a .safetensors file; "
            "pickled files can carry code and are not read here"
        )
    state, header = _read(path)
    try:
        made_with = json.loads(header.get("config", "{}"))
    except json.JSONDecodeError as error:
        raise BenchError(
            f"{path} was not written by this suite: its header holds no configuration ({error})"
        ) from error
    held, wanted = header.get("network"), type(network).__name__
    if held not in (None, wanted):
        raise BenchError(f"{path} holds a {held}, and a {wanted} was looked for: files were mixed up or renamed")
    differing = _differences(plain(config), _completed(made_with, config))
    if made_with and differing:
        raise BenchError(f"{path} was made with another configuration: {'; '.join(differing)}")
    return _fill(network, state, path, device)


def load_vid2vid(path: Path, network: nn.Module, config: Any, device: str = "cpu") -> nn.Module:
    """Fill a `FaceVid2Vid` from our own file or from a public checkpoint (``.pth``, ``.pth.tar``, ``.pt``).

    Raises:
        BenchError: as `load`; also where a pickled file holds anything but tensors and plain containers.
    """
    if path.suffix == ".safetensors":
        return load(path, network, config, device)
    _must_exist(path)
    try:
        content = load_nested(path)
    except WeightsError as error:
        raise BenchError(str(error)) from error
    absent = [part for part in VID2VID_PARTS if not isinstance(content.get(part), Mapping)]
    if absent:
        found = ", ".join(map(str, content)) or "nothing"
        raise BenchError(f"{path} is no face-vid2vid checkpoint: it lacks {', '.join(absent)}; it holds {found}")
    state = {
        f"{part}.{str(name).removeprefix('module.')}": value
        for part in VID2VID_PARTS
        for name, value in content[part].items()
    }
    strange = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if strange:
        raise BenchError(f"{path}: expected tensors alone in its networks, and {strange[0]} is none")
    return _fill(network, state, path, device)


def identity(network: nn.Module) -> str:
    """What a version string says of a network: digest of its tensors' names and bytes."""
    whole = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        whole.update(name.encode())
        whole.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return whole.hexdigest()[:12]


def notes(path: Path) -> dict[str, Any]:
    """What `save` was told about the training."""
    _, header = _read(path)
    return dict(json.loads(header.get("notes", "{}")))


def plain(config: Any) -> Any:
    """A configuration as JSON gives it back."""
    return json.loads(json.dumps(asdict(config) if is_dataclass(config) and not isinstance(config, type) else config))


def fingerprint(config: Any) -> str:
    """Sixteen digits that change with any setting."""
    return digest(plain(config))


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise BenchError(f"weights {path} are {'a folder; name the file in it' if path.is_dir() else 'missing'}")


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    _must_exist(path)
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BenchError(f"{path}: not a whole safetensors file ({reason}); fetch or export it again") from error


def _fill(network: nn.Module, state: dict[str, Tensor], path: Path, device: str) -> nn.Module:
    broken = [name for name, value in state.items() if not bool(torch.isfinite(value).all())]
    if broken:
        raise BenchError(
            f"{path}: {broken[0]} holds values that are not numbers ({len(broken)} of {len(state)} tensors do): "
            "its training went wrong"
        )
    try:
        return fill(network, state, path, device)
    except WeightsError as error:
        raise BenchError(str(error)) from error


def _completed(found: Any, config: Any) -> Any:
    """A file's settings, with the defaults of settings that were thought of after it was written."""
    if not isinstance(found, dict) or not is_dataclass(config):
        return found
    older = {field.name: field.default for field in fields(config) if field.default is not MISSING}
    known = {name: _completed(value, getattr(config, name, None)) for name, value in found.items()}
    return {**plain(older), **known}


def _differences(wanted: Any, found: Any, place: str = "") -> list[str]:
    """Settings that differ, as ``size 128 in the file, 256 asked for``."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [
            line
            for key in sorted(wanted.keys() | found.keys())
            for line in _differences(wanted.get(key), found.get(key), f"{place}.{key}" if place else str(key))
        ]
    return [] if wanted == found else [f"{place} is {found!r} in the file, {wanted!r} asked for"]
