"""What tests share: verified asset files, and small videos made on the spot."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.assets import AssetError, AssetStore, open_store
from tests.chromium import launched
from tests.cores import stay_on_one


def pytest_configure() -> None:
    stay_on_one()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside other processes, files with slow tests come first: a long one at the end would keep one process busy alone."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="module", autouse=True)
def _give_memory_back() -> Iterator[None]:
    """Networks in float64 are large and many: what a module freed goes back to the system, not to the allocator's store."""
    yield
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
        if trim is not None:
            trim(0)


# One a module: a browser that is kept holds its memory until the last test.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for tests that look at pages."""
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def asset_path() -> Callable[[str], Path]:
    """``asset_path(name)``: the verified file, fetched if need be; the test is skipped where it cannot be had."""
    store: AssetStore = open_store()
    refused: dict[str, str] = {}

    def path(name: str) -> Path:
        store.asset(name)  # a name that the manifest lacks is a fault of the test, never a skip
        if name not in refused:
            try:
                if not store.has(name):
                    store.pull([name])
                return store.path(name)
            except AssetError as error:
                refused[name] = str(error)  # asked once: waiting for an index that is out of reach takes long
        pytest.skip(refused[name])

    return path


def _counted(count: int, height: int = 48, width: int = 64) -> list[NDArray[np.uint8]]:
    """Frames that carry their own number (see `_number_of`): frame ``i`` is grey ``20 + 8 i``, for i up to 28."""
    return [np.full((height, width, 3), 20 + 8 * i, dtype=np.uint8) for i in range(count)]


def _number_of(frame: NDArray[np.uint8]) -> int:
    """The number of a counted frame, after any codec."""
    return round((float(frame.mean()) - 20) / 8)


def _clicks(seconds: float, rate: int, at: Sequence[float]) -> NDArray[np.float32]:
    """Silence with short bursts that start at these times, ``(S,)`` float32."""
    sound = np.zeros(round(seconds * rate), dtype=np.float32)
    burst = np.hanning(max(3, round(0.002 * rate)))
    for time in at:
        begin = round(time * rate)
        sound[begin : begin + len(burst)] += 0.9 * burst[: len(sound) - begin]
    return sound


def _click_times(sound: NDArray[np.float32], rate: int, count: int) -> list[float]:
    """Starts of the `count` loudest bursts of `_clicks`, in seconds, in order of time."""
    energy = np.convolve(sound.astype(np.float64) ** 2, np.hanning(max(3, round(0.004 * rate))), mode="same")
    times = []
    for _ in range(count):
        peak = int(np.argmax(energy))
        times.append(peak / rate - 0.001)  # the middle of a burst of 2 ms
        energy[max(0, peak - round(0.02 * rate)) : peak + round(0.02 * rate)] = 0
    return sorted(times)


def _write_raw_video(
    path: Path,
    frames: Sequence[NDArray[np.uint8]],
    *,
    fps: float = 25,
    times: Sequence[float] | None = None,
    audio: NDArray[np.float32] | None = None,
    rate: int = 16000,
    audio_start: float = 0.0,
    codec: str = "libx264",
    audio_codec: str = "aac",
    pixels: str = "yuv420p",
    rotation: int | None = None,
    mirror: bool = False,
    tick: Fraction = Fraction(1, 12800),
    container_options: dict[str, str] | None = None,
) -> Path:
    """Write a video with everything about it chosen, apart from the writer under test.

    Args:
        times: of each frame in seconds; None means ``i / fps``. audio: ``(S,)`` or ``(C, S)`` with C of 1, 2 or 6.
        audio_start: time of the first sample. rotation: degrees counter-clockwise, for display.
    """
    with av.open(str(path), "w", container_options=container_options or {}) as output:
        video: Any = output.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = pixels
        video.codec_context.time_base = tick
        if codec == "libx264":
            video.options = {"crf": "4", "preset": "ultrafast"}
        if rotation is not None:
            video.set_display_rotation(rotation, hflip=mirror)
        sound: Any = None
        if audio is not None:
            channels = np.atleast_2d(audio)
            layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(channels)]
            sound = output.add_stream(audio_codec, rate=rate, layout=layout)
        for i, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.time_base = tick
            frame.pts = round((i / fps if times is None else times[i]) / tick)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if sound is not None:
            kind = "s16" if audio_codec.startswith("pcm") else "fltp"
            data = np.round(channels * 32767).astype(np.int16) if kind == "s16" else channels.astype(np.float32)
            data = data.T.reshape(1, -1) if kind == "s16" else data
            block = av.AudioFrame.from_ndarray(np.ascontiguousarray(data), format=kind, layout=layout)
            block.rate, block.time_base = rate, Fraction(1, rate)
            block.pts = round(audio_start * rate)
            output.mux(sound.encode(block))
            output.mux(sound.encode(None))
    return path


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """``make_video(name="clip.mp4", frames=10, **options)``: a small video in the test's own folder.

    `frames` is a number (then frames of `counted`) or a list; `options` are those of `_write_raw_video`.
    """

    def make(name: str = "clip.mp4", frames: int | Sequence[NDArray[np.uint8]] = 10, **options: Any) -> Path:
        pictures = _counted(frames) if isinstance(frames, int) else frames
        return _write_raw_video(tmp_path / name, pictures, **options)

    return make


@pytest.fixture(scope="session")
def counted() -> Callable[..., list[NDArray[np.uint8]]]:
    """``counted(count, height=48, width=64)``: frames that carry their own number, for `number_of`."""
    return _counted


@pytest.fixture(scope="session")
def number_of() -> Callable[[NDArray[np.uint8]], int]:
    """``number_of(frame)``: the number of a `counted` frame, after any codec."""
    return _number_of


@pytest.fixture(scope="session")
def clicks() -> Callable[..., NDArray[np.float32]]:
    """``clicks(seconds, rate, at)``: silence with bursts of 2 ms that start at these times."""
    return _clicks


@pytest.fixture(scope="session")
def click_times() -> Callable[..., list[float]]:
    """``click_times(sound, rate, count)``: the starts of the loudest bursts."""
    return _click_times
