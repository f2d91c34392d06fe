import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from space_ref.speech2landmarks import Speech2Landmarks, Speech2LandmarksConfig

CONFIG = Speech2LandmarksConfig(6, hidden=16, rank=4, portrait_code=3)


def network(trained: bool = True) -> Speech2Landmarks:
    torch.manual_seed(0)
    made = Speech2Landmarks(CONFIG).eval()
    if trained:
        torch.nn.init.normal_(made.shapes.weight)
        torch.nn.init.normal_(made.mixture.weight)
    return made


def test_an_untrained_network_keeps_the_portrait_still():
    portrait = torch.randn(2, 6, 3)
    made = network(trained=False)(torch.randn(2, 9, 40), portrait, torch.rand(2, 8))
    assert torch.equal(made, portrait[:, None].expand(2, 9, 6, 3))


@settings(max_examples=15, deadline=None)
@given(chunks=st.lists(st.integers(0, 7), min_size=1, max_size=6))
def test_a_stream_in_any_chunks_equals_the_whole_sequence(chunks):
    made, frames = network(), sum(chunks)
    mfcc, portrait, emotion = torch.randn(2, frames, 40), torch.randn(2, 6, 3), torch.rand(2, 8)
    with torch.no_grad():
        state, parts = made.start(portrait), []
        for part in mfcc.split(chunks, dim=1):
            out, state = made.step(part, emotion, state)
            parts.append(out)
        parts.append(made.finish(state))
        assert torch.allclose(torch.cat(parts, dim=1), made(mfcc, portrait, emotion), atol=1e-5)


def test_training_teaches_emotions_and_a_mixture_lies_between_them():
    made = network(trained=False)
    mfcc, portrait, emotions = torch.randn(1, 6, 40), torch.randn(1, 6, 3), torch.eye(8)[[4, 6]]
    target = portrait[:, None] + torch.tensor([0.2, -0.2])[:, None, None, None]
    optimizer = torch.optim.Adam(made.parameters(), lr=1e-2)
    for _ in range(30):
        optimizer.zero_grad()
        predicted = made(mfcc.expand(2, -1, -1), portrait.expand(2, -1, -1), emotions)
        (predicted - target).square().mean().backward()
        optimizer.step()
    asked = torch.stack([emotions[0], emotions.mean(dim=0), emotions[1]])
    with torch.no_grad():
        predicted = made(mfcc.expand(3, -1, -1), portrait.expand(3, -1, -1), asked)
    happy, mixed, sad = predicted.mean(dim=(1, 2, 3))
    assert happy - sad > 0.2
    assert sad < mixed < happy


def test_statistics_scale_the_motion_and_travel_in_the_state_dict():
    made = network()
    portraits = torch.randn(50, 6, 3)
    made.fit_statistics(torch.randn(50, 40) * 3 + 1, portraits, portraits + 0.01 * torch.randn(50, 6, 3))
    assert float(made.motion_scale.max()) < 0.02
    copy = network()
    copy.load_state_dict(made.state_dict())
    inputs = (torch.randn(1, 4, 40), torch.randn(1, 6, 3), torch.rand(1, 8))
    assert torch.equal(copy(*inputs), made(*inputs))


def test_shapes_begin_as_the_directions_in_which_faces_move():
    made, portraits = network(trained=False), torch.randn(400, 6, 3)
    directions = torch.randn(2, 18)
    moved = (torch.randn(400, 2) @ directions).unflatten(1, (6, 3))
    made.fit_statistics(torch.randn(400, 40), portraits, portraits + moved)
    shapes = made.shapes.weight.detach() * made.motion_scale[:, None]
    span = torch.linalg.qr(shapes[:, :2]).Q
    torch.testing.assert_close(directions @ span @ span.mT, directions, atol=1e-3, rtol=1e-3)
    assert shapes[:, 2:].abs().max() < 1e-2 * shapes[:, :2].abs().max()  # nothing else moves
    with torch.no_grad():
        still = made(torch.randn(2, 5, 40), portraits[:2], torch.rand(2, 8))
    assert torch.equal(still, portraits[:2, None].expand_as(still))


def test_a_portrait_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"give \(B, 6, 3\)"):
        network()(torch.zeros(1, 4, 40), torch.zeros(1, 5, 3), torch.zeros(1, 8))
