"""prepare keeps lips and sound together to 1 ms, whatever the container says of when each stream starts."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.config import RenditionConfig, VideoConfig
from bench.prepare_clip import Job, outputs_of, prepare_one
from datasets.base import SourceClip
from datasets.media import read_audio, read_frames, write_audio

FLASH = 22
"""Number of the source frame that is bright, and during which the click is heard."""
WITHIN = 0.001


def pictures(portrait: NDArray[np.uint8], count: int = 40) -> list[NDArray[np.uint8]]:
    dark = (portrait * 0.7).astype(np.uint8)
    return [portrait if i == FLASH else dark for i in range(count)]


UNSTEADY = np.cumsum([0, *np.random.default_rng(3).choice([0.02, 0.035, 0.04, 0.09], 39)]).round(3).tolist()
STEADY = [i / 25 for i in range(40)]
FILES: dict[str, dict[str, Any]] = {
    "plain.mp4": {},
    "sound late.mp4": {"audio_start": 0.237},
    "sound early.mkv": {"times": [0.413 + time for time in STEADY]},
    "both late.ts": {"times": [0.2 + time for time in STEADY], "audio_start": 0.1},
    "variable rate.mkv": {"times": UNSTEADY, "tick": Fraction(1, 1000)},
    "variable rate, sound late.mp4": {"times": UNSTEADY, "audio_start": 0.111, "tick": Fraction(1, 12800)},
    "edit list.mp4": {
        "times": [time - 0.2 for time in STEADY], "audio_start": -0.2,
        "container_options": {"avoid_negative_ts": "disabled", "use_editlist": "1"},
    },
    "in fragments.mp4": {"audio_start": 0.05, "container_options": {"movflags": "frag_keyframe+empty_moov"}},
}  # fmt: skip


def made(source: Path, folder: Path, **part: Any) -> list[tuple[Path, float]]:
    """The standard clip and a rendition at 30 frames a second, with their rates."""
    video = VideoConfig(size=128, renditions={"other": RenditionConfig(crop="vox224", size=96, fps=30)})
    outputs = outputs_of(video, folder)
    for output in outputs:
        output.folder.mkdir(parents=True, exist_ok=True)
    entry = prepare_one(Job(SourceClip("clip", "someone", source, **part), outputs, 10.0, "recipe"))
    assert entry["status"] == "ok", entry["detail"]
    return [(output.folder / "clip.mp4", output.fps) for output in outputs]


def first_bright(path: Path) -> int:
    levels = np.array([frame.mean() for frame in read_frames(path)])
    return int(np.argmax(levels > (levels.min() + levels.max()) / 2))


@pytest.mark.parametrize("name", FILES)
def test_flash_and_click_stay_together(
    tmp_path: Path, portrait: NDArray[np.uint8], make_video: Callable[..., Path], clicks: Callable,
    click_times: Callable, name: str,
) -> None:  # fmt: skip
    options = {"times": STEADY, "audio_start": 0.0, **FILES[name]}
    times, begins = options["times"], options["audio_start"]
    flash = times[FLASH]
    sound = clicks(2.4, 48000, [flash - begins])
    source = make_video(name, pictures(portrait), audio=sound, rate=48000, **options)
    zero = next(time for time in times if time > -1e-6)  # an edit list cuts what lies before 0
    for path, fps in made(source, tmp_path / "made"):
        for heard in (path, path.with_suffix(".wav")):
            assert click_times(read_audio(heard), 16000, 1) == pytest.approx([flash - zero], abs=WITHIN)
        assert -WITHIN < first_bright(path) / fps - (flash - zero) < 1 / fps + WITHIN


@pytest.mark.parametrize("start", [0.1, 0.31, 0.5])
def test_a_part_of_a_source_begins_with_its_first_frame(
    tmp_path: Path, portrait: NDArray[np.uint8], make_video: Callable[..., Path], clicks: Callable,
    click_times: Callable, start: float,
) -> None:  # fmt: skip
    flash = STEADY[FLASH]
    source = make_video("source.mp4", pictures(portrait), audio=clicks(1.6, 48000, [flash]), rate=48000)
    for path, fps in made(source, tmp_path / "made", start=start, end=start + 1.05):
        begin = round(start * fps) / fps
        assert click_times(read_audio(path), 16000, 1) == pytest.approx([flash - begin], abs=WITHIN)
        assert -WITHIN < first_bright(path) / fps - (flash - begin) < 1 / fps


def test_a_sound_of_its_own_file_is_on_the_clock_of_the_pictures(
    tmp_path: Path,
    portrait: NDArray[np.uint8],
    make_video: Callable[..., Path],
    clicks: Callable,
    click_times: Callable,
) -> None:
    flash = STEADY[FLASH]
    source = make_video("late.mkv", pictures(portrait), times=[0.3 + time for time in STEADY])
    write_audio(tmp_path / "apart.wav", clicks(1.6, 16000, [flash]))
    for path, _ in made(source, tmp_path / "made", audio=tmp_path / "apart.wav"):
        assert click_times(read_audio(path), 16000, 1) == pytest.approx([flash], abs=WITHIN)
