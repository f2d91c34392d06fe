import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from space_ref.landmarks2latents import Landmarks2Latents, Landmarks2LatentsConfig

POINTS, KEYPOINTS = 6, 4


def network(trained: bool = True, **settings: bool) -> Landmarks2Latents:
    torch.manual_seed(0)
    made = Landmarks2Latents(Landmarks2LatentsConfig(POINTS, KEYPOINTS, hidden=16, portrait_code=3, **settings)).eval()
    if trained:
        torch.nn.init.normal_(made.head.weight)
        if made.linear is not None:
            torch.nn.init.normal_(made.linear.weight)
    return made


def inputs(frames: int, batch: int = 2) -> list[torch.Tensor]:
    """posed, portrait_posed, portrait_keypoints, mfcc, emotion"""
    shapes = ((frames, POINTS, 3), (POINTS, 3), (KEYPOINTS, 3), (frames, 40), (8,))
    return [torch.randn(batch, *shape) for shape in shapes]


@pytest.mark.parametrize("settings", [{}, {"use_audio": False}, {"use_landmarks": False}, {"linear": False}])
def test_an_untrained_network_keeps_the_keypoints_still(settings):
    given_inputs = inputs(5)
    made = network(trained=False, **settings)(*given_inputs)
    assert torch.equal(made, given_inputs[2][:, None].expand(2, 5, KEYPOINTS, 3))


def test_the_ablations_have_no_such_input():
    posed, portrait_posed, portrait_keypoints, mfcc, emotion = inputs(5)
    without = network(use_landmarks=False)
    made = without(None, None, portrait_keypoints, mfcc, emotion)
    assert torch.equal(made, without(posed, portrait_posed, portrait_keypoints, mfcc, emotion))
    without = network(use_audio=False)
    made = without(posed, portrait_posed, portrait_keypoints, None, emotion)
    assert torch.equal(made, without(posed, portrait_posed, portrait_keypoints, mfcc, emotion))
    with pytest.raises(ValueError, match="posed is None"):
        without(None, portrait_posed, portrait_keypoints, mfcc, emotion)
    with pytest.raises(ValueError, match="neither audio nor landmarks"):
        network(use_audio=False, use_landmarks=False)


@pytest.mark.parametrize("settings", [{}, {"use_audio": False}, {"use_landmarks": False}])
@given(chunks=st.lists(st.integers(0, 7), min_size=1, max_size=6))
@hypothesis_settings(max_examples=10, deadline=None)
def test_a_stream_in_any_chunks_equals_the_whole_sequence(settings, chunks):
    made = network(**settings)
    posed, portrait_posed, portrait_keypoints, mfcc, emotion = inputs(sum(chunks))
    with torch.no_grad():
        whole = made(posed, portrait_posed, portrait_keypoints, mfcc, emotion)
        state, parts = made.start(portrait_keypoints, portrait_posed), []
        for posed_part, mfcc_part in zip(posed.split(chunks, dim=1), mfcc.split(chunks, dim=1), strict=True):
            out, state = made.step(posed_part, mfcc_part, emotion, state)
            parts.append(out)
        parts.append(made.finish(state))
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-5)


def test_the_linear_term_of_a_linear_world_needs_no_training():
    made, frames = network(trained=False), 400
    portrait_posed, portrait_keypoints = torch.randn(1, POINTS, 3), torch.randn(1, KEYPOINTS, 3)
    posed = portrait_posed + 0.1 * torch.randn(frames, POINTS, 3)
    world = torch.randn(POINTS * 3, KEYPOINTS * 3)
    keypoints = portrait_keypoints + ((posed - portrait_posed).flatten(1) @ world).unflatten(1, (KEYPOINTS, 3))
    mfcc = torch.randn(frames, 40)
    made.fit_statistics(
        mfcc,
        posed,
        portrait_posed.expand_as(posed),
        keypoints,
        portrait_keypoints.expand_as(keypoints),
        ridge=1e-6,
    )
    predicted = made(posed[None], portrait_posed, portrait_keypoints, mfcc[None], torch.zeros(1, 8))
    assert torch.allclose(predicted[0], keypoints, atol=1e-3)
