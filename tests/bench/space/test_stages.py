"""Training end to end: two clips to a folder of weights that runs, stage by stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bench.assets import open_store
from bench.errors import BenchError
from bench.space import stages, weights
from bench.space.data import open_data, store_folder, store_settings
from bench.space.pretrained import load_space
from bench.space.recipe import Recipe
from bench.space.stages import Training, clip_keypoints, split_speakers
from bench.space.variants import VARIANTS
from bench.training.build import ClipSource, build_store
from bench.training.checkpoint import load_ema
from bench.training.latents import latents_path
from bench.workspace import Workspace
from datasets.media import write_video
from space_ref.vid2vid import FaceVid2Vid

FRAMES = 26
STAGES = [
    "data", "vid2vid", "keypoints", "pose", "speech", "latents", "latents-no-audio", "latents-no-landmarks",
    "speech-no-normalization",
]  # fmt: skip


@pytest.fixture(scope="module")
def training(
    tiny: Recipe, shifted: Callable[..., list[NDArray[np.uint8]]], syllables: Callable[..., NDArray[np.float32]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Training:  # fmt: skip
    """The tiny recipe over a store of two clips, by two speakers."""
    root = tmp_path_factory.mktemp("training")
    clips = []
    for index, (speaker, emotion) in enumerate([("ann", "happy"), ("bob", "neutral")]):
        video = root / f"{speaker}.mp4"
        write_video(video, shifted(FRAMES, 4 * index), 25, syllables(FRAMES / 25, index))
        clips.append(ClipSource(f"d/{speaker}", speaker, video, None, emotion, 1, "d", "train"))
    workspace = Workspace(root / "out")
    build_store(store_folder(tiny, workspace), clips, store_settings(tiny))
    return Training(tiny, workspace, open_store(), device="cpu")


@pytest.fixture(scope="module")
def trained(training: Training) -> Training:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "CALIBRATION", 24)
        training.run([name for name in training.stages() if name != "data"])
    return training


def _untouched(training: Training, tmp_path: Path) -> Training:
    """The same in a workspace where nothing was trained yet."""
    fresh = Workspace(tmp_path / "out")
    folder = store_folder(training.recipe, fresh)
    folder.parent.mkdir(parents=True)
    folder.symlink_to(store_folder(training.recipe, training.workspace))
    return Training(training.recipe, fresh, training.assets, device="cpu")


def test_stages_come_in_the_order_in_which_they_need_each_other(training: Training) -> None:
    assert sorted(training.stages()) == sorted(STAGES)
    order = list(training.stages())
    assert order[:3] == ["data", "vid2vid", "keypoints"] and order.index("keypoints") < order.index("latents")


def test_an_unknown_stage_is_an_error_before_anything_is_done(training: Training, tmp_path: Path) -> None:
    fresh = _untouched(training, tmp_path)
    with pytest.raises(BenchError, match=r"unknown training stage 'speach'\. Did you mean 'speech'"):
        fresh.run(["pose", "speach"])
    assert not (fresh.folder / "pose").exists()


@pytest.mark.parametrize(("stage", "missing"), [("keypoints", "vid2vid"), ("latents", "vid2vid")])
def test_a_stage_names_the_one_that_it_needs(training: Training, tmp_path: Path, stage: str, missing: str) -> None:
    with pytest.raises(BenchError, match=rf"{missing}/checkpoint\.pt is missing"):
        _untouched(training, tmp_path).run([stage])


def test_export_before_training_names_the_missing_stage(training: Training, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"vid2vid is not trained to its end: .*history\.json is missing"):
        _untouched(training, tmp_path).export(tmp_path / "export")
    assert not (tmp_path / "export").exists()


@pytest.mark.parametrize("device", ["gpu", pytest.param("cuda", marks=pytest.mark.skipif("torch.cuda.is_available()"))])
def test_a_device_that_is_not_here_is_refused(training: Training, device: str) -> None:
    with pytest.raises(BenchError, match="--device"):
        Training(training.recipe, training.workspace, training.assets, device=device)


def test_without_a_store_the_data_stage_is_asked_for(training: Training, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="holds no training store"):
        Training(training.recipe, Workspace(tmp_path), training.assets).run(["pose"])


@pytest.mark.slow
def test_what_was_trained_is_exported_and_runs(trained: Training, tmp_path: Path) -> None:
    target = tmp_path / "export"
    trained.export(target)
    for name in VARIANTS:
        space = load_space(str(target), name).space
        ema = load_ema(trained.folder / "vid2vid")["vid2vid"]
        assert all(torch.equal(value, ema[key]) for key, value in space.vid2vid.state_dict().items())
    noted = weights.notes(target / "speech2landmarks.safetensors")
    assert noted["steps"] == 4 and noted["losses"] and noted["machine"]
    identities = {load_space(str(target), name).identity for name in VARIANTS}
    assert len(identities) == len(VARIANTS)


@pytest.mark.slow
def test_a_run_that_was_stopped_is_not_exported(trained: Training, tmp_path: Path) -> None:
    history = trained.folder / "pose" / "history.json"
    kept = history.read_bytes()
    history.unlink()
    try:
        with pytest.raises(BenchError, match="pose is not trained to its end"):
            trained.export(tmp_path / "export")
    finally:
        history.write_bytes(kept)


@pytest.mark.slow
def test_a_finished_run_does_nothing_new(trained: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "CALIBRATION", 8)
    known = ["vid2vid", "keypoints", "speech"]

    def state() -> list[Any]:
        found: list[Any] = [path.stat().st_mtime_ns for path in sorted(trained.folder.rglob("*.npy"))]
        for run in ("vid2vid", "speech"):
            ema = load_ema(trained.folder / run)
            found += [weights_of.tolist() for part in ema.values() for weights_of in part.values()]
            found.append((trained.folder / run / "losses.jsonl").read_bytes())
            found.append(sorted(path.name for path in (trained.folder / run / "samples").rglob("*")))
        return found

    before = state()
    trained.run(known)
    assert state() == before


@pytest.mark.slow
def test_keypoints_are_kept_for_every_clip_under_the_network_s_name(trained: Training) -> None:
    store = open_data(trained.recipe, trained.workspace)
    network = FaceVid2Vid(trained.recipe.model.vid2vid)
    network.load_state_dict(load_ema(trained.folder / "vid2vid")["vid2vid"])
    for clip in store.clips:
        kept = latents_path(store.root, weights.identity(network), clip)
        made = clip_keypoints(network.eval(), store, clip)
        assert np.allclose(np.load(kept), made, atol=1e-5)


@pytest.mark.slow
def test_weights_of_another_model_are_not_taken_for_the_recipe_s(trained: Training, tmp_path: Path) -> None:
    model = trained.recipe.model
    speech = type(model.speech)(points=150, hidden=24, layers=1, rank=8, portrait_code=4)
    other = trained.recipe.model_copy(update={"model": type(model)(**{**vars(model), "speech": speech})})
    with pytest.raises(BenchError, match="speech was trained with another model"):
        Training(other, trained.workspace, trained.assets).export(tmp_path / "export")


@pytest.mark.parametrize(("points", "same_clip"), [((), 1.0), (tuple(range(20)), 0.35)])
def test_keypoints_that_a_network_found_stay_with_the_portrait_of_their_clip(
    training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, points: tuple[int, ...], same_clip: float
) -> None:
    model = replace(training.recipe.model, keypoint_points=points)
    made = Training(training.recipe.model_copy(update={"model": model}), Workspace(tmp_path), training.assets)
    seen: list[Any] = []
    monkeypatch.setattr(made, "_sequence", lambda objective, stage, *rest: seen.append(stage))
    monkeypatch.setattr(made, "_latents_name", lambda network: "k")
    monkeypatch.setattr(made, "_trained_vid2vid", lambda: None)
    made.latents()
    assert (seen[0].same_clip, seen[0].drawn) == (same_clip, not points)


def test_keypoints_of_a_clip_do_not_depend_on_the_batch(training: Training) -> None:
    store = open_data(training.recipe, training.workspace)
    torch.manual_seed(0)
    network = FaceVid2Vid(training.recipe.model.vid2vid).eval()
    whole, pieces = (clip_keypoints(network, store, "d/ann", batch) for batch in (32, 7))
    assert whole.shape == (FRAMES, 20, 3) and whole.dtype == np.float32
    assert np.allclose(whole, pieces, atol=1e-5)


def _store(heard_only: str = "", **speakers: int) -> Any:
    rows = [(f"{name}/{k}", name) for name, count in speakers.items() for k in range(count)]
    return SimpleNamespace(
        clips={clip: SimpleNamespace(clip=clip, speaker=name, drawn=name != heard_only) for clip, name in rows}
    )


@pytest.mark.parametrize("count", [0, 1, 2])
def test_held_out_speakers_are_others_than_those_learned_from(count: int) -> None:
    store = _store(ann=3, bob=1, cat=2, dan=1)
    seen, held_out = split_speakers(store, count)
    assert sorted(seen + held_out) == sorted(store.clips)
    aside = {clip.split("/")[0] for clip in held_out}
    assert len(aside) == count and not aside & {clip.split("/")[0] for clip in seen}


def test_held_out_speakers_stay_the_same_whatever_comes_with_them() -> None:
    first = {clip.split("/")[0] for clip in split_speakers(_store(ann=3, bob=1, cat=2, dan=1), 2)[1]}
    assert first == {clip.split("/")[0] for clip in split_speakers(_store(dan=2, cat=1, bob=5, ann=1), 2)[1]}
    rest = {name: 1 for name in ("ann", "bob", "cat", "dan") if name not in first}
    assert set(split_speakers(_store(**dict.fromkeys(first, 1) | {next(iter(rest)): 1}), 2)[1]) == {
        f"{name}/0" for name in first
    }


def test_who_was_never_drawn_is_not_held_out() -> None:
    first = split_speakers(_store(ann=1, bob=1, cat=1), 1)[1][0].split("/")[0]
    seen, held_out = split_speakers(_store(heard_only=first, ann=1, bob=1, cat=1), 1)
    assert f"{first}/0" in seen and len(held_out) == 1


def test_with_too_few_speakers_nobody_is_held_out() -> None:
    for count in (1, 5):
        seen, held_out = split_speakers(_store(ann=2), count)
        assert len(seen) == 2 and not held_out
