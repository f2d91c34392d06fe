"""Networks of baselines and the published files that fill them: found, read without running anything, checked, loaded."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from bench.assets import AssetError, AssetStore, open_store
from bench.models.base import Context, ModelError
from bench.models.fingerprints import looks_like
from bench.models.random_weights import fill_by_name
from bench.models.torchscript import is_torchscript, read_torchscript
from bench.store import digest
from metrics.features.weights import WeightsError, check_names, load_nested, without_prefix

Network = TypeVar("Network", bound=nn.Module)
STATUS = "weights_missing"
COUNTER = "num_batches_tracked"


def load_network(
    network: Network,
    asset: str,
    context: Context,
    *,
    key: str | None = None,
    prefix: str = "",
    rename: Callable[[str], str | None] | None = None,
    random_weights: bool = False,
) -> Network:
    """Fill a network from the file of an asset and return it frozen, in evaluation mode, on the context's device.

    A file is what its first bytes say, whatever its ending: a pickled checkpoint (only tensors and plain containers are
    unpickled), safetensors, or a TorchScript archive (tensors only).

    Args:
        network: whose ``state_dict`` names and shapes the file must have, no more and no fewer (counters of batch
            normalization may be absent).
        asset: its name in ``bench/assets.yaml``.
        key: entry of a nested checkpoint that holds the tensors; what lies beside it (optimizers, step numbers) is left.
            A flat file is taken too: whole, or what stands under ``key.`` where its names begin so.
        prefix: only names under it are kept, without it. ``module.`` at the front goes first, and again after the prefix.
        rename: published name -> name in `network`, after that; None leaves a tensor out that inference does not need.
        random_weights: no file; `bench.models.random_weights` fills the network.

    Raises:
        ModelError: ``weights_missing``: the file is absent (with where it comes from), damaged, holds code, or belongs to
            another network (with the names and shapes that differ, and what it looks like instead).
    """
    if random_weights:
        fill_by_name(network)
    else:
        path = _path(open_store(), asset)
        try:
            _fill(network, path, key, prefix, rename)
        except WeightsError as error:
            raise ModelError(STATUS, str(error)) from error
    network.requires_grad_(False).eval().to(context.device)
    return network


def weights_version(*assets: str, random_weights: bool = False) -> str:
    """What the version of a model says of its weights: eight digits of the hash of their sha256; ``random``; or ``absent``
    where one of them is not here or damaged, so that nothing made without it passes for something made with it."""
    if random_weights:
        return "random"
    store = open_store()
    try:
        return digest([store.sha256(asset) for asset in assets])[:8]
    except AssetError:
        return "absent"


def _path(store: AssetStore, asset: str) -> Path:
    try:
        return store.path(asset)
    except AssetError as error:
        raise ModelError(STATUS, str(error)) from error


def _fill(
    network: nn.Module, path: Path, key: str | None, prefix: str, rename: Callable[[str], str | None] | None
) -> None:
    content = _read(path)
    state = without_prefix(_flat(content, key, path))
    if prefix:
        state = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
        state = without_prefix(state)
    if rename is not None:
        state = {new: value for name, value in state.items() if (new := rename(name)) is not None}
    own = network.state_dict()
    # Files from before PyTorch 0.4.1 have no counters, and evaluation mode does not read them.
    counters = {name: value for name, value in own.items() if name.endswith(COUNTER) and name not in state}
    try:
        check_names(own, {**counters, **state}, path, type(network).__name__)
    except WeightsError as error:
        raise WeightsError(f"{error}{_resemblance(content)}") from error
    network.load_state_dict({**counters, **state})


def _read(path: Path) -> Mapping[str, Any]:
    with path.open("rb") as stream:
        start = stream.read(9)
    if start[8:] == b"{":  # the length of a header in JSON, then the header
        try:
            return load_file(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise WeightsError(f"{path}: not a whole safetensors file: {error}") from error
    if is_torchscript(path):
        return read_torchscript(path)
    try:
        return load_nested(path)
    except WeightsError as error:
        if isinstance(error.__cause__, pickle.UnpicklingError) and "GLOBAL" in str(error.__cause__):
            raise WeightsError(
                f"{path}: it holds pickled code, which is not run here ({_culprit(str(error.__cause__))}). Convert it once "
                "where its authors' code runs and you trust it: `from safetensors.torch import save_file; "
                "save_file({k: v.contiguous() for k, v in torch.load(FILE, map_location='cpu', weights_only=False)"
                "['state_dict'].items()}, OUT)` with the entry that holds the network, and put OUT here under the same name"
            ) from error
        raise


def _culprit(message: str) -> str:
    found = re.search(r"GLOBAL (\S+)", message)
    return found[1] if found else "a name that no tensor needs"


def _flat(content: Mapping[str, Any], key: str | None, path: Path) -> dict[str, Tensor]:
    """The tensors of a network, by name, out of whatever holds them."""
    content = {str(name): value for name, value in content.items()}
    found: Any = content
    if key is not None and key in content:
        found = content[key]
    elif key is not None and any(name.startswith(f"{key}.") for name in content):
        found = {name.removeprefix(f"{key}."): value for name, value in content.items() if name.startswith(f"{key}.")}
    if not isinstance(found, Mapping) or not found or not all(isinstance(value, Tensor) for value in found.values()):
        wanted = f"an entry {key!r} of tensors" if key is not None else "a mapping of names to tensors"
        held = ", ".join(map(str, list(content)[:8])) or "nothing"
        raise WeightsError(f"{path}: expected {wanted}, found a checkpoint of: {held}{_resemblance(content)}")
    return {str(name): value for name, value in found.items()}


def _resemblance(content: Mapping[str, Any]) -> str:
    found = looks_like({name: tuple(tensor.shape) for name, tensor in _walk(content, "")})
    return f". The file looks like {found}" if found else ""


def _walk(content: Mapping[str, Any], place: str) -> Iterator[tuple[str, Tensor]]:
    for name, value in content.items():
        if isinstance(value, Tensor):
            yield f"{place}{name}", value
        elif isinstance(value, Mapping):
            yield from _walk(value, f"{place}{name}.")
