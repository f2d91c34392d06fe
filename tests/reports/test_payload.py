"""What travels to the page's scripts: nothing is lost on the way but digits that nobody sees."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reports.build_table import build_table
from reports.correlations import leaf_order
from reports.data import Context, ReportData
from reports.payload import Payload
from reports.payload.curves import BLOCK, SCALE, curves
from reports.payload.encoding import Chunks, coded, float_bytes
from reports.payload.failures import failures
from reports.payload.media import media
from reports.presets import preset

WHERE = Context("d", "test", "self")
Make = Callable[..., ReportData]


def payload_of(data: ReportData) -> Payload:
    return Payload.of(data, {context: build_table(data, preset("full"), [context]) for context in data.contexts()})


def unpacked(chunks: Chunks, name: str, kind: str) -> np.ndarray[Any, Any]:
    return np.frombuffer(gzip.decompress(base64.b64decode(dict(chunks.elements)[name])), kind)


def text_of(column: dict[str, Any]) -> list[str]:
    return [column["values"][code] if code >= 0 else "" for code in column["codes"]]


@settings(deadline=None)
@given(arrays(np.float64, (3, 7), elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_scores_keep_five_digits_and_only_numbers(values: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    found = np.frombuffer(float_bytes(values), "<f4").reshape(values.shape)
    usual = np.isfinite(values) & (np.abs(values) < 1e38) & ((np.abs(values) > 1e-37) | (values == 0))
    np.testing.assert_allclose(found[usual], values[usual], rtol=5e-6)
    assert np.isnan(found[~np.isfinite(values)]).all() and not np.isinf(found).any()


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "ü", None, "", 3])))
def test_coded_columns_say_the_same_rows(values: list[Any]) -> None:
    found = coded(pd.Series(values, dtype=object))
    assert text_of(found) == ["" if value is None else str(value) for value in values]


def test_scores_of_a_metric_are_models_by_cases(make_data: Make) -> None:
    data = make_data(cases=10, contexts=[WHERE])
    made = payload_of(data)
    (context,) = made.document["contexts"]
    names, models = context["cases"]["columns"]["case"]["values"], [model["name"] for model in made.document["models"]]
    values = unpacked(made.chunks, context["scores"]["m_ld"], "<f4").reshape(len(models), len(names))
    table = data.scores[data.scores["metric"] == "m_ld"].pivot(index="model", columns="case", values="value")
    np.testing.assert_allclose(values, table.loc[models, names].to_numpy(dtype=float), rtol=5e-6)
    assert "fid" not in context["scores"] and np.isnan(values).any()


def test_order_of_score_rows_changes_no_byte(make_data: Make) -> None:
    data = make_data(cases=10, contexts=[WHERE])
    turned = replace(data, scores=pd.concat([part for _, part in data.scores.groupby("metric", sort=False)]))
    assert payload_of(data).chunks.elements == payload_of(turned).chunks.elements


def test_failures_are_one_entry_a_case_model_and_reason(make_table: Callable[..., pd.DataFrame]) -> None:
    rows = make_table("scores", [
        (*WHERE, "a", "m", "1", "f_ld", "", None, "no_face", "no face in 3 of 4"),
        (*WHERE, "a", "m", "1", "m_ld", "", None, "no_face", "no face in 3 of 4"),
        (*WHERE, "b", "m", "1", "m_ld", "", None, "no_face", "no face in 3 of 4"),
        (*WHERE, "b", "m", "1", "f_ld", "", None, "no_face", "no face in 3 of 4"),
        (*WHERE, "a", "m", "1", "lse", "", None, "no_audio", None),
        (*WHERE, "*", "m", "1", "fid", "", None, "undefined", "one case"),
        (*WHERE, "b", "n", "1", "fid", "", None, "weights_missing", "pull"),
        (*WHERE, "b", "n", "1", "m_ld", "", 0.5, "ok", ""),
    ])  # fmt: skip
    found = failures(rows, ["a", "b"])
    columns = {name: column for name, column in found["columns"].items() if name != "case"}
    metrics = [columns["metrics"]["values"][code] for code in columns["metrics"]["codes"]]
    assert found["columns"]["case"] == [0, 1, 0, None]
    assert [sorted(names) for names in metrics] == [["f_ld", "m_ld"], ["f_ld", "m_ld"], ["lse"], ["fid"]]
    assert len(columns["metrics"]["values"]) == 3
    assert text_of(columns["detail"]) == ["no face in 3 of 4", "no face in 3 of 4", "", "one case"]
    assert found["words"]["no_face"] == "no face found" and found["count"] == 4
    assert failures(rows[:0], ["a"])["count"] == 0


def decoded(chunks: Chunks, found: dict[str, Any]) -> dict[tuple[int, str], np.ndarray[Any, Any]]:
    """Curves ``(frames, 4)`` by case and model, read as the page's script reads them."""
    result = {}
    for number, chunk in enumerate(found["chunks"]):
        raw = unpacked(chunks, chunk, "<i2")
        cases = found["cases"][number * found["block"] : (number + 1) * found["block"]]
        counts = raw[: len(cases) * len(found["models"])].reshape(len(cases), -1)
        place = counts.size
        for case, of_models in zip(cases, counts, strict=True):
            for model, count in zip(found["models"], of_models.tolist(), strict=True):
                lines = np.full((4, count), np.nan)
                for column in range(4):
                    last = 0
                    for k, step in enumerate(raw[place : place + count].tolist()):
                        if step != -32768:
                            last += step
                            lines[column, k] = last * found["scale"][column]
                    place += count
                result[case, model] = lines.T
        assert place == len(raw)
    return result


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_curves_come_back_within_half_a_step(lengths: list[int], seed: int) -> None:
    random, names = np.random.default_rng(seed), [f"c{k}" for k in range(len(lengths))]
    every, truth = {}, {}
    for model in ("one", "two"):
        parts = []
        for case, frames in enumerate(lengths):
            lines = random.normal(0, [0.2, 20, 20, 20], (frames, 4))
            lines[random.random((frames, 4)) < 0.3] = np.nan
            truth[case, model] = lines
            parts.append(pd.DataFrame(lines, columns=["aperture", "pitch", "yaw", "roll"]).assign(
                case=names[case], time=np.arange(frames) / 30
            ))  # fmt: skip
        every[(*WHERE, model)] = pd.concat(parts)
    chunks = Chunks()
    found = curves(every, WHERE, names, chunks)
    if found is None:
        assert sum(lengths) == 0
        return
    back = decoded(chunks, found)
    assert found["cases"] == [case for case, frames in enumerate(lengths) if frames]
    for key, lines in back.items():
        assert (
            np.abs(lines - truth[key])[np.isfinite(lines)]
            <= np.tile(SCALE, (len(lines), 1))[np.isfinite(lines)] * 0.5001
        ).all()
        assert (np.isnan(lines) == np.isnan(truth[key])).all()


