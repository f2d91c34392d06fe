"""What tests of the suite share: pictures in which a face is found, and small workspaces with cases to animate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.config import CaseSet
from bench.content import content_hashes
from bench.store import CASE_COLUMNS, CLIP_COLUMNS, sha256_file, write_table
from bench.workspace import Workspace
from datasets.media import write_audio
from tests.command import Run, runner


@pytest.fixture
def space_bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``space_bench(*words, cwd=None)``: the command line in this process; exit code, output and errors."""
    return runner(monkeypatch, capsys)


@pytest.fixture(scope="session")
def portrait(asset_path: Callable[[str], Path]) -> NDArray[np.uint8]:
    """A real face ``(160, 128, 3)``."""
    with Image.open(asset_path("obama_portrait")) as image:
        return np.asarray(image.convert("RGB").resize((128, 160)), np.uint8)


@pytest.fixture
def make_workspace(
    make_video: Callable[..., Path], clicks: Callable, tmp_path: Path
) -> Callable[[Mapping[str, int]], Workspace]:
    """``make_workspace({name: frames})``: clips with sound, asked for as ``d/test/self`` and ``d/test/self-free``."""

    def make(lengths: Mapping[str, int]) -> Workspace:
        space = Workspace(tmp_path / "out")
        folder = space.clips("d", "test")
        folder.mkdir(parents=True)
        clips, cases = [], []
        for name, frames in lengths.items():
            sound = clicks(frames / 25, 16000, [0.14])
            video = folder / f"{name}.mp4"
            make_video(name + ".mp4", frames, audio=sound).rename(video)
            write_audio(folder / f"{name}.wav", sound)
            Image.fromarray(np.full((48, 64, 3), 90, np.uint8)).save(folder / f"{name}.png")
            pictures, heard = content_hashes(video)
            clips.append({
                "clip": name, "dataset": "d", "split": "test", "speaker": name, "emotion": None, "level": None,
                "video": space.relative(video), "audio": space.relative(folder / f"{name}.wav"), "frames": frames,
                "fps": 25.0, "seconds": frames / 25, "sha256": sha256_file(video), "pictures": pictures, "sound": heard,
                "truth": None, "crop": None,
            })  # fmt: skip
            cases.append({
                "case": name, "clip": name, "portrait": space.relative(folder / f"{name}.png"), "audio": clips[-1]["audio"],
                "pose": None, "emotion": None, "intensity": None, "speaker": name, "level": None, "portrait_speaker": name,
            })  # fmt: skip
        write_table(space.clips_table("d", "test"), clips, CLIP_COLUMNS)
        for protocol in ("self", "self-free"):
            table = space.cases_table(CaseSet.parse(f"d/test/{protocol}"))
            write_table(table, [{**case, "protocol": protocol} for case in cases], CASE_COLUMNS)
        return space

    return make


@pytest.fixture
def workspace(make_workspace: Callable[[Mapping[str, int]], Workspace]) -> Workspace:
    """Two clips of 10 and 6 frames with sound, asked for in two case sets."""
    return make_workspace({"a": 10, "b": 6})
