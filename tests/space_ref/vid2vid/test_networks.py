"""What callers rely on: shapes, batches, gradients, and the frozen copy for inference."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from space_ref.vid2vid import FaceVid2Vid, Rendered, Vid2VidConfig

DECODERS = [{}, {"decoder": "spade"}, {"composite": True}, {"decoder": "spade", "composite": True}]
IDS = ["resblocks", "spade", "resblocks-composite", "spade-composite"]


def _model(config: Vid2VidConfig) -> FaceVid2Vid:
    torch.manual_seed(3)
    model = FaceVid2Vid(config)
    random = torch.Generator().manual_seed(4)
    for name, buffer in model.named_buffers():
        # Norms that have seen something, so that leaving one out shows.
        if name.endswith("running_var"):
            buffer.copy_(0.75 + 0.5 * torch.rand(buffer.shape, generator=random))
        elif name.endswith("running_mean"):
            buffer.copy_(0.1 * torch.randn(buffer.shape, generator=random))
    return model.eval()


def _inputs(count: int, config: Vid2VidConfig, size: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures and keypoints of source and driving."""
    random = torch.Generator().manual_seed(5)
    side = size or config.image_size
    points = (torch.rand(2, count, config.num_kp, 3, generator=random) - 0.5).unbind()
    return torch.rand(count, 3, side, side, generator=random), *points


def _outputs(made: Rendered) -> dict[str, Tensor]:
    return {name: value for name, value in made._asdict().items() if value is not None}


@pytest.mark.parametrize("generator", DECODERS, ids=IDS)
@pytest.mark.parametrize("size", [32, 48])
def test_shapes_follow_the_configuration(generator: dict[str, Any], size: int, tiny: Any) -> None:
    config = tiny(**generator)
    model = _model(config)
    image, *_ = _inputs(2, config, size)
    with torch.no_grad():
        feature, canonical, head = model.appearance(image), model.canonical(image), model.head(image)
        points = model.keypoints(canonical, head)
        made = model.render(feature, points, points, image)
    side = size // 2
    assert feature.shape == (2, 6, 4, side, side)
    assert canonical.shape == points.shape == (2, 5, 3)
    assert [tuple(part.shape) for part in head] == [(2, 66)] * 3 + [(2, 3), (2, 15)]
    assert made.prediction.shape == (2, 3, size, size)
    assert made.mask.shape == (2, 6, 4, side, side)
    assert made.occlusion.shape == (2, 1, side, side)
    assert made.deformation.shape == (2, 4, side, side, 3)
    if config.generator.composite:
        assert made.flow is not None and made.flow.shape == (2, side, side, 2)
        assert made.blend is not None and made.blend.shape == (2, 1, size, size)
    else:
        assert made.flow is made.blend is None
    assert made.prediction.min() >= 0 and made.prediction.max() <= 1
    torch.testing.assert_close(made.mask.sum(dim=1), torch.ones_like(made.mask[:, 0]))


def test_every_depth_of_the_spade_decoder_ends_at_the_pictures_size(tiny: Any) -> None:
    for halvings in (1, 2, 3):
        config = tiny(decoder="spade", num_down_blocks=halvings)
        image, source, driving = _inputs(1, config)
        with torch.no_grad():
            assert _model(config).generator(image, driving, source).prediction.shape == image.shape


@pytest.mark.parametrize("generator", DECODERS, ids=IDS)
def test_gradients_reach_every_parameter(generator: dict[str, Any], tiny: Any) -> None:
    config = tiny(**generator)
    model = _model(config).train()
    image, source, _ = _inputs(2, config)
    canonical, head = model.canonical(image), model.head(image)
    made = model.render(model.appearance(image), source, model.keypoints(canonical, head), image)
    sum(((value - 0.3) ** 2).mean() for value in _outputs(made).values()).backward()  # type: ignore[union-attr]
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
        # A bias just before a batch norm changes nothing.
        assert parameter.grad.abs().max() > 0 or name.endswith("bias"), name


@pytest.mark.parametrize("generator", DECODERS, ids=IDS)
def test_a_frame_does_not_depend_on_its_batch_and_the_source_is_shared(generator: dict[str, Any], tiny: Any) -> None:
    config = tiny(**generator)
    # In float64, where only a real dependence is larger than the tolerance.
    model = _model(config).double()
    image, source, driving = (value.double() for value in _inputs(3, config))
    with torch.no_grad():
        feature = model.appearance(image[:1])
        together = _outputs(model.render(feature, source[:1], driving, image[:1]))
        repeated = _outputs(
            model.render(
                feature.repeat(3, 1, 1, 1, 1), source[:1].repeat(3, 1, 1), driving, image[:1].repeat(3, 1, 1, 1)
            )
        )
        for i in range(3):
            alone = _outputs(model.render(feature, source[:1], driving[i : i + 1], image[:1]))
            for name, value in alone.items():
                torch.testing.assert_close(together[name][i : i + 1], value, rtol=0, atol=1e-10)
    for name, value in repeated.items():
        torch.testing.assert_close(together[name], value, rtol=0, atol=1e-10)