def test_curves_of_many_cases_are_parted_into_blocks(make_data: Make) -> None:
    names = [f"c{k}" for k in range(BLOCK + 1)]
    frame = pd.DataFrame({"case": names, "time": 0.0, "aperture": 0.1, "pitch": 1.0, "yaw": 2.0, "roll": 9999.0})
    chunks = Chunks()
    found = curves({(*WHERE, "m"): frame}, WHERE, names, chunks)
    assert found is not None and len(found["chunks"]) == 2 == len(chunks.elements)
    back = decoded(chunks, found)
    np.testing.assert_allclose(back[BLOCK, "m"], [[0.1, 1.0, 2.0, 1638.3]])


def rows_of(files: dict[tuple[str, str], str]) -> pd.DataFrame:
    return pd.DataFrame([{"case": case, "model": model, "file": file} for (case, model), file in files.items()])


def test_regular_videos_are_told_without_their_names() -> None:
    folder = "../videos/d/test/self"
    files = {(case, model): f"{folder}/{model}/{case}.mp4" for case in ("a", "b") for model in ("m", "n")}
    del files["b", "n"]
    assert media(rows_of(files), ["a", "b"]) == {
        "base": folder, "models": {"m": {"ext": "mp4"}, "n": {"ext": "mp4", "absent": [1]}},
    }  # fmt: skip
    files["a", "n"] = f"{folder}/n/x/other.avi"
    found = media(rows_of(files), ["a", "b"])
    assert found is not None and found["models"]["n"] == {"files": ["n/x/other.avi", None]}
    alone = media(rows_of({("a", "m"): f"{folder}/m/a.mp4"}), ["a"])
    assert alone == {"base": folder, "models": {"m": {"ext": "mp4"}}}
    assert media(rows_of({}), ["a"]) is None


def test_findings_fit_the_cases_and_metrics_they_speak_of(make_data: Make) -> None:
    made = payload_of(make_data(cases=20, contexts=[WHERE]))
    (context,) = made.document["contexts"]
    json.dumps(made.document, allow_nan=False)
    table, competing = context["differences"], {"space", "viseme", "folder"}
    assert all(row[0] in competing and len(row) == 10 for rows in table["rows"].values() for row in rows)
    assert "pose_diversity" not in table["rows"]
    for kind in context["strata"]["kinds"]:
        assert len(kind["codes"]) == context["cases"]["count"]
        cells = context["strata"]["rows"][kind["kind"]]["m_ld"]["space"]
        assert len(cells) == len(kind["labels"])
        counts = np.bincount(kind["codes"], minlength=len(cells))
        assert all(cell is None or cell[3] <= counts[place] for place, cell in enumerate(cells))
    r = np.array(context["correlation"]["r"], dtype=float)
    assert r.shape == (len(context["correlation"]["metrics"]),) * 2 and (np.diag(r) == 1).all()
    assert sorted(context["correlation"]["order"]) == list(range(len(r)))
    nothing = replace(make_data(cases=1, contexts=[WHERE]), all_curves={})
    bare = {
        name: getattr(nothing, name).iloc[:0] for name in ("differences", "groups", "strata", "correlation", "media")
    }
    (empty,) = payload_of(replace(nothing, **bare)).document["contexts"]
    assert [empty[name] for name in ("differences", "strata", "correlation", "media", "curves")] == [None] * 5


def test_metrics_that_go_together_stand_together() -> None:
    blocks = np.array([0, 1, 0, 1, 0, 1])
    r = np.where(blocks[:, None] == blocks, 0.9, 0.05)
    np.fill_diagonal(r, 1)
    assert np.abs(np.diff(blocks[leaf_order(r)])).sum() == 1
    assert leaf_order(np.full((4, 4), np.nan)) != [] and leaf_order(np.ones((1, 1))) == [0]


@pytest.mark.parametrize("table", ["differences", "strata", "media"])
def test_tables_may_not_speak_of_unknown_models(make_data: Make, table: str) -> None:
    data = make_data(cases=3, contexts=[WHERE], beside="media")
    with pytest.raises(ValueError, match=f"table '{table}' has the model 'nobody'"):
        replace(data, **{table: getattr(data, table).assign(model="nobody")})
