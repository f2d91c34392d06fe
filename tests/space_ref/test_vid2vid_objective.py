"""The training stage of face-vid2vid: which terms it computes, its critic, and that it learns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from space_ref.losses.discriminator import DiscriminatorConfig
from space_ref.objectives.vid2vid import Vid2VidLossConfig, Vid2VidObjective
from space_ref.vid2vid import GeneratorConfig, HeadConfig, KeypointConfig, MotionConfig, Vid2VidConfig

MODEL = Vid2VidConfig(
    image_size=32,
    num_kp=4,
    feature_channel=4,
    reshape_depth=4,
    keypoints=KeypointConfig(block_expansion=4, max_features=16, num_blocks=2, reshape_depth=4, scale_factor=0.5),
    head=HeadConfig(block_expansion=8, max_features=32, depths=(1, 1, 1, 1)),
    motion=MotionConfig(
        block_expansion=4, max_features=16, num_blocks=2, compress=1, mask_kernel=3, plane_kernel=3, out_features=8
    ),
    generator=GeneratorConfig(
        block_expansion=8, max_features=32, num_down_blocks=2, num_resblocks_3d=1, num_resblocks_2d=1, edge_kernel=3,
        composite=True,
    ),
)  # fmt: skip
CRITIC = DiscriminatorConfig(block_expansion=4, max_features=8, num_blocks=2)
OFF = Vid2VidLossConfig(
    perceptual=0, adversarial=0, feature_matching=0, equivariance=0, keypoint_prior=0, head_pose=0, deformation=0
)
ALL = Vid2VidLossConfig(head_pose_bins=1, pixel=1, mouth=1, eyes=1, guide=1, guide_points=(61, 291, 33, 263))


class L1(nn.Module):
    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        return (prediction - target).abs().mean()


def batch(count: int = 2) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(3)
    smooth = torch.rand(2, count, 3, 4, 4, generator=random).flatten(0, 1)
    images = nn.functional.interpolate(smooth, (32, 32), mode="bilinear").unflatten(0, (2, count))
    landmarks = torch.rand(2, count, 478, 3, generator=random) - 0.5
    angles = 10 * torch.randn(2, count, 3, generator=random)
    return {
        "source": images[0], "driving": images[1], "source_landmarks": landmarks[0], "driving_landmarks": landmarks[1],
        "source_angles": angles[0], "driving_angles": angles[1],
    }  # fmt: skip


def objective(losses: Vid2VidLossConfig, perceptual: nn.Module | None = None) -> Vid2VidObjective:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Vid2VidObjective(MODEL, losses, perceptual or L1(), CRITIC)


def random() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_every_weight_is_a_term_and_all_networks_learn_from_them() -> None:
    stage = objective(ALL)
    terms, made = stage.generator_losses(batch(), random())
    assert set(terms) == {
        "perceptual", "adversarial", "feature_matching", "equivariance", "keypoint_prior", "head_pose",
        "head_pose_bins", "deformation", "pixel", "mouth", "eyes", "guide",
    }  # fmt: skip
    torch.stack(list(terms.values())).sum().backward()
    for name, parameter in stage.model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    assert made["prediction"].shape == (2, 3, 32, 32)


@pytest.mark.parametrize("name", ["pixel", "mouth", "equivariance", "head_pose", "deformation", "keypoint_prior"])
def test_a_term_grows_with_its_weight(name: str) -> None:
    single: dict[str, Any] = {name: 1.0}
    triple: dict[str, Any] = {name: 3.0}
    one, three = (objective(replace(OFF, **weights)) for weights in (single, triple))
    first, _ = one.generator_losses(batch(), random())
    second, _ = three.generator_losses(batch(), random())
    assert set(first) == {name}
    torch.testing.assert_close(second[name], 3 * first[name])


def test_weight_zero_is_not_computed() -> None:
    class Untouchable(nn.Module):
        def forward(self, *images: Tensor) -> Tensor:
            raise AssertionError("computed for nothing")

    stage = objective(replace(OFF, pixel=1.0), Untouchable())
    calls: list[int] = []
    stage.model.he_estimator.register_forward_hook(lambda *_: calls.append(1))
    terms, made = stage.generator_losses(batch(), random())
    assert set(terms) == {"pixel"} and not made and len(calls) == 1
    assert stage.critics == {} and stage.critic_losses(batch(), made) == {}


def test_critic_is_idle_before_its_start_and_remembers_its_age() -> None:
    losses = replace(OFF, pixel=1.0, adversarial=1.0, adversarial_start=2)
    stage = objective(losses)
    for _ in range(2):
        terms, made = stage.generator_losses(batch(), random())
        assert "adversarial" not in terms and stage.critic_losses(batch(), made) == {}
    resumed = objective(losses)
    resumed.critics["discriminator"].load_state_dict(stage.critics["discriminator"].state_dict())
    terms, made = resumed.generator_losses(batch(), random())
    assert "adversarial" in terms and set(resumed.critic_losses(batch(), made)) == {"critic"}


def test_critic_does_not_age_in_evaluation() -> None:
    stage = objective(replace(OFF, adversarial=1.0)).eval()
    stage.generator_losses(batch(), random())
    assert stage.critic is not None and int(stage.critic.age) == 0


def test_keypoints_learn_alone_at_first_and_nothing_is_drawn() -> None:
    losses = replace(OFF, pixel=1.0, head_pose=1.0, adversarial=1.0, keypoint_steps=2)
    stage = objective(losses)
    for _ in range(2):
        terms, made = stage.generator_losses(batch(), random())
        assert set(terms) == {"head_pose"} and made == {}
        sum(terms.values(), torch.zeros(())).backward()
    assert all(weight.grad is None for weight in stage.model.generator.parameters())
    assert stage.critic is not None and int(stage.critic.age) == 0
    terms, made = stage.generator_losses(batch(), random())
    assert {"pixel", "head_pose", "adversarial"} <= set(terms) and "prediction" in made


def test_the_flow_is_anchored_from_its_start_on_and_after_a_resume() -> None:
    losses = replace(OFF, pixel=1.0, forcing=1.0, guide_points=(61, 291, 33, 263), anchor_start=1)
    anchored = replace(MODEL, generator=replace(MODEL.generator, anchor=0.1))
    stage, resumed = (Vid2VidObjective(anchored, losses, L1(), CRITIC) for _ in range(2))
    stage.generator_losses(batch(), random())
    assert stage.model.generator.anchor == 0
    resumed.load_state_dict(stage.state_dict())
    for run in (stage, resumed):
        run.generator_losses(batch(), random())
        assert run.model.generator.anchor == 0.1


def test_a_resumed_run_does_not_learn_keypoints_alone_again() -> None:
    losses = replace(OFF, pixel=1.0, head_pose=1.0, keypoint_steps=1)
    stage, resumed = objective(losses), objective(losses)
    stage.generator_losses(batch(), random())
    resumed.load_state_dict(stage.state_dict())
    assert "pixel" in resumed.generator_losses(batch(), random())[0]


def test_a_generator_that_is_forced_is_drawn_from_landmarks_and_teaches_the_detectors_nothing() -> None:
    losses = replace(OFF, pixel=1.0, forcing=1.0, guide_points=(61, 291, 33, 263))
    stage, pairs = objective(losses), batch()
    terms, _ = stage.generator_losses(pairs, random())
    terms["pixel"].backward()
    assert not any(w.grad is not None and bool(w.grad.any()) for w in stage.model.he_estimator.parameters())
    moved = {**pairs, "driving_landmarks": pairs["driving_landmarks"] + 0.2}
    shown, other = (stage.sample(one)["prediction"] for one in (pairs, moved))
    assert not torch.allclose(shown, other)


def test_a_forced_pair_without_landmarks_is_drawn_from_what_was_found() -> None:
    losses = replace(OFF, pixel=1.0, forcing=1.0, guide_points=(61, 291, 33, 263))
    pairs = batch()
    pairs["driving_landmarks"][:] = torch.nan
    terms, _ = objective(losses).generator_losses(pairs, random())
    assert bool(torch.isfinite(terms["pixel"]))


def test_critic_losses_reach_the_critic_only() -> None:
    stage = objective(replace(OFF, adversarial=1.0))
    _, made = stage.generator_losses(batch(), random())
    stage.critic_losses(batch(), made)["critic"].backward()
    assert all(parameter.grad is None for parameter in stage.model.parameters())
    assert all(parameter.grad is not None for parameter in stage.critics["discriminator"].parameters())


def test_pairs_without_a_face_leave_finite_losses() -> None:
    data = batch()
    for name in ("source_landmarks", "driving_landmarks", "source_angles", "driving_angles"):
        data[name][0] = torch.nan
    stage = objective(ALL)
    terms, _ = stage.generator_losses(data, random())
    assert all(value.isfinite() for value in terms.values())
    torch.stack(list(terms.values())).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in stage.model.parameters())


def test_sample_shows_the_prediction_and_leaves_the_mode_alone() -> None:
    stage = objective(OFF)
    before = {name: value.clone() for name, value in stage.model.named_buffers()}
    shown = stage.sample(batch())
    assert set(shown) == {"source", "driving", "prediction"}
    assert stage.training and not shown["prediction"].requires_grad
    assert all(torch.equal(value, before[name]) for name, value in stage.model.named_buffers())


def test_losses_repeat_with_the_generator() -> None:
    one, other = (objective(ALL).generator_losses(batch(), random())[0] for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_few_dozen_steps_on_two_images_reduce_the_loss() -> None:
    losses = replace(OFF, pixel=10.0, head_pose=0.05, guide=5.0, guide_points=(61, 291, 33, 263))
    stage, data = objective(losses), batch()
    optimizer = torch.optim.Adam(stage.model.parameters(), lr=5e-3)
    history = []
    for _ in range(40):
        terms, _ = stage.generator_losses(data, random())
        total = torch.stack(list(terms.values())).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        history.append({name: float(value.detach()) for name, value in terms.items()})
    assert all(history[-1][name] < 0.5 * history[0][name] for name in ("head_pose", "guide"))
    assert history[-1]["pixel"] < 0.8 * history[0]["pixel"]


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        (replace(OFF, perceptual=1.0), "perceptual"),
        (replace(OFF, adversarial=1.0), "discriminator"),
        (replace(OFF, guide=1.0, guide_points=(1, 2)), "4 keypoints"),
    ],
)
def test_what_is_missing_is_named(losses: Vid2VidLossConfig, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Vid2VidObjective(MODEL, losses)


def test_a_negative_weight_and_a_guide_without_points_are_errors() -> None:
    with pytest.raises(ValueError, match="eyes"):
        replace(OFF, eyes=-1.0)
    with pytest.raises(ValueError, match="guide_points"):
        replace(OFF, guide=1.0)
