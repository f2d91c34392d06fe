"""Published numbers: read only with a source, shown beside ours, never compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.paper_table.published import read_published
from tests.bench.paper_table.conftest import AddModel
from tests.bench.paper_table.test_table import rows

METRICS = ["m_ld", "fid"]
NUMBER: dict[str, Any] = {
    "method": "Some_Method & Co", "dataset": "d", "protocol": "self", "metric": "m_ld", "value": "0.0010",
    "source": {"title": "A title", "table": "Table 2", "place": "p. 7"}, "note": "pixels, another crop",
}  # fmt: skip


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], Path]:
    def put(numbers: Any) -> Path:
        path = tmp_path / "published.yaml"
        path.write_text(yaml.safe_dump({"numbers": numbers}), encoding="utf-8")
        return path

    return put


def test_the_repository_holds_no_published_number() -> None:
    assert read_published(Path(__file__).parents[3] / "published.yaml", METRICS) == []


def test_a_published_number_stands_apart_and_is_never_ranked_or_tested(
    add_model: AddModel, run: Callable[..., tuple[int, str, str]], write: Callable[[Any], Path], tmp_path: Path
) -> None:
    add_model("space")
    add_model("viseme", seed=2, noise=0.3)
    run("--format", "csv")
    before = rows(tmp_path)
    path = write([NUMBER, NUMBER | {"metric": "fid", "value": 12}, NUMBER | {"dataset": "nowhere"}])
    code, _, err = run("--published", path)
    assert code == 0 and "1 published numbers of nowhere under the protocol self have no section in this table" in err
    found = rows(tmp_path)
    assert {key: row for key, row in found.items() if key in before} == before
    published = {key[1]: row for key, row in found.items() if row["kind"] == "published" and row["value"]}
    assert {name: row["value"] for name, row in published.items()} == {"m_ld": "0.001", "fid": "12.0"}
    assert {(row["mark"], row["p_adjusted"]) for row in published.values()} == {("", "")}
    source = "published, other protocol: A title, Table 2, p. 7; pixels, another crop"
    assert {row["note"] for row in published.values()} == {source}
    text = (tmp_path / "out" / "paper" / "space.md").read_text()
    assert "| *Published, other protocol: not compared, not ranked* |" in text
    assert "0.0010" in text and source in text  # with the digits of its source
    assert r"Some\_Method \& Co" in (tmp_path / "out" / "paper" / "space.tex").read_text()
    assert "Published, other protocol" in (tmp_path / "out" / "paper" / "space.html").read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metrc": "m_ld"}, "unknown key 'numbers.0.metrc'. Did you mean 'metric'?"),
        ({"metric": "m_dl"}, "numbers.0.metric: unknown metric 'm_dl'. Did you mean 'm_ld'?"),
        ({"value": "3.1 ± 0.2"}, "numbers.0.value: it takes a plain number"),
        ({"value": True}, "numbers.0.value: it takes a plain number"),
        ({"value": float("nan")}, "numbers.0.value: it takes a plain number"),
        ({"protocol": "slef"}, "numbers.0.protocol"),
        ({"source": {"title": "A", "table": "1"}}, "numbers.0.source.place is missing"),
        ({"source": NUMBER["source"] | {"url": "x"}}, "unknown key 'numbers.0.source.url'"),
        ({"note": ""}, "numbers.0.note"),
    ],
)
def test_a_number_without_what_belongs_to_it_is_refused(
    write: Callable[[Any], Path], change: dict[str, Any], said: str
) -> None:
    with pytest.raises(BenchError) as refused:
        read_published(write([NUMBER | change]), METRICS)
    assert said in str(refused.value)


def test_the_example_of_the_page_is_read(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "tables.md").read_text(encoding="utf-8")
    path = tmp_path / "published.yaml"
    path.write_text(text.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    (number,) = read_published(path, METRICS)
    assert (number.metric, number.value) == ("fid", "12.30")


@pytest.mark.parametrize("text", ["", "[]", "3", "number: []"])
def test_a_file_without_numbers_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "published.yaml"
    path.write_text(text)
    with pytest.raises(BenchError, match="numbers"):
        read_published(path, METRICS)


def test_two_values_from_one_source_are_refused(write: Callable[[Any], Path]) -> None:
    with pytest.raises(BenchError, match="two values of m_ld from one source"):
        read_published(write([NUMBER, NUMBER | {"value": 7}]), METRICS)


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["numbers", *NUMBER, "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=anything.map(yaml.safe_dump) | st.text(max_size=40))
def test_whatever_the_file_holds_is_numbers_or_one_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "published.yaml"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    try:
        assert read_published(path, METRICS) == []
    except BenchError as error:
        assert str(path) in str(error) and "\n" not in str(error)
