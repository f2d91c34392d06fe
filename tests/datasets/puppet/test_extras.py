"""Extra training speakers: as many as asked for, unlike each other, and nothing of the test speakers in them."""

from __future__ import annotations

import pytest

from datasets.puppet import CAST, PuppetError, PuppetSpec, plan
from datasets.puppet.extras import MOST, extra_speaker
from datasets.puppet.sentences import TEST

_HIDDEN = [recipe for recipe in CAST if recipe.split == "test"]


def test_extra_speakers_share_no_portrait_voice_or_name_with_the_test_speakers() -> None:
    extras = [extra_speaker(0, number) for number in range(MOST)]
    assert {recipe.split for recipe in extras} == {"train"}
    assert not {recipe.portrait for recipe in extras} & {recipe.portrait for recipe in _HIDDEN}
    variants = {recipe.voice.name.partition("+")[2] for recipe in _HIDDEN}
    assert not {recipe.voice.name.partition("+")[2] for recipe in extras} & variants
    others = [extra_speaker(0, number, "test") for number in range(MOST)]
    assert {recipe.split for recipe in others} == {"test"} and {r.portrait for r in others} == {
        r.portrait for r in _HIDDEN
    }
    for kind in (
        lambda r: r.portrait,
        lambda r: r.voice.name.partition("+")[2],
        lambda r: r.mead,
        lambda r: r.voxceleb2,
    ):
        assert not {kind(recipe) for recipe in extras} & {kind(recipe) for recipe in others}
    for names in ([r.mead for r in (*CAST, *extras)], [r.voxceleb2 for r in (*CAST, *extras)]):
        assert len(set(names)) == len(CAST) + MOST


def test_extra_speakers_have_portraits_that_nobody_else_has() -> None:
    cast = {recipe.portrait for recipe in CAST}
    assert len({extra_speaker(0, number).portrait for number in range(6)} - cast) == 3
    assert set(PuppetSpec().portraits) == cast and len(PuppetSpec(extras=6).portraits) == len(cast) + 3


def test_extra_speakers_say_no_test_sentence() -> None:
    spec = PuppetSpec(extras=3, scale=3)
    spoken = {clip.text for clip in plan(spec) if spec.cast[clip.speaker].split == "train"}
    assert not any(sentence in text for text in spoken for sentence in TEST)


def test_the_fixed_cast_s_clips_do_not_depend_on_the_extras() -> None:
    without, with_extras = plan(PuppetSpec()), plan(PuppetSpec(extras=2))
    assert with_extras[: len(without)] == without
    assert len(with_extras) == len(without) + 2 * (8 + 2)


def test_extra_test_speakers_say_test_sentences_and_come_last() -> None:
    spec = PuppetSpec(extras=1, test_extras=2)
    assert [recipe.split for recipe in spec.cast[len(CAST) :]] == ["train", "test", "test"]
    assert spec.portraits == PuppetSpec(extras=1).portraits
    spoken = [clip for clip in plan(spec) if clip.speaker >= len(CAST) + 1]
    assert {clip.text for clip in spoken} <= set(TEST)
    assert all(clip.video.parts[1] == "test" for clip in spoken if clip.video.parts[0] == "voxceleb2")


def test_an_extra_speaker_depends_on_the_seed_and_its_number_only() -> None:
    assert extra_speaker(3, 7) == extra_speaker(3, 7)
    assert len({extra_speaker(seed, number).shape for seed in (0, 1) for number in range(5)}) == 10


@pytest.mark.parametrize("count", [-1, MOST + 1])
def test_a_count_outside_the_range_is_refused(count: int) -> None:
    with pytest.raises(PuppetError, match=r"^extras must be from 0 to 99"):
        PuppetSpec(extras=count)
    with pytest.raises(PuppetError, match="test_extras must be from 0 to 99"):
        PuppetSpec(test_extras=count)
