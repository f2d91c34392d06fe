import math
from collections.abc import Callable

import pytest
import torch

from space_ref.landmarks2latents import Landmarks2LatentsConfig
from space_ref.losses.landmarks import (
    closure_loss,
    gap_loss,
    hold_missing,
    point_weights,
    position_loss,
    velocity_loss,
)
from space_ref.losses.pose import diversity_loss, motion_statistics_loss, whereabouts_loss
from space_ref.objectives.base import Objective
from space_ref.objectives.latents import LatentsObjective, LatentsObjectiveConfig
from space_ref.objectives.pose import PoseObjective, PoseObjectiveConfig
from space_ref.objectives.speech import SpeechNoise, SpeechObjective, SpeechObjectiveConfig
from space_ref.pose import PoseCriticConfig, PoseGeneratorConfig
from space_ref.speech2landmarks import Speech2LandmarksConfig

BATCH, FRAMES, POINTS, KEYPOINTS = 3, 24, 6, 4
Batch = dict[str, torch.Tensor]


def present() -> torch.Tensor:
    kept = torch.ones(BATCH, FRAMES, dtype=torch.bool)
    kept[0, 5:8] = False
    kept[1, 20:] = False
    return kept


def missing(values: torch.Tensor) -> torch.Tensor:
    values[~present()] = torch.nan
    return values


def speech_batch() -> Batch:
    torch.manual_seed(0)
    mfcc, portrait = torch.randn(BATCH, FRAMES, 40), torch.randn(BATCH, POINTS, 3)
    motion = 0.05 * torch.tanh(mfcc[..., : POINTS * 3]).unflatten(-1, (POINTS, 3))
    landmarks = missing(portrait[:, None] + motion)
    return {
        "mfcc": mfcc,
        "portrait": portrait,
        "landmarks": landmarks,
        "emotion": torch.eye(8)[:BATCH],
        "present": present(),
    }


def pose_batch() -> Batch:
    torch.manual_seed(0)
    time = torch.arange(FRAMES)[:, None] / 8 + torch.rand(BATCH, 1, 6) * 6
    pose = time.sin() * torch.tensor([4.0, 6, 2, 0.05, 0.05, 0.1])
    return {
        "mfcc": torch.randn(BATCH, FRAMES, 40),
        "initial": pose[:, 0].clone(),
        "pose": missing(pose),
        "present": present(),
    }


def latents_batch() -> Batch:
    batch = speech_batch()
    posed, portrait = 0.5 * batch["landmarks"], 0.5 * batch["portrait"]
    keypoints = torch.randn(BATCH, KEYPOINTS, 3)
    moved = keypoints[:, None] + 3 * (posed - portrait[:, None])[:, :, :KEYPOINTS].tanh()
    return {
        "mfcc": batch["mfcc"],
        "emotion": batch["emotion"],
        "portrait_posed": portrait,
        "posed": posed,
        "portrait_keypoints": keypoints,
        "keypoints": moved,
        "present": present(),
    }


def speech_objective() -> SpeechObjective:
    network = Speech2LandmarksConfig(POINTS, hidden=32, rank=16, portrait_code=4, dropout=0.0)
    noise = SpeechNoise(frame=0.05, voice=0.0)
    return SpeechObjective(
        SpeechObjectiveConfig(network=network, mouth=(0, 1), upper_lip=(0,), lower_lip=(1,), noise=noise)
    )


def pose_objective() -> PoseObjective:
    network = PoseGeneratorConfig(hidden=32, noise=4, dropout=0.0)
    return PoseObjective(PoseObjectiveConfig(network=network, critic=PoseCriticConfig(hidden=16, layers=3)))


def brow_batch() -> Batch:
    """A head that moves thirty times as far as the brow in it, point 0; the keypoints are four of the points."""
    torch.manual_seed(0)
    portrait = torch.randn(BATCH, POINTS, 3)
    posed = portrait[:, None] + 0.3 * torch.randn(BATCH, FRAMES, 1, 3)
    posed[:, :, 0] += 0.01 * torch.randn(BATCH, FRAMES, 3)
    return {
        "mfcc": torch.randn(BATCH, FRAMES, 40),
        "emotion": torch.eye(8)[:BATCH],
        "portrait_posed": portrait,
        "posed": posed,
        "portrait_keypoints": portrait[:, :KEYPOINTS],
        "keypoints": posed[:, :, :KEYPOINTS],
        "present": present(),
    }


@pytest.mark.parametrize(
    ("settings", "kept"), [({}, (0.9, 1.0)), ({"ridge": 1e-6}, (0.99, 1.01)), ({"ridge": 1.0}, (0, 0.5))]
)
def test_the_linear_term_keeps_what_a_face_does_beside_what_its_head_does(
    settings: dict[str, float], kept: tuple[float, float]
) -> None:
    batch, least, most = brow_batch(), *kept
    network = Landmarks2LatentsConfig(POINTS, KEYPOINTS, hidden=32)
    objective = LatentsObjective(LatentsObjectiveConfig(network=network, **settings)).eval()
    objective.calibrate(batch)
    raised = batch["posed"].clone()
    raised[:, :, 0, 1] -= 0.01
    made = [objective._predict(batch, posed, batch["mfcc"]).detach() for posed in (batch["posed"], raised)]
    assert least <= float((made[0] - made[1])[..., 0, 1].mean()) / 0.01 <= most


