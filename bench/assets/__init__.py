"""Files that the suite needs and does not ship: declared in ``assets.yaml``, fetched once, verified before use."""

from bench.assets.errors import AssetError
from bench.assets.manifest import Asset, Manifest, PackageSource, UrlSource
from bench.assets.store import AssetStatus, AssetStore, open_store

__all__ = [
    "Asset",
    "AssetError",
    "AssetStatus",
    "AssetStore",
    "Manifest",
    "PackageSource",
    "UrlSource",
    "open_store",
]
