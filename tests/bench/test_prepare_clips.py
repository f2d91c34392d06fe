"""Clips are made once each, in all their forms, from one decoding; what cannot be used is a row and a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import bench.prepare_clip
from bench.config import Params
from bench.errors import BenchError
from bench.prepare import standardize
from bench.prepare_clip import Job, outputs_of, prepare_one
from bench.quality import thumbnail_path
from bench.workspace import Workspace
from datasets.base import Rejected, SourceClip
from datasets.frame_buffer import FrameBuffer
from datasets.media import pictures_sha256, probe, read_shown

Picture = NDArray[np.uint8]


def moving(portrait: Picture, count: int = 30, width: int = 192, height: int = 176) -> list[Picture]:
    """The portrait sways over a grey ground."""
    frames = []
    for i in range(count):
        frame = np.full((height, width, 3), 90, np.uint8)
        left = round(20 + 12 * np.sin(i / 5))
        frame[8 : 8 + portrait.shape[0], left : left + portrait.shape[1]] = portrait
        frames.append(frame)
    return frames


def params(**video: Any) -> Params:
    return Params.model_validate(
        {"datasets": {}, "cases": [], "models": [], "workers": 1, "video": {"size": 96, **video}}
    )


@pytest.fixture
def source(make_video: Callable[..., Path], portrait: Picture) -> Path:
    sound = np.sin(np.arange(19200) / 9).astype(np.float32) / 4
    return make_video("source.mp4", moving(portrait), audio=sound)


def run(clips: list[SourceClip], root: Path, **video: Any) -> Workspace:
    workspace = Workspace(root / "out")
    standardize(clips, [], "mine", "test", root, params(**video), workspace)
    return workspace


def test_all_forms_come_with_tables_of_their_own(tmp_path: Path, source: Path) -> None:
    forms = {
        "vox": {"crop": "vox224"},
        "big": {"crop": "space512", "size": 128, "fps": 30},
        "pcavs": {"crop": "pcavs", "size": 64},
    }
    workspace = run([SourceClip("one", "someone", source)], tmp_path, renditions=forms)
    folder = workspace.clips("mine", "test")
    for name, size, fps in (("", 96, 25), ("vox", 224, 25), ("big", 128, 30), ("pcavs", 64, 25)):
        (row,) = pd.read_parquet(folder / name / "clips.parquet").to_dict("records")
        video = workspace.resolve(row["video"])
        assert video.parent == (folder / name).resolve()
        seen = probe(video)
        assert (seen.width, seen.height, seen.fps, row["fps"], row["frames"]) == (
            size,
            size,
            fps,
            fps,
            round(1.2 * fps),
        )
        assert workspace.resolve(row["audio"]).is_file() and row["pictures"] == pictures_sha256(video)


def test_one_decoding_serves_all_forms(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    def counting(path: Path, start: float = 0.0) -> Any:
        opened.append(path)
        return read_shown(path, start)

    monkeypatch.setattr(bench.prepare_clip, "read_shown", counting)
    run(
        [SourceClip("one", "someone", source)],
        tmp_path,
        renditions={"vox": {"crop": "vox224"}, "ffhq": {"crop": "ffhq", "size": 64, "fps": 30}},
    )
    assert opened == [source]


def test_a_scratch_file_changes_nothing_and_leaves_nothing(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {}
    for memory in (10**9, 200_000):
        monkeypatch.setattr(
            bench.prepare_clip, "FrameBuffer", lambda folder, memory=memory: FrameBuffer(folder, memory)
        )
        outputs = outputs_of(params(renditions={"ffhq": {"crop": "ffhq", "size": 64}}).video, tmp_path / str(memory))
        for output in outputs:
            output.folder.mkdir(parents=True)
        entry = prepare_one(Job(SourceClip("one", "someone", source), outputs, 10.0, ""))
        made[memory] = [entry["row"]["sha256"], entry["renditions"]["ffhq"]["sha256"], entry["quality"]]
        assert {path.suffix for path in (tmp_path / str(memory)).rglob("*") if path.is_file()} == {
            ".mp4",
            ".wav",
            ".jpg",
        }
    assert made[10**9] == made[200_000]


def test_only_what_is_missing_is_made(tmp_path: Path, make_video: Callable[..., Path], portrait: Picture) -> None:
    clips = [SourceClip(name, name, make_video(f"{name}.mp4", moving(portrait))) for name in ("one", "two")]
    forms = {"vox": {"crop": "vox224", "size": 64}}
    workspace = run(clips, tmp_path, renditions=forms)
    folder = workspace.clips("mine", "test")
    (folder / "vox" / "two.mp4").unlink()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.mp4")}
    tables = {path: path.read_bytes() for path in folder.rglob("*.parquet")}
    run(clips, tmp_path, renditions=forms)
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*.mp4")}
    assert {path.stem for path in after if after[path] != before.get(path)} == {"two"}
    assert {path: path.read_bytes() for path in folder.rglob("*.parquet")} == tables


def test_the_crop_of_the_dataset_is_cut_before_a_face_is_looked_for(
    tmp_path: Path, make_video: Callable[..., Path], portrait: Picture
) -> None:
    """Two equal faces side by side, in a frame of half the height that the annotation was measured in."""
    pair = [np.concatenate([frame, frame], axis=1) for frame in moving(portrait)]
    video = make_video("pair.mp4", pair)
    clips = [
        SourceClip("left", "a", video, crop=(0, 0, 384, 352), crop_frame_height=352),
        SourceClip("right", "b", video, crop=(384, 0, 384, 352), crop_frame_height=352),
        SourceClip("nowhere", "c", video, crop=(2000, 0, 100, 100), crop_frame_height=352),
    ]
    workspace = run(clips, tmp_path)
    rows = pd.read_parquet(workspace.clips_table("mine", "test")).set_index("clip")
    boxes = {name: [int(n) for n in rows.loc[name, "crop"].split(",")] for name in ("left", "right")}
    assert boxes["left"][0] >= 0 and boxes["left"][0] + boxes["left"][2] <= 192
    assert boxes["right"] == [boxes["left"][0] + 192, *boxes["left"][1:]]
    (refused,) = pd.read_parquet(workspace.rejected_table("mine", "test")).to_dict("records")
    assert refused["reason"] == "bad_annotation" and "384x176" in refused["detail"]


def test_what_cannot_be_used_is_a_row_and_a_picture(
    tmp_path: Path, make_video: Callable[..., Path], counted: Callable, portrait: Picture
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all")
    good = make_video("good.mp4", moving(portrait))
    clips = [
        SourceClip("good", "a", good),
        SourceClip("nobody", "b", make_video("nobody.mp4", counted(28))),
        SourceClip("short", "c", make_video("short.mp4", moving(portrait, 12))),
        SourceClip("beyond", "d", good, start=60.0),
        SourceClip("broken", "e", broken),
        SourceClip("gone", "f", tmp_path / "gone.mp4"),
    ]
    workspace = run(clips, tmp_path)
    quality = pd.read_parquet(workspace.quality_table("mine", "test")).set_index("clip")
    assert quality["status"].to_dict() == {
        "good": "ok", "nobody": "no_face", "short": "too_short", "beyond": "too_short", "broken": "decode_error",
        "gone": "decode_error",
    }  # fmt: skip
    assert quality.loc[quality["status"] != "ok", "detail"].str.len().min() > 0
    assert quality.loc[quality["status"] != "ok", "sharpness"].isna().all()
    assert list(pd.read_parquet(workspace.clips_table("mine", "test"))["clip"]) == ["good"]
    folder = workspace.clips("mine", "test")
    assert {name for name in quality.index if thumbnail_path(folder, name).is_file()} == {
        "good",
        "nobody",
        "short",
        "beyond",
    }


def test_without_a_usable_clip_the_reasons_are_kept(tmp_path: Path, make_video: Callable[..., Path]) -> None:
    workspace = Workspace(tmp_path / "out")
    clips = [SourceClip("nobody", "a", make_video(frames=28))]
    with pytest.raises(BenchError, match=r"no usable clip; first: odd\.mp4: of no use"):
        standardize(
            clips, [Rejected("odd.mp4", "known_bad", "of no use")], "mine", "test", tmp_path, params(), workspace
        )
    assert list(pd.read_parquet(workspace.quality_table("mine", "test"))["status"]) == ["no_face"]
