"""Tensors of a TorchScript archive (``torch.jit.save``), read as data: its code is neither compiled nor run."""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from metrics.features.weights import WeightsError

_DTYPES = {
    "FloatStorage": torch.float32, "DoubleStorage": torch.float64, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8, "BoolStorage": torch.bool,
}  # fmt: skip


def is_torchscript(path: Path) -> bool:
    """Whether the file is a TorchScript archive: a zip that holds constants beside its pickled module."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.count("/") == 1 and name.endswith("/constants.pkl") for name in archive.namelist())


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Parameters and buffers by their dotted names.

    Raises:
        WeightsError: the archive is damaged, or its module holds something other than modules, tensors and plain values.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            root = next(name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl"))
            with archive.open(root) as stream:
                module = _Reader(stream, archive, root.removesuffix("data.pkl")).load()
    except (zipfile.BadZipFile, pickle.UnpicklingError, StopIteration, *_DAMAGED) as error:
        raise WeightsError(f"{path}: cannot be read as a TorchScript archive: {_first_line(error)}") from error
    return dict(_tensors(module, "", set()))


_DAMAGED = (OSError, EOFError, LookupError, TypeError, ValueError, AttributeError, RuntimeError)
"""What unpickling and storages throw at an archive that was cut off or tampered with."""


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "it has no data.pkl")


class _Module:
    """Any class of the archive: only what its instance holds is kept."""

    def __init__(self, *arguments: Any) -> None:
        self.held: Any = {}

    def __setstate__(self, state: Any) -> None:
        self.held = state


class _Reader(pickle.Unpickler):
    """Knows tensors, lists and stand-ins for modules. Every other name in the pickle is refused."""

    def __init__(self, stream: Any, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(stream)
        self._archive, self._folder = archive, folder
        self._storages: dict[str, torch.UntypedStorage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("__torch__"):
            return _Module
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        known: dict[tuple[str, str], Callable[..., Any]] = {
            ("torch._utils", "_rebuild_tensor_v2"): _tensor, ("collections", "OrderedDict"): OrderedDict,
            **{("torch.jit._pickle", f"build_{kind}list"): list for kind in ("int", "bool", "double", "tensor")},
        }  # fmt: skip
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it holds {module}.{name}, which is neither a module nor a tensor")
        return known[module, name]

    def persistent_load(self, identity: Any) -> tuple[torch.UntypedStorage, torch.dtype]:
        kind, dtype, key, _device, _count = identity
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError("it holds a reference that is no storage")
        if key not in self._storages:
            place = self._archive.getinfo(f"{self._folder}data/{key}")
            # Stored as they are; a packed one could unfold to any size.
            if place.compress_type != zipfile.ZIP_STORED:
                raise pickle.UnpicklingError(f"its storage {key} is compressed")
            data = bytearray(self._archive.read(place))
            empty = torch.UntypedStorage(0)
            self._storages[key] = torch.frombuffer(data, dtype=torch.uint8).untyped_storage() if data else empty
        return self._storages[key], dtype


def _tensor(
    storage: tuple[torch.UntypedStorage, torch.dtype], offset: int, shape: Any, stride: Any, *_rest: Any
) -> Tensor:
    memory, dtype = storage
    return torch.empty(0, dtype=dtype).set_(memory, offset, tuple(shape), tuple(stride))


def _tensors(node: Any, prefix: str, above: set[int]) -> Iterator[tuple[str, Tensor]]:
    held = node.held if isinstance(node, _Module) else None
    if not isinstance(held, dict) or id(node) in above:
        return
    for name, value in held.items():
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        else:
            yield from _tensors(value, f"{prefix}{name}.", above | {id(node)})