def latents_objective() -> LatentsObjective:
    network = Landmarks2LatentsConfig(POINTS, KEYPOINTS, hidden=32, dropout=0.0, linear=False)
    return LatentsObjective(LatentsObjectiveConfig(network=network, landmark_noise=0.0))


STAGES = [
    pytest.param(speech_objective, speech_batch, ("position", "velocity", "gap"), 0.5, id="speech"),
    pytest.param(pose_objective, pose_batch, ("reconstruction", "statistics", "diversity"), 0.6, id="pose"),
    pytest.param(latents_objective, latents_batch, ("position", "velocity"), 0.5, id="latents"),
]


def train(objective: Objective, batch: Batch, steps: int) -> list[dict[str, float]]:
    random = torch.Generator().manual_seed(0)
    generators = [weight for network in objective.networks.values() for weight in network.parameters()]
    critics = [weight for critic in objective.critics.values() for weight in critic.parameters()]
    optimizers = [torch.optim.Adam(group, lr=5e-3) for group in (generators, critics) if group]
    history = []
    for _ in range(steps):
        losses, made = objective.generator_losses(batch, random)
        optimizers[0].zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        assert all(weight.grad is None or not weight.grad.any() for weight in critics) or history
        optimizers[0].step()
        if critics:
            against = objective.critic_losses(batch, {name: value.detach() for name, value in made.items()})
            optimizers[1].zero_grad()
            torch.stack(list(against.values())).sum().backward()
            optimizers[1].step()
        history.append({name: value.item() for name, value in losses.items()})
    return history


@pytest.mark.parametrize(("make_objective", "make_batch", "terms", "factor"), STAGES)
def test_a_toy_batch_is_learned_in_spite_of_missing_frames(
    make_objective: Callable[[], Objective], make_batch: Callable[[], Batch], terms: tuple[str, ...], factor: float
):
    batch = make_batch()
    torch.manual_seed(0)
    objective = make_objective()
    objective.calibrate(batch)
    history = train(objective, batch, 60)
    before, after = (sum(step[name] for name in terms) for step in (history[0], history[-1]))
    assert after < factor * before
    assert all(bool(torch.isfinite(weight).all()) for weight in objective.parameters())


@pytest.mark.parametrize(("make_objective", "make_batch", "terms", "factor"), STAGES)
def test_samples_are_sequences_without_noise_and_leave_the_mode_alone(make_objective, make_batch, terms, factor):
    objective, batch = make_objective(), make_batch()
    first, second = objective.sample(batch), objective.sample(batch)
    assert objective.training
    for name, curve in first.items():
        assert curve.shape[:2] == (BATCH, FRAMES) and (curve.ndim == 3 or curve.shape[2:] == (POINTS, 3))
        assert torch.equal(curve.nan_to_num(), second[name].nan_to_num())


@pytest.mark.parametrize("settings", [{"use_audio": False}, {"use_landmarks": False}])
def test_the_ablations_of_latents_train(settings):
    torch.manual_seed(0)
    network = Landmarks2LatentsConfig(POINTS, KEYPOINTS, hidden=16, dropout=0.0, linear=False, **settings)
    objective = LatentsObjective(LatentsObjectiveConfig(network=network))
    batch = latents_batch()
    objective.calibrate(batch)
    history = train(objective, batch, 10)
    assert sum(history[-1].values()) < sum(history[0].values())


def test_missing_frames_do_not_count_and_neither_do_their_velocities():
    kept = torch.tensor([[True, True, False, True, True]])
    target = torch.zeros(1, 5, 2, 3)
    predicted = torch.zeros(1, 5, 2, 3)
    predicted[:, 2], predicted[:, 3:] = 100.0, 1.0
    target[:, 2] = torch.nan
    assert float(position_loss(predicted, target, kept)) == 0.5
    assert float(velocity_loss(predicted, target, kept)) == 0
    assert float(position_loss(predicted, target, torch.zeros_like(kept))) == 0


def test_a_mouth_point_weighs_more_and_the_lip_gap_is_a_distance():
    target, predicted, kept = torch.zeros(1, 1, 3, 3), torch.zeros(1, 1, 3, 3), torch.ones(1, 1, dtype=torch.bool)
    predicted[..., 0, 1] = 0.6
    weights = point_weights(3, (0,), 4.0)
    assert float(position_loss(predicted, target, kept, weights)) == pytest.approx(0.2 * 4 / 6)
    assert float(gap_loss(predicted, target, kept, (0,), (1,))) == pytest.approx(0.6, abs=1e-3)


