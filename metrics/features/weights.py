"""Loading of network weights from files that nobody should trust."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

_UNREADABLE = (
    *(OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError),
    *(LookupError, AttributeError, TypeError),
)
"""What the unpickler throws at files that are no pickles, or other ones."""


class WeightsError(ValueError):
    """A weights file that cannot be read, holds more than tensors, or belongs to another network."""


def load_state(path: Path) -> dict[str, torch.Tensor]:
    """State dict of a ``.pth`` file, on the CPU, unpickled without executing anything.

    Raises:
        WeightsError: the file is missing, damaged, contains code, or is no mapping of names to tensors.
    """
    state = load_nested(path)
    if not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise WeightsError(f"{path}: expected a mapping of names to tensors, found {type(state).__name__}")
    return dict(state)


def _reason(path: Path, error: Exception) -> str:
    """What is wrong with a file, in words of ours where torch's would mislead: it advises to run code in it."""
    text = str(error).strip()
    if found := re.search(r"GLOBAL (\S+)", text):
        return f"it holds code ({found[1]}), which is never run; only tensors are taken"
    start = b""
    if path.is_file():
        with path.open("rb") as stream:
            start = stream.read(2)
    if start == b"PK" and not zipfile.is_zipfile(path):
        return "the file is cut short"
    if (
        start[:1] == b"\x80" and "Unsupported operand" in text
    ):  # A pickle, written with instructions that tensors do not need.
        return "it holds more than tensors, which is never run"
    if isinstance(error, pickle.UnpicklingError | EOFError | LookupError):
        return "it is no file of PyTorch, or cut short"
    return text.splitlines()[0] if text else type(error).__name__


def load_nested(path: Path) -> Mapping[str, Any]:
    """What a pickled file holds: a mapping of tensors and plain containers, unpickled without executing anything.

    Raises:
        WeightsError: the file is missing, damaged, contains code, or is no mapping.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # Of pickles in another version: they load, or say why not.
            content = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise WeightsError(f"{path}: cannot be loaded as weights: {_reason(path, error)}") from error
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path}: expected a mapping of names to tensors, found {type(content).__name__}")
    return content


def fill(module: nn.Module, state: Mapping[str, torch.Tensor], path: Path, device: str) -> nn.Module:
    """Copies `state` into `module` and returns it frozen, in evaluation mode, on `device`.

    Raises:
        WeightsError: listing names that are missing, that the network does not know, and those of another shape.
    """
    check_names(module.state_dict(), state, path, type(module).__name__)
    module.load_state_dict(dict(state))
    return module.requires_grad_(False).eval().to(device)


def check_names(own: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor], path: Path, network: str) -> None:
    """Compares a network's tensors with those of a file.

    Raises:
        WeightsError: listing names that are missing, that the network does not know, and those of another shape.
    """
    problems = [
        *_listed("missing", sorted(own.keys() - state.keys())),
        *_listed("unknown", sorted(state.keys() - own.keys())),
        *_listed(
            "of another shape",
            [
                f"{name} {tuple(state[name].shape)} instead of {tuple(own[name].shape)}"
                for name in sorted(own.keys() & state.keys())
                if own[name].shape != state[name].shape
            ],
        ),
    ]
    if problems:
        raise WeightsError(f"{path}: weights of another network than {network}: {'; '.join(problems)}")


def without_prefix(state: Mapping[str, torch.Tensor], prefix: str = "module.") -> dict[str, torch.Tensor]:
    """The state dict with `prefix` cut from the names that have it (``module.`` is what data-parallel training writes)."""
    return {name.removeprefix(prefix): tensor for name, tensor in state.items()}


def _listed(what: str, names: list[str], most: int = 8) -> list[str]:
    if not names:
        return []
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return [f"{len(names)} {what}: {', '.join(names[:most])}{rest}"]
