import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from space_ref.sequence import SequenceConfig, SequenceTrunk, Standardize

SMALL = SequenceConfig(hidden=8, layers=2, dropout=0.0)


def trunk(config: SequenceConfig = SMALL) -> SequenceTrunk:
    torch.manual_seed(0)
    made = SequenceTrunk(5, 3, config).eval()
    for layer in made.recurrent:
        torch.nn.init.normal_(layer.film.network[-1].weight, std=0.3)
    return made


@settings(max_examples=30, deadline=None)
@given(
    chunks=st.lists(st.integers(0, 7), max_size=8),
    lookback=st.integers(0, 5),
    lookahead=st.integers(0, 5),
    convolutions=st.integers(1, 3),
)
def test_a_stream_in_any_chunks_equals_the_whole_sequence(chunks, lookback, lookahead, convolutions):
    config = SequenceConfig(hidden=8, lookback=lookback, lookahead=lookahead, convolutions=convolutions)
    network = trunk(config)
    x, condition = torch.randn(2, sum(chunks), 5), torch.rand(2, sum(chunks), 3)
    with torch.no_grad():
        whole = network(x, condition)
        state, parts = network.start(2), []
        for part, part_condition in zip(x.split(chunks, dim=1), condition.split(chunks, dim=1), strict=True):
            out, state = network.step(part, part_condition, state)
            parts.append(out)
        parts.append(network.finish(state))
    streamed = torch.cat(parts, dim=1)
    assert streamed.shape == whole.shape == (2, sum(chunks), 8)
    assert torch.allclose(streamed, whole, atol=1e-5)


def test_a_frame_sees_its_lookahead_and_no_further():
    network, x, condition = trunk(), torch.randn(1, 20, 5), torch.rand(1, 3)
    later = x.clone()
    later[:, 12] += 1
    with torch.no_grad():
        changed = (network(x, condition) != network(later, condition)).any(dim=-1)[0]
    first = 12 - SMALL.lookahead
    assert not changed[:first].any() and changed[first:].all()


def test_outputs_come_lookahead_frames_late_and_the_state_does_not_grow():
    network, state, made, sizes = trunk(), trunk().start(1), 0, set()
    for k in range(1, 30):
        out, state = network.step(torch.randn(1, 1, 5), torch.rand(1, 3), state)
        made += out.shape[1]
        assert made == max(k - SMALL.lookahead, 0)
        if k > 10:
            sizes.add((state.features.untyped_storage().nbytes(), state.conditions.untyped_storage().nbytes()))
    assert len(sizes) == 1


def test_statistics_are_saved_and_flat_channels_are_not_blown_up():
    standard = Standardize(3)
    samples = torch.tensor([[0.0, 2.0, 5.0], [2.0, 6.0, 5.0]])
    standard.fit(samples)
    assert torch.equal(standard.state_dict()["mean"], torch.tensor([1.0, 4.0, 5.0]))
    assert torch.allclose(standard.std, torch.tensor([1.0, 2.0, 0.1 * (5 / 3) ** 0.5]))
    assert torch.allclose(standard(samples)[0, :2], torch.tensor([-1.0, -1.0]))


def test_wrong_statistics_inputs_and_settings_are_refused():
    with pytest.raises(ValueError, match="channel 1: give values above 0"):
        Standardize(2).set_statistics(torch.zeros(2), torch.tensor([1.0, 0.0]))
    with pytest.raises(ValueError, match="give 2 finite values"):
        Standardize(2).set_statistics(torch.zeros(3), torch.ones(2))
    with pytest.raises(ValueError, match=r"give \(B, T, 5\)"):
        trunk()(torch.zeros(1, 4, 6), torch.zeros(1, 3))
    with pytest.raises(ValueError, match="hidden is 0"):
        SequenceConfig(hidden=0)
    with pytest.raises(ValueError, match="dropout is 1"):
        SequenceConfig(dropout=1.0)
