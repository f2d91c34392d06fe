"""What can go wrong with an asset."""

from __future__ import annotations

from bench.errors import BenchError


class AssetError(BenchError):
    """An asset that is absent, damaged or cannot be fetched; the message says which and what to do."""
