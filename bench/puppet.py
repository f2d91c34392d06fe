"""Makes the ``puppet`` dataset: gives the portraits of the asset manifest and the face tracker to ``datasets.puppet``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.assets import AssetStore
from bench.config import Params
from bench.errors import BenchError
from bench.progress import bar
from bench.workspace import Workspace
from datasets.media import read_frames

if TYPE_CHECKING:
    from datasets.puppet import PuppetSpec


def make_puppet(
    params: Params, workspace: Workspace, assets: AssetStore, scale: int | None = None,
    splits: Sequence[str] = ("train", "test"),
) -> list[Path]:  # fmt: skip
    """Render what is missing of the synthetic dataset under ``raw/puppet`` and return its video files.

    Raises:
        BenchError: the folder holds data of another specification, or a portrait is unfit.
    """
    from datasets.puppet import PuppetSpec

    made = params.puppet
    spec = PuppetSpec(seed=made.seed, scale=scale or made.scale, test_extras=made.test_extras)
    return render(spec, workspace.raw("puppet"), assets, params.worker_count(), splits)


def render(
    spec: PuppetSpec, root: Path, assets: AssetStore, workers: int, splits: Sequence[str] = ("train", "test")
) -> list[Path]:
    """Render what is missing of a specification under `root` and return its video files.

    Raises:
        BenchError: the folder holds data of another specification, or a portrait is unfit.
    """
    from datasets.puppet import PuppetError, build
    from metrics.features.face_mesh import locate

    with bar("puppet", 1) as step:
        reported = 0

        def progress(done: int, total: int) -> None:
            nonlocal reported
            step(done - reported, total)
            reported = done

        try:
            return build(root, spec, portraits(spec.portraits, assets), locate, workers, progress, splits)
        except PuppetError as error:
            raise BenchError(str(error)) from error


def portraits(names: Iterable[str], assets: AssetStore) -> dict[str, NDArray[np.uint8]]:
    """RGB pictures of real faces that package wheels ship, by the names that puppets are made from."""
    return {name: portrait(name, assets) for name in names}


def portrait(name: str, assets: AssetStore) -> NDArray[np.uint8]:
    """One RGB picture ``(H, W, 3)``: an installed package's own (``astronaut``, ``grace_hopper``), an image asset, or a
    video asset's first frame."""
    from PIL import Image

    if name == "astronaut":
        from skimage import data

        return np.asarray(data.astronaut())
    if name == "grace_hopper":
        from matplotlib import cbook

        return np.asarray(Image.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))).convert("RGB"))
    if name.endswith("_video"):
        return next(iter(read_frames(assets.path(name))))
    return np.asarray(Image.open(assets.path(name)).convert("RGB"))
