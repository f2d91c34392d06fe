"""The page as text, the figures, and the set of files."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from reports import figures
from reports.data import ReportData, StudyLink
from reports.page import missing_weights, page, sizes
from reports.palette import looks
from reports.payload import as_json
from reports.presets import preset
from reports.writer import render

FEW = (("space", "1", "SPACE", "model", 0.5), ("ground_truth", "1", "Ground truth", "sanity", 0.0))
NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & 'q' \"d\" $x$"


OUR_SCRIPTS = {
    '<script type="application/json" id="payload">',
    '<script type="application/json" id="videos">',
    "<script>",
}
CHUNK = r'<script type="application/octet-stream" id="chunk-\d+">'


def payload_of(html: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="payload">(.*?)</script>', html, re.S)
    assert found
    return json.loads(found[1])


@pytest.fixture
def nasty(make_data: Callable[..., ReportData]) -> ReportData:
    data = make_data(cases=5)
    models = data.models.assign(title=NASTY, note=NASTY, version=NASTY)
    metrics = data.metrics.assign(title=NASTY, summary=NASTY, protocol=NASTY, unit=NASTY, source=NASTY)
    scores = data.scores.assign(detail=NASTY)
    rejected = data.rejected.assign(detail=NASTY)
    parts = {"models": models, "metrics": metrics, "scores": scores, "rejected": rejected}
    return replace(data, title=NASTY, environment={NASTY: NASTY}, **parts)


def test_untrusted_text_never_becomes_markup(nasty: ReportData) -> None:
    html = page(nasty)
    assert set(re.findall(r"<script[^>]*>", html)) <= OUR_SCRIPTS | set(re.findall(CHUNK, html))
    assert "<img" not in html
    assert payload_of(html)["models"][0]["title"] == NASTY  # type: ignore[index]


def test_analysed_studies_are_named_and_linked(make_data: Callable[..., ReportData]) -> None:
    link = StudyLink("lips", "space was preferred in 71 % <b>", "../study/lips/analysis/index.html")
    html = page(replace(make_data(), studies=[link]))
    assert '<a href="../study/lips/analysis/index.html">Study lips</a>: space was preferred in 71 % &lt;b&gt;' in html
    assert "What people say" not in page(make_data())


def test_json_cannot_close_its_element() -> None:
    text = as_json({"a": "</script><!--\u2028"})
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!--\u2028"}


def test_page_asks_nothing_of_the_network(make_data: Callable[..., ReportData], clip_of: Callable[[str], Path]) -> None:
    html = page(make_data(cases=3, videos=clip_of))
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", html)
    assert "default-src 'none'" in html
    assert "@import" not in html


def test_failures_are_listed_once_a_case_and_model_with_the_metrics_they_cost(
    make_data: Callable[..., ReportData],
) -> None:
    context = payload_of(page(make_data()))["contexts"][0]  # type: ignore[index]
    found = context["failures"]
    columns = {name: table for name, table in found["columns"].items() if name != "case"}
    first = {name: table["values"][table["codes"][0]] for name, table in columns.items()}
    assert context["cases"]["columns"]["case"]["values"][found["columns"]["case"][0]] == "sample_004"
    assert (first["model"], found["words"][first["status"]]) == ("space", "no face found")
    assert "m_ld" in first["metrics"]
    assert columns["status"]["values"] == ["no_face"]
    assert found["count"] == len(columns["model"]["codes"]) == 5


def test_missing_weights_name_the_metrics_and_the_remedy(make_data: Callable[..., ReportData]) -> None:
    (item,) = missing_weights(make_data())
    assert (item.assets, item.metrics) == ("inception_fid", ("FID",))
    assert "assets pull inception_fid" in item.remedy
    html = page(make_data())
    block = html[html.index("Not computed: weights missing") :]
    block = block[: block.index("</section>")]
    assert "<details>" in block and "<details open" not in block
    assert "1 metric, 1 set of weights" in block and item.remedy in block and "FID" in block


def test_each_classifier_has_its_own_confusion(make_data: Callable[..., ReportData]) -> None:
    fer, hse = payload_of(page(make_data(cases=8)))["contexts"][0]["emotions"]  # type: ignore[index]
    assert (fer["classifier"], hse["classifier"]) == ("FER", "HSE")
    assert "fear" in fer["asked"] and "fear" not in hse["asked"]
    matrix = hse["counts"]["space"]
    assert [row[hse["predicted"].index(name)] for name, row in zip(hse["asked"], matrix, strict=True)] == [1] * 7


def test_distances_are_told_for_fewer_clips_and_for_endless_ones(make_data: Callable[..., ReportData]) -> None:
    data = make_data(cases=12, models=FEW)
    first, *_ = found = sizes(data, data.contexts()[0])
    assert [item.model for item in found] == [row[2] for row in FEW]
    assert [clips for clips, _, _ in first.values] == [3, 6, 12]
    assert float(first.values[0][1]) > float(first.values[-1][1]) > float(first.endless)
    assert "Distances and the number of clips" in page(data)
    assert "Distances and the number of clips" not in page(replace(data, sizes=data.sizes.iloc[:0]))


def test_a_video_that_cannot_be_read_is_said_so(make_data: Callable[..., ReportData], tmp_path: Path) -> None:
    data = make_data(cases=2, contexts=[("a", "test", "self")])
    data = replace(data, videos={("a", "test", "self", "a_000", "space"): tmp_path / "gone.mp4"})
    (shown,) = [entry for entry in payload_of(page(data))["contexts"][0]["watch"] if entry["case"] == "a_000"]  # type: ignore[index]
    assert "could not be read" in shown["absent"]["space"]


def test_a_file_shared_by_models_is_embedded_once(
    make_data: Callable[..., ReportData], clip_of: Callable[[str], Path]
) -> None:
    html = page(make_data(cases=2, videos=lambda model: clip_of("one")))
    assert html.count("data:video/mp4;base64,") == 1


def test_reports_with_little_in_them_still_render(make_data: Callable[..., ReportData]) -> None:
    data = make_data(cases=1, models=[("only", "1", "Only", "model", 0.0)], contexts=[("d", "s", "p")])
    for part in ("scores", "cases", "curves", "emotions", "sizes", "envelopes", "rejected"):
        data = replace(data, **{part: getattr(data, part).iloc[:0]})
    assert "Only" in page(data)
    nothing = replace(data, summary=data.summary.iloc[:0])
    assert "There are no results to show" in page(nothing)
    assert dict(render(nothing))


def test_rendered_files_are_complete_and_repeatable(make_data: Callable[..., ReportData]) -> None:
    data = make_data(cases=6, contexts=[("../up", "a/b", "self"), ("sample", "test", "self")])
    files = dict(render(data, with_figures=False))
    assert "report/index.html" in files
    for suffix in ("csv", "md", "tex", "html"):
        assert f"tables/paper.{suffix}" in files
        assert f"tables/full.sample.test.self.{suffix}" in files
    assert all(re.fullmatch(r"[a-z]+/[\w.-]+", name) and ".." not in name for name in files)
    plot = pd.read_csv(io.BytesIO(files["plots/summary.csv"]))
    assert {"model", "metric", "value", "low", "high"} <= set(plot.columns)
    assert plot["value"].notna().all()
    assert dict(render(data, with_figures=False)) == files


def test_figures_come_as_picture_and_print(make_data: Callable[..., ReportData]) -> None:
    data = make_data(cases=9, contexts=[("sample", "test", "self")], models=FEW)
    data = replace(data, curves=data.curves[data.curves["case"] == "sample_000"])
    files = {name: content for name, content in render(data) if name.startswith("figures/")}
    emotions = [f"{kind}{end}" for kind in ("emotions", "confusion", "intensity") for end in ("", "-HSE")]
    findings = ("differences", "correlation", "by-emotion", "by-level", "by-angle")
    for kind in ("intervals", "distributions", *emotions, *findings, "curves-sample_000"):
        assert files.pop(f"figures/{kind}.sample.test.self.png").startswith(b"\x89PNG")
        assert files.pop(f"figures/{kind}.sample.test.self.pdf").startswith(b"%PDF")
    assert not files


def test_figures_draw_something_or_say_that_there_is_nothing(make_data: Callable[..., ReportData]) -> None:
    data = make_data(cases=4)
    context = data.contexts()[0]
    pictures = []
    for _ in range(2):
        figure = figures.intervals(data, context, ["m_ld", "fid"])
        assert figure is not None
        assert len(figure.axes) == 1
        pictures.append((figures.to_bytes(figure, "png"), figures.to_bytes(figure, "pdf")))
    assert pictures[0] == pictures[1]
    image = Image.open(io.BytesIO(pictures[0][0])).convert("L")
    assert len(image.getcolors() or ()) > 10
    assert figures.distributions(data, context, ["fid"]) is None
    assert figures.emotion_bars(data, context, "EmoNet-8") is None


def test_every_model_has_a_look_of_its_own(make_data: Callable[..., ReportData]) -> None:
    models = [(f"m{k}", "1", f"M{k}", "model", 0.1 * k) for k in range(20)]
    data = make_data(cases=1, models=[*models, ("ground_truth", "1", "GT", "sanity", 0.0)])
    found = looks(data.models, data.reference)
    assert len(set(found.values())) == len(found) == 21


def test_preset_full_keeps_groups_together(make_data: Callable[..., ReportData]) -> None:
    data = make_data()
    mixed = data.metrics.iloc[::-1].sample(frac=1, random_state=0)
    groups = dict(zip(mixed["metric"], mixed["group"], strict=True))
    order = [groups[name] for name in preset("full").choose(mixed, data.summary)]
    assert sum(left != right for left, right in pairwise(order)) == len(set(order)) - 1
