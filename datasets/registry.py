"""The dataset layouts that can be read: one line a reader."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from datasets.base import Reader
from datasets.crema_d import CremaD
from datasets.folder import Folder
from datasets.hdtf import Hdtf
from datasets.mead import VIEWS, Mead
from datasets.ravdess import Ravdess
from datasets.sample import Sample
from datasets.voxceleb2 import VoxCeleb2

READERS: dict[str, Callable[[], Reader]] = {
    "sample": Sample,
    **{Mead(view).name: partial(Mead, view) for view in VIEWS},
    "voxceleb2": VoxCeleb2,
    "ravdess": Ravdess,
    "crema-d": CremaD,
    "hdtf": Hdtf,
    "folder": Folder,
}
