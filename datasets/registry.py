"""The dataset layouts that can be read: one line a reader."""

from __future__ import annotations

from collections.abc import Callable

from datasets.base import Reader
from datasets.folder import Folder
from datasets.mead import Mead
from datasets.sample import Sample
from datasets.voxceleb2 import VoxCeleb2

READERS: dict[str, Callable[[], Reader]] = {
    reader.name: reader for reader in (Sample, Mead, VoxCeleb2, Folder)
}  # fmt: skip
