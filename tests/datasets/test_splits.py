"""Splits: found by name, apart by speaker, stable under what else is on disk, with a digest that says when they change."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import splits
from datasets.base import EMOTIONS, DatasetError, SourceClip
from datasets.registry import READERS
from datasets.splits import files


def clip(name: str, speaker: str = "s", split: str = "", **labels: object) -> SourceClip:
    return SourceClip(name, speaker, Path(f"{name}.mp4"), split=split, **labels)  # type: ignore[arg-type]


def mead(speaker: str, counts: dict[tuple[str, int], int]) -> list[SourceClip]:
    return [
        clip(f"{speaker}-front-{emotion}-level_{level}-{number:03d}", speaker, emotion=emotion, level=level)
        for (emotion, level), count in counts.items() for number in range(1, count + 1)
    ]  # fmt: skip


def utterances(split: str, speakers: range, count: int = 10) -> list[SourceClip]:
    return [clip(f"id{s:05d}-video-{n:05d}", f"id{s:05d}", split) for s in speakers for n in range(count)]


def chosen(split: splits.Split, clips: list[SourceClip], name: str = "test") -> set[str]:
    return {item.clip for item, found in zip(clips, split.assign(clips), strict=True) if found == name}


def test_every_shipped_file_has_its_own_name_a_source_and_a_reader() -> None:
    for name in splits.names():
        path = files._files()[name]
        data = yaml.safe_load(path.read_text())
        assert data["name"] == name and data["source"]
        split = splits.load(name.replace("<count>", "5").replace("<seed>", "0"))
        assert split.dataset in {"", *READERS}


def test_the_published_speakers_are_the_test_speakers() -> None:
    eat = splits.load("mead/eat")
    found = eat.assign([clip("a", "M003"), clip("b", "W015"), clip("c", "M005"), clip("d", "W009")])
    assert found == ["test", "test", "train", "test"]
    evp = splits.load("mead/evp")
    clips = mead("M030", {("angry", 2): 1, ("angry", 3): 1, ("neutral", 1): 1}) + mead("M005", {("angry", 3): 1})
    assert evp.assign(clips) == [None, "test", "test", None]


def test_actors_for_test_are_as_many_women_as_men() -> None:
    ravdess = [clip(str(n), f"Actor_{n:02d}") for n in range(1, 25)]
    sexes = Counter(int(name) % 2 for name in chosen(splits.load("ravdess/actors-21-24"), ravdess))
    assert sexes == {0: 2, 1: 2}
    actors = [clip(str(n), str(n)) for n in range(1001, 1092)]
    crema = splits.load("crema-d/actors-1075-1091")
    assert chosen(crema, actors) == {str(n) for n in range(1075, 1092)}
    assert len(chosen(crema, actors, "train")) == 74


def test_official_mead_takes_the_last_of_every_level() -> None:
    clips = mead("M003", {("neutral", 1): 40, ("angry", 1): 30, ("angry", 2): 4}) + mead("W009", {("angry", 1): 30})
    random.Random(0).shuffle(clips)
    test = chosen(splits.load("mead/official"), clips)
    assert len(test) == 10 + 6 + 4 + 6
    assert {"M003-front-neutral-level_1-031", "M003-front-angry-level_1-025", "M003-front-angry-level_2-001"} <= test
    assert "M003-front-neutral-level_1-030" not in test and "M003-front-angry-level_1-024" not in test


def test_the_archives_own_split_is_kept_and_its_speakers_are_checked() -> None:
    official = splits.load("voxceleb2/official")
    clips = utterances("dev", range(3)) + utterances("test", range(3, 5))
    assert official.assign(clips) == [item.split for item in clips]
    with pytest.raises(DatasetError, match=r"id00002 is in dev and in test"):
        official.assign([*clips, clip("x", "id00002", "test")])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5), st.integers(1, 30), st.randoms())
def test_a_seeded_subset_depends_on_names_only(seed: int, count: int, order: random.Random) -> None:
    split = splits.load(f"voxceleb2/test-{count}-seed{seed}")
    clips = utterances("test", range(4))
    test = chosen(split, clips)
    assert len(test) == count
    shuffled = order.sample(clips, len(clips))
    assert chosen(split, shuffled + utterances("dev", range(10, 12))) == test
    lost = next(item for item in clips if item.clip in test)
    left = [item for item in clips if item is not lost]
    assert test - {lost.clip} <= chosen(split, left)
    assert chosen(splits.load(f"voxceleb2/test-{count - 1 or 1}-seed{seed}"), clips) <= test


def test_seeds_differ_and_a_subset_of_too_few_is_refused() -> None:
    clips = utterances("test", range(4))
    assert len({frozenset(chosen(splits.load(f"voxceleb2/test-5-seed{k}"), clips)) for k in range(5)}) == 5
    with pytest.raises(DatasetError, match="41 clips of 'test' are asked for and 40 are here"):
        splits.load("voxceleb2/test-41-seed0").assign(clips)


def test_a_subset_is_the_same_for_ever() -> None:
    test = chosen(splits.load("voxceleb2/test-3-seed0"), utterances("test", range(4)))
    assert test == {"id00000-video-00005", "id00000-video-00006", "id00000-video-00008"}


def test_the_puppets_splits_are_of_the_same_kind_as_the_published_ones() -> None:
    assert splits.load("puppet/mead-eat").assign([clip("a", "M003"), clip("b", "M012")]) == ["test", "train"]
    ours, theirs = splits.load("puppet/voxceleb2-test-4-seed0"), splits.load("voxceleb2/test-4-seed0")
    assert ours.digest == theirs.digest


def test_the_digest_changes_with_whatever_decides_and_with_nothing_else() -> None:
    split = splits.load("mead/evp")
    same = replace(split, name="other")
    others = [
        replace(split, version=2), replace(split, by="clip"), replace(split, others="train"),
        replace(split, parameters={"split": "test", "level": 2}), replace(split, speakers={"test": frozenset({"M003"})}),
        replace(split, rule=""), replace(split, dataset=""),
    ]  # fmt: skip
    assert same.digest == split.digest
    assert len({item.digest for item in (split, *others)}) == 1 + len(others)


@pytest.mark.parametrize(
    "name", ["mead/eta", "voxceleb/test-5-seed0", "voxceleb2/test-05-seed0", "../secret", "", "mead/EAT"]
)
def test_an_unknown_split_names_what_is_known(name: str) -> None:
    with pytest.raises(DatasetError, match=r"unknown split .*mead/eat.*voxceleb2/test-<count>-seed<seed>"):
        splits.load(name)


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(DatasetError, match="Did you mean 'mead/eat'"):
        splits.load("mead/eta")


def test_a_split_of_another_dataset_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"for the reader mead, not for ravdess.*ravdess/actors-21-24"):
        splits.load("mead/eat", "ravdess")
    assert splits.load("mead/eat", "mead-left_30").name == "mead/eat"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("speakers: {train: [M001], test: ['M0*']}", "M001 is in test and in train"),
        ("speakers: {train: others, test: others}", "cannot both be"),
        ("speakers: {train: M001}", "must be a list"),
        ("speakers: []", "names speakers a split"),
        ("speaker: {train: [M001]}", "unknown key 'speaker'. Did you mean 'speakers'"),
        ("rule: seeded-tset", "Did you mean 'seeded-test'"),
        ("{rule: seeded-test, parameters: {split: test, count: 5}}", "takes the parameters split, count, seed; found split, count"),
        ("{rule: seeded-test, parameters: {split: test, count: -5, seed: 0}}", "count of rule seeded-test is a whole number"),
        ("{rule: last-per-level, parameters: {neutral: 1, others: 1}}", "says `by: clip`"),
        ("{speakers: {test: [a]}, parameters: {count: 1}}", "need a `rule`"),
        ("{speakers: {test: [a]}, by: video}", "`by` is speaker or clip"),
        ("{speakers: {test: [a]}, version: new}", "`version` is a whole number"),
        ("name: x", "needs `speakers`, or a `rule`"),
        ("", "found nothing"),
        ("[", "cannot be read as YAML"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_is_explained(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(DatasetError) as caught:
        splits.load(str(path))
    assert message in str(caught.value) and str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_of_ones_own_works_with_a_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes("\ufeffname: mine\r\nspeakers:\r\n  test: [1001, 'W1*']\r\n".encode())
    assert splits.load(str(path)).assign([clip("a", "1001"), clip("b", "W101"), clip("c", "x")]) == [
        "test",
        "test",
        None,
    ]


def test_patterns_that_meet_on_a_real_speaker_are_found(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("speakers: {train: ['M*'], test: ['*3']}")
    split = splits.load(str(path))
    assert split.assign([clip("a", "M001"), clip("b", "W003")]) == ["train", "test"]
    with pytest.raises(DatasetError, match="M003 is in test and in train"):
        split.assign([clip("a", "M003")])


@settings(max_examples=20, deadline=None)
@given(
    st.sets(
        st.tuples(st.sampled_from(["M003", "M005", "W009"]), st.sampled_from(EMOTIONS), st.integers(1, 3)), min_size=1
    )
)
def test_no_speaker_of_a_split_by_speaker_is_in_two_parts(some: set[tuple[str, str, int]]) -> None:
    clips = [item for speaker, emotion, level in sorted(some) for item in mead(speaker, {(emotion, level): 2})]
    for name, again in product(("mead/eat", "mead/evp", "puppet/mead-eat", "puppet-mead"), (clips, clips[::-1])):
        split = splits.load(name)
        parts = {(item.speaker, found) for item, found in zip(again, split.assign(again), strict=True) if found}
        assert len(parts) == len({speaker for speaker, _ in parts})
