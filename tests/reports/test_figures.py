"""Figures of differences, groups and correlations; and that all figures are told apart without colours."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageColor
from skimage.color import rgb2lab

from reports import figures, finding_figures
from reports.data import Context, ReportData
from reports.palette import Look, looks

WHERE = Context("sample", "test", "self")
Make = Callable[..., ReportData]

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB; in grey only luminance is left.
EYES = {
    "usual": np.eye(3),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "grey print": np.tile([0.2126, 0.7152, 0.0722], (3, 1)),
}  # fmt: skip
LEAST_LIGHTNESS = 8.0
"""Of L* in 0..100; a difference of 2 is just seen side by side."""


def lightness(colour: str | None, eye: NDArray[np.float64]) -> float:
    """L* of a colour as that eye sees it."""
    shown = np.array(ImageColor.getrgb(colour or "#1b1e23")) / 255
    linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    seen = np.clip(eye @ linear, 0, 1)
    back = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    return float(rgb2lab(back[None, None])[0, 0, 0])


def look_of(count: int, make_data: Make) -> list[Look]:
    models = [(f"m{k}", "1", f"M{k}", "model", 0.1 * k) for k in range(count)]
    data = make_data(cases=1, contexts=[WHERE], models=[*models, ("ground_truth", "1", "GT", "sanity", 0.0)])
    return [looks(data.models, data.reference)[name] for name in data.models["model"]]


@pytest.mark.parametrize("eye", EYES)
def test_models_are_told_apart_without_colours(make_data: Make, eye: str) -> None:
    every = look_of(7, make_data)
    for one, two in combinations(every, 2):
        apart = abs(lightness(one.colour, EYES[eye]) - lightness(two.colour, EYES[eye]))
        # A line has no marker and a bar no dash: each must do with what it has.
        assert one.dash != two.dash or apart > LEAST_LIGHTNESS, (one, two)
        assert one.hatch != two.hatch or apart > LEAST_LIGHTNESS, (one, two)
    assert len({look.marker for look in every}) == len(every)


def test_verdicts_differ_in_shape(make_data: Make) -> None:
    assert len({marker for marker, _, _ in finding_figures.VERDICTS.values()}) == 4


def points(figure: object) -> list[str]:
    """Markers of all single points of a figure."""
    axes = figure.axes  # type: ignore[attr-defined]
    return [line.get_marker() for axis in axes for line in axis.lines if len(line.get_xdata()) == 1]


def test_a_forest_has_a_point_a_pair_and_metric_with_the_shape_of_its_verdict(make_data: Make) -> None:
    data = make_data(cases=24, contexts=[WHERE])
    figure = finding_figures.differences(data, WHERE, ["m_ld", "lip_corr", "fid", "pose_diversity"])
    assert figure is not None and len(figure.axes) == 2
    rows = data.differences[data.differences["metric"].isin(["m_ld", "lip_corr"])]
    rows = rows[rows["versus"].isin(["viseme", "folder"])]
    shapes = {"better": "^", "worse": "v", "same": "s", "unclear": "o"}
    assert sorted(points(figure)) == sorted(shapes[verdict] for verdict in rows["verdict"])
    assert finding_figures.differences(data, WHERE, ["fid"]) is None


def test_where_nothing_competes_the_forest_is_against_the_controls(make_data: Make) -> None:
    models = [("folder", "1", "Theirs", "folder", 0.8), ("ground_truth", "1", "GT", "sanity", 0.0)]
    figure = finding_figures.differences(make_data(cases=9, contexts=[WHERE], models=models), WHERE, ["m_ld"])
    assert figure is not None and points(figure) == ["v"]


def test_groups_have_a_column_each_in_their_order(make_data: Make) -> None:
    data = make_data(cases=24, contexts=[WHERE])
    figure = finding_figures.strata(data, WHERE, "angle", ["m_ld", "fd_efficientnet"])
    assert figure is not None and len(figure.axes) == 1
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["under 15°", "15–30°", "30° and more"]
    shown = {text.get_text() for text in figure.axes[0].get_legend().get_texts()}
    assert shown == {"SPACE", "Viseme", "Their videos", "Ground truth"}
    assert finding_figures.strata(data, WHERE, "speaker", ["m_ld"]) is None


@pytest.mark.parametrize("extra", [0, 22])
def test_correlations_carry_their_sign_in_print(make_data: Make, extra: int) -> None:
    data = make_data(cases=24, contexts=[WHERE], extra=extra)
    figure = finding_figures.correlation(data, WHERE)
    assert figure is not None
    words = [text.get_text() for text in figure.axes[0].texts]
    assert any(word.startswith("−") for word in words) and len(words) > 50
    assert finding_figures.correlation(replace(data, correlation=data.correlation.iloc[:0]), WHERE) is None


def test_nothing_is_cut_off_and_they_are_repeatable(make_data: Make) -> None:
    models = [("a", "1", "A" * 12, "model", 0.2), ("b", "1", "B" * 12, "model", 0.9)]
    data = make_data(cases=24, contexts=[WHERE], models=models)
    # Two that would read alike without what stands in brackets are labelled in full.
    alike = {"m_ld": "Head motion, mesh (THEval)", "lip_corr": "Head motion, mesh (mm)"}
    metrics = data.metrics.assign(title=data.metrics["metric"].map(alike).fillna(data.metrics["title"]))
    data = replace(data, metrics=metrics)

    def drawn() -> Sequence[bytes]:
        made = (
            finding_figures.differences(data, WHERE, ["m_ld"]),
            finding_figures.strata(data, WHERE, "emotion", ["m_ld"]),
            finding_figures.correlation(data, WHERE),
        )
        return [figures.to_bytes(figure, "png") for figure in made if figure]

    first = drawn()
    assert len(first) == 3 and first == drawn()
    for content in first:
        pixels = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
        edges = (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:])
        assert all((edge == 255).all() for edge in edges)
