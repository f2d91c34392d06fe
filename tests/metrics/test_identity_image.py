from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from metrics import registry
from metrics.base import Bundle, Features, Status, Unscorable

MakeBundle = Callable[..., Bundle]


def person(vectors: np.ndarray) -> Features:
    return Features(25, 50, samples={"identity": vectors})


def test_the_same_person_is_one_and_another_is_less(make_bundle: MakeBundle) -> None:
    random = np.random.default_rng(0)
    anna, berta = random.normal(size=(2, 128))
    similarity = registry.get("id_cos_ref").per_clip
    own = similarity(make_bundle(person(anna + 0.05 * random.normal(size=(4, 128))), person(anna[None])))
    assert similarity(make_bundle(person(2 * anna[None]), person(anna[None]))) == pytest.approx(1)
    assert similarity(make_bundle(person(berta[None]), person(anna[None]))) < 0.5 < own


def test_a_face_that_drifts_is_less_consistent(make_bundle: MakeBundle) -> None:
    random = np.random.default_rng(1)
    anna, berta = random.normal(size=(2, 128))
    consistency = registry.get("id_consistency").per_clip
    drifting = np.linspace(anna, berta, 8)
    assert consistency(make_bundle(person(np.tile(anna, (8, 1))))) == pytest.approx(1)
    assert consistency(make_bundle(person(drifting))) < 0.9


@pytest.mark.parametrize(
    ("name", "vectors", "status"),
    [
        ("id_cos_ref", np.empty((0, 128)), Status.NO_FACE),
        ("id_consistency", np.ones((1, 128)), Status.TOO_SHORT),
        ("id_cos_ref", np.zeros((2, 128)), Status.UNDEFINED),
        ("id_cos_ref", np.full((2, 128), np.nan), Status.UNDEFINED),
    ],
)
def test_missing_faces_have_reasons(name: str, vectors: np.ndarray, status: Status, make_bundle: MakeBundle) -> None:
    with pytest.raises(Unscorable) as caught:
        registry.get(name).per_clip(make_bundle(person(vectors), person(np.ones((2, 128)))))
    assert caught.value.status is status


@pytest.mark.parametrize("name", ["psnr", "ssim", "stlpips"])
def test_pair_features_are_averaged_over_frames(name: str, make_bundle: MakeBundle) -> None:
    compared = Features(25, 3, samples={name: np.array([[1.0], [2.0], [6.0]], dtype=np.float32)})
    per_clip = registry.get(name).per_clip
    assert per_clip(make_bundle(compared, Features(25, 3))) == pytest.approx(3)
    for bundle, status in (
        (make_bundle(compared), Status.NO_REFERENCE),
        (make_bundle(compared, Features(25, 3), same_speaker=False), Status.NOT_APPLICABLE),
        (make_bundle(Features(25, 3, samples={name: np.empty((0, 1))}), Features(25, 3)), Status.TOO_SHORT),
        (make_bundle(Features(25, 3, samples={name: np.array([[np.nan]])}), Features(25, 3)), Status.UNDEFINED),
    ):
        with pytest.raises(Unscorable) as caught:
            per_clip(bundle)
        assert caught.value.status is status