def test_one_canonical_face_serves_many_heads(tiny: Any) -> None:
    model = _model(tiny())
    image, *_ = _inputs(3, model.config)
    with torch.no_grad():
        canonical, head = model.canonical(image[:1]), model.head(image)
        together = model.keypoints(canonical, head)
        torch.testing.assert_close(together, model.keypoints(canonical.repeat(3, 1, 1), head))
    assert together.shape == (3, 5, 3)


def test_the_generator_is_called_with_driving_before_source(tiny: Any) -> None:
    model = _model(tiny())
    image, source, driving = _inputs(2, model.config)
    with torch.no_grad():
        called = model.generator(image, driving, source)
        made = model.render(model.appearance(image), kp_source=source, kp_driving=driving)
    assert torch.equal(called.prediction, made.prediction)


def test_points_that_do_not_move_deform_nothing(tiny: Any) -> None:
    model = _model(tiny())
    image, source, _ = _inputs(1, model.config)
    with torch.no_grad():
        made = model.render(model.appearance(image), source, source)
    x, y, z = made.deformation[0].unbind(dim=-1)
    torch.testing.assert_close(x[1, 2], torch.linspace(-1, 1, 16))
    torch.testing.assert_close(y[1, :, 2], torch.linspace(-1, 1, 16))
    torch.testing.assert_close(z[:, 1, 2], torch.linspace(-1, 1, 4))


def test_a_coarse_motion_grid_still_moves_the_whole_feature(tiny: Any) -> None:
    config = tiny(motion={"stride": 2, "out_features": 7})
    model = _model(config)
    image, source, driving = _inputs(2, config)
    with torch.no_grad():
        made = model.render(model.appearance(image), source, driving)
    assert made.deformation.shape == (2, 4, 8, 8, 3)
    assert made.occlusion.shape == (2, 1, 8, 8)
    assert made.prediction.shape == image.shape
    assert model.generator.dense_motion_network.mask.in_channels == 7


def test_a_picture_that_cannot_be_halved_is_refused(tiny: Any) -> None:
    model = _model(tiny())
    with pytest.raises(ValueError, match=r"\(1, 3, 32, 36\).*multiples of 8"):
        model.appearance(torch.rand(1, 3, 32, 36))
    with pytest.raises(ValueError, match="takes"):
        model.appearance(torch.rand(1, 4, 32, 32))


@pytest.mark.parametrize("generator", DECODERS, ids=IDS)
@pytest.mark.parametrize("motion", [{}, {"stride": 2, "out_features": 5}], ids=["fine", "coarse"])
def test_the_frozen_copy_gives_the_same_outputs(generator: dict[str, Any], motion: dict[str, int], tiny: Any) -> None:
    model = _model(tiny(motion, **generator)).double()
    image, source, driving = (value.double() for value in _inputs(2, model.config))
    frozen = model.for_inference()
    assert not any(p.requires_grad for p in frozen.parameters())
    with torch.no_grad():
        expected = _outputs(model.render(model.appearance(image[:1]), source[:1], driving, image[:1]))
        found = _outputs(frozen.render(frozen.appearance(image[:1]), source[:1], driving, image[:1]))
        torch.testing.assert_close(frozen.canonical(image), model.canonical(image), rtol=0, atol=1e-10)
        for one, other in zip(frozen.head(image), model.head(image), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-10)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-10)


def test_a_model_in_training_can_be_frozen_and_trained_on(tiny: Any) -> None:
    model = _model(tiny(decoder="spade")).train()
    image, source, driving = _inputs(2, model.config)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for _ in range(2):
        model.generator(image, driving, source).prediction.mean().backward()
        model.for_inference()
    assert model.training and all(p.requires_grad for p in model.parameters())
    assert before.keys() == model.state_dict().keys()


@pytest.mark.parametrize("generator", DECODERS, ids=IDS)
def test_bfloat16_keeps_positions_and_pictures_in_full_precision(generator: dict[str, Any], tiny: Any) -> None:
    model = _model(tiny(**generator))
    image, source, driving = _inputs(2, model.config)
    with torch.no_grad():
        head = model.head(image)
        exact = model.keypoints(source, head)
        with torch.autocast("cpu", torch.bfloat16):
            torch.testing.assert_close(model.keypoints(source, head), exact, rtol=0, atol=1e-6)
            assert model.canonical(image).dtype == torch.float32
            made = model.render(model.appearance(image), source, driving, image)
            still = model.render(model.appearance(image), source, source, image)
    assert made.prediction.dtype == made.deformation.dtype == torch.float32
    torch.testing.assert_close(still.deformation[0, 1, 2, :, 0], torch.linspace(-1, 1, 16))
