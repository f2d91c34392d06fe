"""From the datasets of a recipe to the training store: rendered or read, standardized, tracked, packed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench.assets import AssetStore
from bench.config import Params
from bench.errors import BenchError
from bench.prepare import dataset_root, read_source, standardize, subset
from bench.puppet import portraits, render
from bench.space.recipe import Recipe, TalkData
from bench.store import read_table, records
from bench.training.build import ClipSource, Source, build_store
from bench.training.store import SETTINGS_FILE, Store, StoreSettings
from bench.training.talks import TalkSource
from bench.workspace import Workspace
from datasets.puppet import PuppetSpec, talks
from metrics.features.face_mesh import locate

PUPPET_ROOT = "puppet-train"
"""Under ``raw/``; apart from the evaluation's own puppet data, which has no extra speakers."""


def store_settings(recipe: Recipe) -> StoreSettings:
    """Of the store that a recipe trains on."""
    model = recipe.model
    return StoreSettings(size=model.vid2vid.image_size, fps=model.fps, audio_rate=model.audio.rate)


def store_folder(recipe: Recipe, workspace: Workspace) -> Path:
    return training_folder(recipe, workspace) / "store"


def training_folder(recipe: Recipe, workspace: Workspace) -> Path:
    """Where all of a recipe's training lies, under the workspace."""
    return workspace.root / "training" / recipe.name


def make_data(recipe: Recipe, workspace: Workspace, assets: AssetStore, workers: int) -> None:
    """Make what is missing of a recipe's training store.

    Raises:
        BenchError: a dataset is missing or has no clip of its split, or the folder holds other data.
    """
    if recipe.data.puppet is not None:
        render(PuppetSpec(**recipe.data.puppet.model_dump()), workspace.raw(PUPPET_ROOT), assets, workers, ("train",))
    clips: list[Source] = []
    for name in recipe.data.datasets:
        clips += _standard(name, recipe, workspace, assets, workers)
    if recipe.data.talks is not None:
        clips += _talks(recipe.data.talks, recipe.model.fps, assets)
    build_store(store_folder(recipe, workspace), clips, store_settings(recipe), workers)


def open_data(recipe: Recipe, workspace: Workspace) -> Store:
    """The store of a recipe.

    Raises:
        BenchError: it was not made yet, or with other settings.
    """
    folder = store_folder(recipe, workspace)
    if not (folder / SETTINGS_FILE).is_file():
        raise BenchError(
            f"{folder} holds no training store. `space-bench train data` with the same --recipe and --out makes it."
        )
    return Store(folder, store_settings(recipe))


def _talks(data: TalkData, fps: float, assets: AssetStore) -> list[TalkSource]:
    spec = PuppetSpec(seed=data.seed, extras=data.extras)
    return [TalkSource(talk, spec) for talk in talks(spec, data.count, fps, portraits(spec.portraits, assets), locate)]


def _standard(name: str, recipe: Recipe, workspace: Workspace, assets: AssetStore, workers: int) -> list[ClipSource]:
    """The standard clips of one dataset; made where missing."""
    config, seed = recipe.data.datasets[name], recipe.training.vid2vid.loop.seed
    folder = Workspace(training_folder(recipe, workspace))
    root = dataset_root(name, config, workspace, assets)
    found, rejected = read_source(config, root)
    clips = subset([clip for split, clip in found if split == config.split], config.max_clips, seed)
    if not clips:
        names = sorted({split for split, _ in found})
        raise BenchError(
            f"dataset {name!r} has no clip in split {config.split!r}; its splits: {', '.join(names) or 'none'}."
        )
    params = Params(datasets={}, cases=[], models=[], metrics=[], video=recipe.data.video, workers=workers, seed=seed)
    standardize(clips, rejected, name, config.split, root, params, folder)
    table = read_table(folder.clips_table(name, config.split), "space-bench train data")
    return [
        ClipSource(
            clip=f"{name}/{row.clip}",
            speaker=row.speaker,
            video=folder.resolve(row.video),
            emotion=row.emotion if isinstance(row.emotion, str) else None,
            level=None if pd.isna(row.level) else int(row.level),
            dataset=name,
            split=config.split,
        )
        for row in records(table)
    ]
