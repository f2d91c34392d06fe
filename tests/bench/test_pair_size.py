"""Frames of another size than the reference's: resized where the shape is the same, refused where it is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.evaluation import GENERATED, evaluate
from bench.pair_size import in_size_of
from metrics.base import Status, Unscorable


def blank(width: int, height: int) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


@pytest.mark.parametrize(
    ("size", "reference"),
    [((426, 240), (1920, 1080)), ((1920, 1080), (426, 240)), ((512, 512), (256, 256)), ((64, 48), (64, 47))],
)
def test_one_shape_in_another_size_is_resized(size: tuple[int, int], reference: tuple[int, int]) -> None:
    assert in_size_of(blank(*size), blank(*reference)).shape == blank(*reference).shape


@pytest.mark.parametrize(
    ("size", "reference"), [((240, 320), (320, 240)), ((512, 512), (640, 480)), ((1920, 1088), (1920, 1080))]
)
def test_another_shape_is_refused_with_both_sizes(size: tuple[int, int], reference: tuple[int, int]) -> None:
    with pytest.raises(Unscorable, match=f"{size[0]}x{size[1]} beside the reference's {reference[0]}x{reference[1]}"):
        in_size_of(blank(*size), blank(*reference))


@pytest.fixture
def sized(make_video: Callable[..., Path]) -> Callable[[str, int, int], Path]:
    """``sized(name, width, height)``: a video of the same smooth picture, which any size can show."""

    def make(name: str, width: int, height: int) -> Path:
        across, down = np.linspace(0, 255, width)[None, :, None], np.linspace(0, 1, height)[:, None, None]
        picture = np.broadcast_to(across * down, (height, width, 3)).astype(np.uint8)
        return make_video(name, [picture] * 15)

    return make


def test_portrait_against_landscape_is_a_failure_of_the_pair_metrics_alone(
    sized: Callable[[str, int, int], Path], tmp_path: Path
) -> None:
    real = sized("real.mp4", 96, 64)
    asked = {"metrics": ("psnr", "ssim", "cpbd"), "workers": 1, "cache": tmp_path / "cache"}
    scores = evaluate(sized("tall.mp4", 64, 96), real, **asked).scores
    rows = scores[(scores["model"] == GENERATED) & (scores["case"] != "*")].set_index("metric")
    assert (
        set(rows.loc[["psnr", "ssim"], "status"]) == {Status.UNDEFINED.value}
        and rows["value"][["psnr", "ssim"]].isna().all()
    )
    assert "64x96 beside the reference's 96x64" in rows.loc["psnr", "detail"] and rows.loc["cpbd", "status"] == "ok"
    whole = evaluate(sized("small.mp4", 48, 32), real, **asked).summary[GENERATED]
    assert whole["psnr"]["coverage"] == 1 and float(str(whole["psnr"]["value"])) > 30
