"""The standard form: one fixed crop around the face, sound cut to the frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.media import pictures_sha256, probe, read_audio, read_frames, replace_sound, sound_sha256
from datasets.standardize import Crop, as_stored, cut_audio, face_crop_box


@given(
    st.integers(64, 2000), st.integers(64, 2000), st.floats(-100, 2100), st.floats(-100, 2100), st.floats(8, 600),
    st.floats(1, 4),
)  # fmt: skip
def test_a_crop_lies_inside_the_frame(width: int, height: int, x: float, y: float, side: float, scale: float) -> None:
    boxes = np.array([[x, y, x + side, y + side], [np.nan] * 4])
    crop = face_crop_box(boxes, width, height, scale)
    assert crop.left >= 0 and crop.top >= 0 and crop.side >= 1
    assert crop.left + crop.side <= width and crop.top + crop.side <= height


def test_a_crop_needs_a_face() -> None:
    with pytest.raises(ValueError, match="no face"):
        face_crop_box(np.full((3, 4), np.nan), 100, 100, 2)


def test_a_frame_that_was_cropped_before_is_taken_whole() -> None:
    crop = face_crop_box(np.array([[60.0, 60, 190, 190]]), 256, 256, 1.9)
    assert (crop.left, crop.top, crop.side) == (0, 0, 256)


@pytest.mark.parametrize("side", [24, 32, 40])
def test_a_crop_is_cut_and_brought_to_size(side: int) -> None:
    across, down = np.meshgrid(np.arange(64), np.arange(48))
    frame = np.stack([across * 4, down * 4, across], axis=2).astype(np.uint8)
    cut = Crop(10, 6, side).cut(frame, 0, 32)
    assert cut.shape == (32, 32, 3) and cut.dtype == np.uint8
    middles = (np.arange(32) + 0.5) * side / 32 - 0.5
    inside = slice(2, -2)
    assert np.abs(cut[16, :, 0] / 4 - (10 + middles))[inside].max() < 0.6
    assert np.abs(cut[:, 16, 1] / 4 - (6 + middles))[inside].max() < 0.6


def test_sound_is_cut_to_the_frames() -> None:
    sound = np.arange(16000, dtype=np.float32)
    assert np.array_equal(cut_audio(sound, 16000, 0.5, 5, 25), sound[8000:11200])
    tail = cut_audio(sound, 16000, 0.9, 5, 25)
    assert len(tail) == 3200 and np.array_equal(tail[:1600], sound[14400:]) and not tail[1600:].any()


def test_stored_sound_survives_storing_again() -> None:
    sound = np.random.default_rng(0).uniform(-1.2, 1.2, 1000).astype(np.float32)
    once = as_stored(sound)
    assert np.abs(once - np.clip(sound, -1, 1)).max() < 1e-4


@pytest.mark.parametrize(
    "change", [{"rotation": 0, "mirror": True}, {"rotation": 180}, {"rotation": 180, "mirror": True}]
)
def test_pictures_shown_turned_or_mirrored_are_other_pictures(
    make_video: Callable[..., Path], change: dict[str, Any]
) -> None:
    hashes = [pictures_sha256(make_video(name, **more)) for name, more in (("a.mp4", {}), ("b.mp4", change))]
    assert hashes[0] != hashes[1]
    turned = pictures_sha256(make_video("c.mp4", rotation=180))
    assert (turned == hashes[1]) == (change == {"rotation": 180})


def test_colours_that_the_container_alone_tells_are_other_pictures(tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.mp4" for name in ("plain", "tagged")}
    for name, path in paths.items():
        with av.open(str(path), "w", container_options={"movflags": "+write_colr"}) as output:
            stream: Any = output.add_stream("mpeg4", rate=25, width=32, height=32, pix_fmt="yuv420p")
            if name == "tagged":
                stream.codec_context.colorspace = 1  # BT.709
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), (200, 60, 20), np.uint8), format="rgb24")
            output.mux(stream.encode(frame) + stream.encode(None))
    red = {name: next(read_frames(path))[16, 16, 0] for name, path in paths.items()}
    assert red["plain"] != red["tagged"]
    assert pictures_sha256(paths["plain"]) != pictures_sha256(paths["tagged"])


def test_another_sound_leaves_the_pictures_as_they_are(make_video: Callable[..., Path], tmp_path: Path) -> None:
    first = np.sin(np.arange(9600) / 8).astype(np.float32) / 3
    video = make_video(frames=15, audio=first)
    swapped, silent = tmp_path / "swapped.mp4", tmp_path / "silent.mp4"
    replace_sound(video, swapped, first[::-1].copy())
    replace_sound(video, silent, None)
    assert pictures_sha256(video) == pictures_sha256(swapped) == pictures_sha256(silent)
    assert sound_sha256(video) != sound_sha256(swapped)
    assert not probe(silent).has_audio and len(read_audio(swapped)) == 9600
    for one, two in zip(read_frames(video), read_frames(swapped), strict=True):
        assert np.array_equal(one, two)
