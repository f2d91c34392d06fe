import pytest
import torch

from space_ref.film import Film, over_time


def test_untrained_film_is_the_identity():
    features = torch.randn(2, 5, 12)
    assert torch.equal(Film(12, 8)(features, torch.rand(2, 8)), features)


def trained_film() -> Film:
    torch.manual_seed(0)
    film = Film(12, 8)
    for weight in film.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    return film


def test_a_condition_for_all_frames_equals_the_same_condition_in_each_frame():
    film, features, condition = trained_film(), torch.randn(2, 5, 12), torch.rand(2, 8)
    assert torch.allclose(film(features, condition), film(features, over_time(condition, 5)), atol=1e-6)


def test_channels_are_modulated_frame_by_frame():
    film, features, condition = trained_film(), torch.randn(1, 4, 12), torch.rand(1, 4, 8)
    changed = condition.clone()
    changed[:, 2] += 1
    different = (film(features, condition) != film(features, changed)).any(dim=-1)
    assert different.tolist() == [[False, False, True, False]]


def test_wrong_conditions_are_refused():
    with pytest.raises(ValueError, match="3 frames, the input 4"):
        over_time(torch.zeros(2, 3, 8), 4)
    with pytest.raises(ValueError, match=r"give \(B, E\)"):
        over_time(torch.zeros(8))