def test_closure_loss_tells_closed_lips_from_nearly_closed_ones():
    def lips(gap: float) -> torch.Tensor:
        points = torch.zeros(1, 2, 2, 3)
        points[..., 1, 1] = gap
        return points

    kept = torch.tensor([[True, False]])
    target = lips(0.0)
    target[0, 1] = torch.nan
    near = float(closure_loss(lips(0.02), target, kept, (0,), (1,)))
    assert near == pytest.approx(math.log(2), abs=0.01)
    wide = float(closure_loss(lips(0.32), lips(0.3), kept, (0,), (1,)))
    assert wide == pytest.approx(math.log(0.34 / 0.32), abs=1e-3)
    assert float(closure_loss(target.nan_to_num(), target, kept, (0,), (1,))) == 0


def test_the_last_present_frame_is_held():
    values = torch.tensor([[torch.nan, 1.0, torch.nan, torch.nan, 4.0]])[..., None]
    held = hold_missing(values, torch.isfinite(values[..., 0]), torch.tensor([[7.0]]))
    assert held[0, :, 0].tolist() == [7, 1, 1, 1, 4]


def test_motion_statistics_know_the_amount_of_motion_and_not_its_course():
    generator = torch.Generator().manual_seed(0)
    motion = torch.randn(64, 100, 6, generator=generator)
    motion[:, 0] = 0
    kept = torch.ones(64, 100, dtype=torch.bool)
    other = motion.roll(1, dims=0) + 5
    assert float(motion_statistics_loss(other, motion, kept, torch.ones(6))) < 1e-3
    assert float(motion_statistics_loss(2 * motion, motion, kept, torch.ones(6))) == pytest.approx(
        torch.tensor(2.0).log().item(), rel=1e-3
    )


def test_whereabouts_know_where_heads_are_and_not_which_head_is_where():
    motion = torch.randn(64, 100, 6, generator=torch.Generator().manual_seed(0))
    kept = torch.ones(64, 100, dtype=torch.bool)
    kept[0, 50:] = False
    motion[0, 50:] = torch.nan
    seen, initial = motion.nan_to_num(99.0), torch.zeros(64, 6)
    assert float(whereabouts_loss(seen, motion, kept, initial)) == pytest.approx(0, abs=1e-9)
    assert float(whereabouts_loss(seen[1:].roll(1, dims=0), motion[1:], kept[1:], initial[1:])) < 1e-9
    assert float(whereabouts_loss(seen + 0.5, motion, kept, initial)) == pytest.approx(0.25, rel=0.02)
    assert float(whereabouts_loss(2 * seen, motion, kept, initial)) == pytest.approx(math.log(2) ** 2, rel=0.05)


def test_whereabouts_know_whether_heads_come_back():
    random = torch.Generator().manual_seed(0)
    initial, noise = 3 * torch.randn(256, 6, generator=random), torch.randn(2, 256, 40, 6, generator=random)
    kept = torch.ones(256, 40, dtype=torch.bool)
    back = noise[0] + 0.5 * initial[:, None]
    # As wide a cloud, around the same place, but of heads that go on the way that they began.
    on = initial[:, None] + 0.5 * initial.roll(1, dims=0)[:, None] + noise[1]
    again = noise[1] + 0.5 * initial[:, None]
    assert float(whereabouts_loss(again, back, kept, initial)) < 0.02
    assert float(whereabouts_loss(on, back, kept, initial)) > 0.3


def test_whereabouts_hardly_mind_what_few_clips_reach():
    random = torch.Generator().manual_seed(0)
    motion, kept = torch.randn(2, 32, 100, 6, generator=random), torch.ones(32, 100, dtype=torch.bool)
    motion[1, :, 75:] += 3
    whole = float(whereabouts_loss(motion[0], motion[1], kept, torch.zeros(32, 6)))
    kept[1:, 75:] = False
    kept[:, 77:] = False
    assert float(whereabouts_loss(motion[0], motion[1], kept, torch.zeros(32, 6))) < 0.05 * whole


def test_diversity_asks_for_a_margin_and_no_more():
    first = torch.zeros(1, 4, 6)
    assert float(diversity_loss(first, first + 0.2, torch.ones(6), 0.5)) == pytest.approx(0.3)
    assert float(diversity_loss(first, first + 9, torch.ones(6), 0.5)) == 0


def test_wrong_settings_are_refused():
    network = Speech2LandmarksConfig(POINTS)
    with pytest.raises(ValueError, match="names point 6"):
        SpeechObjectiveConfig(network=network, mouth=(6,), upper_lip=(0,), lower_lip=(1,))
    with pytest.raises(ValueError, match="as many of each"):
        SpeechObjectiveConfig(network=network, mouth=(0,), upper_lip=(0,), lower_lip=())
    with pytest.raises(ValueError, match="give both the same"):
        PoseObjectiveConfig(network=PoseGeneratorConfig(mfcc=20))
    with pytest.raises(ValueError, match="landmark_noise is -1"):
        LatentsObjectiveConfig(network=Landmarks2LatentsConfig(POINTS, KEYPOINTS), landmark_noise=-1)
    with pytest.raises(ValueError, match="ridge is 0"):
        LatentsObjectiveConfig(network=Landmarks2LatentsConfig(POINTS, KEYPOINTS), ridge=0)
