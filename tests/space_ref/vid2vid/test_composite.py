"""The painted picture over the moved source: what moves where, and that it costs nothing when off."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from space_ref.vid2vid import FaceVid2Vid, Rendered


def _model(config: Any) -> FaceVid2Vid:
    torch.manual_seed(11)
    return FaceVid2Vid(config).eval()


def _render(model: FaceVid2Vid, vector: tuple[float, float, float], size: int = 64) -> tuple[Tensor, Rendered]:
    """A frame whose points all moved by minus `vector`, and the source picture."""
    random = torch.Generator().manual_seed(12)
    source = torch.rand(1, 3, size, size, generator=random)
    points = torch.rand(1, model.config.num_kp, 3, generator=random) - 0.5
    with torch.no_grad():
        feature = model.appearance(torch.nn.functional.interpolate(source, size=(32, 32)))
        return source, model.render(feature, points, points - torch.tensor(vector), source)


def _only_source(model: FaceVid2Vid) -> None:
    torch.nn.init.constant_(model.generator.blend.bias, -1000.0)


def _all_move(model: FaceVid2Vid) -> None:
    """No share for the background."""
    mask = model.generator.dense_motion_network.mask
    torch.nn.init.zeros_(mask.weight)
    with torch.no_grad():
        mask.bias.zero_()
        mask.bias[0] = -1000.0


@pytest.mark.parametrize("decoder", ["resblocks", "spade"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [32, 64, 50])
def test_no_motion_gives_the_source_back(decoder: str, stride: int, size: int, tiny: Any) -> None:
    model = _model(tiny({"stride": stride}, decoder=decoder, composite=True))
    _only_source(model)
    source, made = _render(model, (0, 0, 0), size)
    torch.testing.assert_close(made.prediction, source, rtol=0, atol=2e-5)
    assert made.blend is not None and made.blend.shape == (1, 1, size, size)


def test_the_source_moves_with_the_points(tiny: Any) -> None:
    model = _model(tiny(composite=True))
    _only_source(model)
    _all_move(model)
    # Content lies 6 pixels further right and 3 up in the source; ends of the grid are centres of the outer pixels.
    source, made = _render(model, (6 * 2 / 63, -3 * 2 / 63, 0.4))
    torch.testing.assert_close(made.prediction[..., 3:, :-6], source[..., :-3, 6:], rtol=0, atol=1e-4)
    # What the source does not show repeats its edge.
    torch.testing.assert_close(made.prediction[..., 3:, -1], source[..., :-3, -1], rtol=0, atol=1e-4)


def test_the_flow_is_that_of_the_surface(tiny: Any) -> None:
    model = _model(tiny(composite=True))
    with torch.no_grad():
        model.generator.dense_motion_network.surface.bias[2] = 1000.0
    _, made = _render(model, (0.3, -0.2, 0.1))
    assert made.flow is not None
    torch.testing.assert_close(made.flow, made.deformation[:, 2, ..., :2])
    with torch.no_grad():
        model.generator.dense_motion_network.surface.bias.zero_()
    _, made = _render(model, (0.3, -0.2, 0.1))
    assert made.flow is not None
    torch.testing.assert_close(made.flow, made.deformation[..., :2].mean(dim=1))


@pytest.mark.parametrize("decoder", ["resblocks", "spade"])
def test_blend_one_is_the_painted_picture(decoder: str, tiny: Any) -> None:
    model, plain = _model(tiny(decoder=decoder, composite=True)), _model(tiny(decoder=decoder))
    torch.nn.init.constant_(model.generator.blend.bias, 1000.0)
    plain.load_state_dict(model.state_dict(), strict=False)
    _, made = _render(model, (0.2, 0.1, 0), size=32)
    _, painted = _render(plain, (0.2, 0.1, 0), size=32)
    torch.testing.assert_close(made.prediction, painted.prediction)


def test_prediction_is_the_blend_of_both(tiny: Any) -> None:
    model = _model(tiny(composite=True))
    torch.nn.init.normal_(model.generator.blend.weight)
    _, made = _render(model, (0.2, 0.1, 0))
    bias = model.generator.blend.bias
    torch.nn.init.zeros_(model.generator.blend.weight)
    torch.nn.init.constant_(bias, 1000.0)
    _, painted = _render(model, (0.2, 0.1, 0))
    torch.nn.init.constant_(bias, -1000.0)
    _, moved = _render(model, (0.2, 0.1, 0))
    assert made.blend is not None and made.blend.std() > 0.01
    expected = made.blend * painted.prediction + (1 - made.blend) * moved.prediction
    torch.testing.assert_close(made.prediction, expected, rtol=0, atol=1e-6)


def test_training_starts_near_the_moved_source(tiny: Any) -> None:
    _, made = _render(_model(tiny(composite=True)), (0.2, 0.1, 0))
    assert made.blend is not None
    torch.testing.assert_close(made.blend, torch.full_like(made.blend, 0.26894), rtol=0, atol=1e-4)


def test_off_has_no_further_parameters(tiny: Any) -> None:
    on, off = _model(tiny(composite=True)).state_dict(), _model(tiny()).state_dict()
    further = {
        f"generator.{name}.{leaf}" for name in ("blend", "dense_motion_network.surface") for leaf in ("weight", "bias")
    }
    assert on.keys() - off.keys() == further
    assert off.keys() <= on.keys()


def test_the_source_is_asked_for(tiny: Any) -> None:
    model = _model(tiny(composite=True))
    points = torch.zeros(1, 5, 3)
    with pytest.raises(ValueError, match="source picture"):
        model.render(model.appearance(torch.rand(1, 3, 32, 32)), points, points)
