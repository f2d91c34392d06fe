"""The quality table tells what a person would see, and its pictures are drawn again only where something changed."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.contact_sheet import COLUMNS, ROWS, sheet_paths, write_sheets
from bench.quality import QUALITY_COLUMNS, Shown, measure, quality_table, warnings, write_thumbnail
from bench.store import write_table
from bench.workspace import Workspace
from datasets.frame_buffer import FrameBuffer
from datasets.standardize import Crop
from metrics.base import FaceTrack
from metrics.features.face_mesh import locate, track_of
from tests.command import Run

FRAMES = 20


def measured(
    picture: NDArray[np.uint8], track: FaceTrack, folder: Path, sound: NDArray[np.float32] | None = None,
    crop: Crop | None = None, numbers: list[int] | None = None,
) -> dict:  # fmt: skip
    with FrameBuffer(folder) as buffer:
        for i in range(FRAMES):
            buffer.add(picture, i / 25, (i + 1) / 25)
        return measure(
            track, 1, Shown(buffer, numbers or list(range(FRAMES)), crop or Crop(0, 0, 128), 256), sound, 16000
        )


@pytest.fixture
def track(portrait: NDArray[np.uint8]) -> FaceTrack:
    landmarks = locate(portrait)
    assert landmarks is not None
    return track_of([landmarks] * (FRAMES - 2) + [None, None], portrait.shape[1], portrait.shape[0], 25.0)


def test_blur_darkness_and_enlargement_show(portrait: NDArray[np.uint8], track: FaceTrack, tmp_path: Path) -> None:
    plain = measured(portrait, track, tmp_path)
    blurred = measured(cv2.GaussianBlur(portrait, (0, 0), 3), track, tmp_path)
    dark = measured((portrait // 4).astype(np.uint8), track, tmp_path)
    assert plain["sharpness"] > 4 * blurred["sharpness"] and "blurred" in warnings(blurred)
    assert dark["brightness"] < plain["brightness"] / 3 and "dark" in warnings(dark) and "dark" not in warnings(plain)
    assert plain["zoom"] == 2 and plain["present"] == pytest.approx(0.9) and "face_lost" in warnings(plain)
    box = np.ptp(track.landmarks[0, :, :2], axis=0)
    assert plain["face_pixels"] == pytest.approx(box.max()) and plain["face_share"] == pytest.approx(
        box.prod() / portrait[..., 0].size
    )


def test_a_face_that_leaves_the_crop_and_repeated_frames_show(
    portrait: NDArray[np.uint8], track: FaceTrack, tmp_path: Path
) -> None:
    inside = measured(portrait, track, tmp_path)
    left, top = np.nanmin(track.landmarks[0, :, :2], axis=0).astype(int)
    tight = measured(
        portrait, track, tmp_path, crop=Crop(left + 8, top + 8, 40), numbers=[i // 2 for i in range(FRAMES)]
    )
    assert inside["outside"] == 0 and tight["outside"] == 1
    assert inside["repeated"] == 0 and tight["repeated"] == pytest.approx(10 / 19)
    assert {"leaves_crop", "repeats_frames"} <= set(warnings(tight))
    assert inside["source_fps"] == pytest.approx(25)


@pytest.mark.parametrize(
    ("level", "expected"), [(0.0, {"quiet", "silent"}), (0.2, set()), (1.5, {"clipping"}), (None, {"no_sound"})]
)
def test_sound_is_judged(
    portrait: NDArray[np.uint8], track: FaceTrack, tmp_path: Path, level: float | None, expected: set[str]
) -> None:
    sound = None if level is None else np.clip(level * np.sin(np.arange(12800) / 7), -1, 1).astype(np.float32)
    row = measured(portrait, track, tmp_path, sound)
    assert set(warnings(row)) & {"quiet", "silent", "clipping", "no_sound"} == expected
    if level == 0.2:
        assert row["loudness"] == pytest.approx(20 * np.log10(0.2 / np.sqrt(2)), abs=0.1) and row["silence"] == 0


def entries(count: int) -> list[dict]:
    good = dict.fromkeys(QUALITY_COLUMNS, 1.0) | {"loudness": -20.0, "faces": 1}
    for key in ("clip", "status", "detail", "warnings"):
        good.pop(key)
    return [
        {
            "clip": f"clip-{i:04d}",
            "status": "no_face" if i == 7 else "ok",
            "detail": "gone" if i == 7 else "",
            "quality": good,
        }
        for i in range(count)
    ]


def test_sheets_hold_every_clip_and_only_changed_pages_are_drawn(portrait: NDArray[np.uint8], tmp_path: Path) -> None:
    per_page = COLUMNS * ROWS
    table = quality_table(entries(per_page + 5))
    for clip in table["clip"]:
        write_thumbnail(tmp_path, clip, portrait)
    write_sheets(tmp_path, table)
    pages = sheet_paths(tmp_path)
    assert [page.name for page in pages] == ["sheet-001.png", "sheet-002.png"]
    with Image.open(pages[0]) as first:
        assert first.convert("RGB").getpixel((7, 7)) == (190, 20, 30)  # the rejected clip stands first, framed
    before = [page.stat().st_mtime_ns for page in pages]
    write_thumbnail(tmp_path, table["clip"].iloc[-1], portrait[:, ::-1])
    write_sheets(tmp_path, table)
    after = [page.stat().st_mtime_ns for page in pages]
    assert after[0] == before[0] and after[1] > before[1]
    write_sheets(tmp_path, table.head(3))
    assert len(sheet_paths(tmp_path)) == 1


def test_the_command_shows_splits_and_names_mistakes(tmp_path: Path, space_bench: Run) -> None:
    workspace = Workspace(tmp_path / "out")
    table = quality_table(entries(9))
    write_table(workspace.quality_table("mine", "test"), table, QUALITY_COLUMNS)
    write_sheets(workspace.clips("mine", "test"), table)

    def run(*words: str) -> tuple[int, str]:
        done = space_bench("datasets", "quality", *words, "--out", workspace.root)
        return done.returncode, done.stdout + done.stderr

    code, text = run("mine")
    assert (
        code == 0
        and "8 of 9" in text
        and re.search("no face 1", text)
        and "clip-0007" in text
        and "sheet-001.png" in text
    )
    for words, message in ((("mein",), "'mine'"), (("mine", "--split", "tset"), "'test'")):
        code, text = run(*words)
        assert code == 2 and message in text and len(text.strip().splitlines()) == 1


def test_an_empty_workspace_says_what_makes_it(tmp_path: Path, space_bench: Run) -> None:
    assert "space-bench prepare mine" in space_bench("datasets", "quality", "mine", "--out", tmp_path).stderr


def test_rejected_clips_have_no_numbers() -> None:
    table = quality_table(entries(9))
    assert (
        isinstance(table, pd.DataFrame) and table.loc[7, "status"] == "no_face" and pd.isna(table.loc[7, "sharpness"])
    )
