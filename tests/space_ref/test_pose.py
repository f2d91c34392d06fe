import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from space_ref.pose import PoseCritic, PoseCriticConfig, PoseGenerator, PoseGeneratorConfig

CONFIG = PoseGeneratorConfig(hidden=16, noise=4)


def generator() -> PoseGenerator:
    torch.manual_seed(0)
    made = PoseGenerator(CONFIG).eval()
    scale = torch.tensor([4.0, 5.0, 2.0, 0.05, 0.05, 0.1])
    made.pose.set_statistics(torch.zeros(6), scale)
    return made


def test_the_first_frame_is_the_initial_pose_and_the_rest_stays_within_reach():
    made, initial = generator(), torch.tensor([[10.0, -20, 3, 0, 0, 0]])
    torch.nn.init.normal_(made.head.weight, std=50)
    with torch.no_grad():
        poses = made(torch.randn(1, 300, 40), initial, torch.randn(1, 4))
    assert torch.equal(poses[:, 0], initial)
    away = (poses - initial).abs() / made.pose.std
    assert CONFIG.reach * 0.9 < float(away.max()) <= CONFIG.reach * 1.0001


def test_motion_differs_with_noise_and_is_the_same_for_the_same_noise():
    made, mfcc, initial = generator(), torch.randn(1, 30, 40), torch.zeros(1, 6)
    noise, other = torch.randn(2, 1, 4)
    assert torch.equal(made(mfcc, initial, noise), made(mfcc, initial, noise))
    assert not torch.allclose(made(mfcc, initial, noise), made(mfcc, initial, other), atol=1e-3)


def test_the_head_moves_in_silence():
    poses = generator()(torch.zeros(1, 200, 40), torch.zeros(1, 6), torch.randn(1, 4))
    assert bool((poses[:, 100:].std(dim=1) > 0).all())


@settings(max_examples=15, deadline=None)
@given(chunks=st.lists(st.integers(0, 7), min_size=1, max_size=6))
def test_a_stream_in_any_chunks_equals_the_whole_sequence(chunks):
    made = generator()
    mfcc, initial, noise = torch.randn(2, sum(chunks), 40), torch.randn(2, 6), torch.randn(2, 4)
    with torch.no_grad():
        state, parts = made.start(initial, noise), []
        for part in mfcc.split(chunks, dim=1):
            out, state = made.step(part, state)
            parts.append(out)
        parts.append(made.finish(state))
        assert torch.allclose(torch.cat(parts, dim=1), made(mfcc, initial, noise), atol=1e-5)


@pytest.mark.parametrize("frames", [1, 2, 7, 50])
def test_the_critic_judges_stretches_of_any_length_and_tells_which_frames_they_rest_on(frames):
    critic = PoseCritic(PoseCriticConfig(hidden=8, layers=3))
    pose, mfcc = torch.randn(2, frames, 6, requires_grad=True), torch.randn(2, frames, 40)
    verdicts = critic(pose, mfcc)
    present = torch.rand(2, frames) > 0.2
    patches = critic.patches(present)
    assert verdicts.shape == patches.shape
    slope = torch.autograd.grad(torch.where(patches, verdicts, 0.0).sum(), pose)[0]
    assert float(slope[~present].abs().sum()) == 0


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match=r"periods is \(400, 20\)"):
        PoseGeneratorConfig(periods=(400, 20))
    with pytest.raises(ValueError, match="reach is 0"):
        PoseGeneratorConfig(reach=0)
    with pytest.raises(ValueError, match="layers is 0"):
        PoseCriticConfig(layers=0)
    with pytest.raises(ValueError, match=r"give \(B, 4\)"):
        generator()(torch.zeros(1, 3, 40), torch.zeros(1, 6), torch.zeros(1, 5))
