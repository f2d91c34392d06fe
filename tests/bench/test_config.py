"""params.yaml: what is wrong is named, with its place and the nearest right word."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.config import PROTOCOLS, CaseSet, Params, load
from bench.errors import BenchError

GOOD = "datasets: {sample: {reader: sample}}\ncases: [sample/test/self]\nmodels: [still]\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "params.yaml"
    path.write_text(text)
    return path


def test_the_shipped_parameters_are_valid() -> None:
    params = load(Path(__file__).parents[2] / "params.yaml")
    assert set(params.models) == set(params.options)  # dvc.yaml asks for options.<model> of every model


@pytest.mark.parametrize(
    ("line", "place", "suggestion"),
    [
        ("modles: [still]", "modles", "models"),
        ("video: {sise: 128}", "video.sise", "size"),
        ("report: {exampels: 1}", "report.exampels", "examples"),
        ("datasets: {a: {reeder: mead}}", "datasets.a.reeder", "reader"),
        ("video: {renditions: {big: {sise: 512}}}", "video.renditions.big.sise", "'size'"),
        ("video: {crop: vox24}", "video.crop", "'vox224'"),
        ("video: {renditions: {big: {crop: fhq}}}", "video.renditions.big.crop", "'ffhq'"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(tmp_path: Path, line: str, place: str, suggestion: str) -> None:
    with pytest.raises(BenchError) as caught:
        load(written(tmp_path, (GOOD if not line.startswith("datasets") else "cases: []\nmodels: []\n") + line))
    assert place in str(caught.value) and suggestion in str(caught.value)


@pytest.mark.parametrize("text", [
        "video: {size: big}", "workers: -1", "puppet: {scale: 0}", "video: {crop: 0.5}", "video: {crop: true}",
        "video: {crop: [1.9]}", "video: {renditions: {../up: {}}}", "video: {renditions: {quality: {}}}",
        "video: {renditions: {a: {size: 8}}}", "video: {renditions: 3}",
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_place(tmp_path: Path, text: str) -> None:
    with pytest.raises(BenchError, match=text.split(":")[0]):
        load(written(tmp_path, GOOD + text))


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("sample/test", "dataset/split/protocol"),
        ("sample/test/selff", "'self'"),
        ("sampel/test/self", "'sample'"),
    ],
)
def test_a_wrong_case_set_is_explained(tmp_path: Path, case: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        load(written(tmp_path, GOOD.replace("sample/test/self", case)))


def test_a_missing_or_broken_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="cannot read"):
        load(tmp_path / "absent.yaml")
    with pytest.raises(BenchError, match="not valid YAML"):
        load(written(tmp_path, "a: [1"))


names = st.text(st.characters(whitelist_categories=["L", "N"], whitelist_characters="-_."), min_size=1)


@given(names, names, st.sampled_from(PROTOCOLS))
def test_a_case_set_reads_back_what_it_prints(dataset: str, split: str, protocol: str) -> None:
    cases = CaseSet(dataset=dataset, split=split, protocol=protocol)
    assert CaseSet.parse(str(cases)) == cases


def test_parameters_cannot_be_changed_by_accident() -> None:
    params = Params(datasets={}, cases=[], models=[])
    with pytest.raises(ValueError, match="frozen"):
        params.seed = 3  # type: ignore[misc]
