"""Talks beside drawn clips in one training store: the sequence networks learn from both, face-vid2vid from pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from bench.errors import BenchError
from bench.space.stages import split_speakers
from bench.training.build import ClipSource, build_store
from bench.training.pairs import Pairs
from bench.training.store import Store, StoreSettings
from bench.training.talks import TalkSource
from bench.training.windows import PoseWindows, SpeechWindows, WindowSettings
from datasets.puppet import PuppetSpec, talks
from metrics.features.face_mesh import locate
from space_ref.audio import MfccConfig
from space_ref.landmarks import Normalizer


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory, sources: list[ClipSource]) -> Store:
    spec, settings = PuppetSpec(), StoreSettings(size=128, fps=25)
    portraits = {name: np.asarray(astronaut(), np.uint8) for name in spec.portraits}
    root: Path = tmp_path_factory.mktemp("mixed")
    spoken = [TalkSource(talk, spec) for talk in talks(spec, 2, 25.0, portraits, locate)]
    build_store(root, [*sources, *spoken], settings)
    return Store(root, settings)


def test_a_talk_is_a_clip_without_pictures(mixed: Store) -> None:
    row = mixed.clips["talk/000001"]
    assert not row.drawn and row.pictures == 0 and row.frames == row.present
    assert len(mixed.audio(row.clip)) == row.samples == round(row.frames / 25 * 22050)
    assert mixed.landmarks(row.clip).shape == (row.frames, 478, 3)
    with pytest.raises(BenchError, match="has no pictures"):
        mixed.frame(row.clip, 0)


def test_pairs_are_drawn_from_pictures_only(mixed: Store) -> None:
    pairs = Pairs(mixed)
    assert all(torch.isfinite(pairs[number]["source"]).all() for number in range(8))
    with pytest.raises(BenchError, match="no clip with pictures"):
        Pairs(mixed, clips=["talk/000000"])


def test_speech_and_pose_are_drawn_from_talks_too(mixed: Store, normalizer: Normalizer) -> None:
    audio = MfccConfig(fps=25, top_db=None)
    for kind in (SpeechWindows, PoseWindows):
        windows = kind(mixed, WindowSettings(20), audio, normalizer, clips=["talk/000000"])
        sample = windows[0]
        assert all(bool(torch.isfinite(value.float()).all()) for value in sample.values())
        assert bool(sample["present"].all())


def test_a_stage_may_learn_from_pictures_alone(mixed: Store) -> None:
    every, pictures = (split_speakers(mixed, 0, drawn_only)[0] for drawn_only in (False, True))
    assert every == list(mixed.clips)
    assert pictures == [clip for clip in every if not clip.startswith("talk/")] != every
