"""The training store gives back what went in, goes on where it stopped, and notices damage."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bench.training.build as build
from bench.errors import BenchError
from bench.store import read_table
from bench.training.build import ClipSource, build_store
from bench.training.latents import write_latents
from bench.training.store import Store, StoreSettings
from datasets.media import read_audio, read_frames


def test_frames_sound_and_landmarks_come_back(store: Store, sources: list[ClipSource]) -> None:
    row = store.clips["a"]
    assert (row.speaker, row.emotion, row.level, row.frames, row.present) == ("s1", "happy", 2, 30, 30)
    for index in (0, 17, 29):
        original = list(read_frames(sources[0].video))[index].reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
        error = store.frame("a", index).astype(float) - original
        assert np.sqrt(np.mean(error**2)) < 4
    expected = read_audio(sources[0].audio or sources[0].video, 22050)
    sound = store.audio("a")
    assert len(sound) == round(30 / 25 * 22050)
    assert np.abs(sound / 32767 - expected[: len(sound)]).max() < 1e-4


def test_landmarks_are_in_frame_units_and_follow_the_face(store: Store) -> None:
    landmarks = store.landmarks("a")
    assert landmarks.shape == (30, 478, 3) and not landmarks.flags.writeable
    assert np.abs(landmarks[..., :2]).max() < 1.2
    moved = (landmarks[29] - landmarks[0])[:, :2].mean(axis=0)
    # 29 frames at 1/3 and 1/5 pixel of 256, where the frame is 2 wide.
    assert moved == pytest.approx([29 / 3 / 128, 29 / 5 / 128], abs=0.015)


def test_a_clip_without_sound_is_kept(store: Store) -> None:
    assert store.clips["m"].samples == 0 and len(store.audio("m")) == 0
    assert (store.clips["m"].emotion, store.clips["m"].level) == (None, None)


def test_a_second_build_makes_only_what_lacks(
    copied: Path, store: Store, sources: list[ClipSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    (copied / store.clips["n"].file).unlink()
    with pytest.raises(BenchError, match="is missing"):
        Store(copied, store.settings)
    built: list[str] = []
    build_one = build._build_one

    def counted(job: Any) -> dict[str, Any]:
        built.append(job.source.clip)
        return build_one(job)

    monkeypatch.setattr(build, "_build_one", counted)
    build_store(copied, sources, store.settings)
    assert built == ["n"]
    again = Store(copied, store.settings)
    assert np.array_equal(again.landmarks("n"), store.landmarks("n"))


def test_a_file_that_was_cut_off_is_noticed_and_made_anew(
    copied: Path, store: Store, sources: list[ClipSource]
) -> None:
    path = copied / store.clips["a"].file
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BenchError, match="cut off"):
        Store(copied, store.settings)
    build_store(copied, sources, store.settings)
    assert np.array_equal(Store(copied, store.settings).audio("a"), store.audio("a"))


@pytest.mark.parametrize(("name", "value"), [("size", 64), ("fps", 30), ("audio_rate", 16000), ("jpeg_quality", 90)])
def test_other_settings_are_refused_by_name(store: Store, sources: list[ClipSource], name: str, value: int) -> None:
    other = replace(store.settings, **{name: value})
    with pytest.raises(BenchError, match=f"its {name} is"):
        Store(store.root, other)
    with pytest.raises(BenchError, match=f"its {name} is"):
        build_store(store.root, sources, other)


def test_clips_that_cannot_be_used_are_rows_with_a_reason(
    tmp_path: Path, sources: list[ClipSource], make_video: object
) -> None:
    faceless = make_video("grey.mp4", frames=[np.full((128, 128, 3), 90, np.uint8)] * 5)  # type: ignore[operator]
    oblong = make_video("oblong.mp4", frames=3)  # type: ignore[operator]
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    bad = [ClipSource(path.stem, "x", path) for path in (faceless, oblong, broken)]
    settings = StoreSettings(64, 25)
    build_store(tmp_path / "store", [*bad, sources[2]], settings)
    assert list(Store(tmp_path / "store", settings).clips) == ["m"]
    rejected = read_table(tmp_path / "store" / "rejected.parquet", "the test")
    assert list(rejected["reason"]) == ["no_face", "not_square", "decode_error"]
    with pytest.raises(BenchError, match="no usable clip"):
        build_store(tmp_path / "store", bad, settings)


def test_names_must_be_unique(tmp_path: Path, sources: list[ClipSource]) -> None:
    with pytest.raises(BenchError, match="two clips are named 'a'"):
        build_store(tmp_path, [sources[0], sources[0]], StoreSettings(64, 25))


def test_a_store_can_be_sent_to_a_worker(store: Store) -> None:
    store.frame("a", 0)
    other = pickle.loads(pickle.dumps(store))
    assert np.array_equal(other.frame("a", 3), store.frame("a", 3))


def test_latents_come_back_and_must_fit(copied: Path, store: Store) -> None:
    keypoints = np.random.default_rng(0).random((30, 5, 3), np.float32)
    write_latents(copied, "abc", "a", keypoints)
    write_latents(copied, "abc", "n", keypoints[:-1])
    other = Store(copied, store.settings)
    assert np.array_equal(other.latents("a", "abc"), keypoints)
    with pytest.raises(BenchError, match=r"expected float32 \(30, K, 3\)"):
        other.latents("n", "abc")
    with pytest.raises(BenchError, match="has no latents"):
        other.latents("m", "abc")


def test_a_missing_store_frame_or_clip_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="holds no training store"):
        Store(tmp_path, store.settings)
    with pytest.raises(BenchError, match="no frame 30"):
        store.frame("a", 30)
    with pytest.raises(BenchError, match="no clip 'zz'"):
        store.landmarks("zz")
