from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from metrics.features import canonical
from metrics.rigid import rotation_matrix


def test_the_face_is_symmetric_centred_and_one_unit_wide() -> None:
    face, partners = canonical.canonical_face(), canonical.mirror_partners()
    assert face.shape == (478, 3)
    np.testing.assert_allclose(face[partners] * [-1, 1, 1], face, atol=1e-9)
    np.testing.assert_allclose(face[[33, 263]], [[-0.5, 0, 0], [0.5, 0, 0]], atol=1e-9)


def test_the_face_stands_upright_with_the_nose_towards_the_camera() -> None:
    face = canonical.canonical_face()
    assert face[10, 2] == pytest.approx(face[152, 2], abs=1e-4)
    assert face[10, 1] < 0 < face[152, 1]
    assert face[4, 2] == face[:, 2].min()


def test_partners_are_an_involution_and_the_stable_points_are_closed_under_it() -> None:
    partners = canonical.mirror_partners()
    np.testing.assert_array_equal(partners[partners], np.arange(478))
    assert {int(partners[i]) for i in canonical.STABLE} == set(canonical.STABLE)
    assert partners[61] == 291
    assert partners[468] == 473


def test_derive_gives_the_face_back_from_turned_and_scaled_copies_in_any_order() -> None:
    face = canonical.canonical_face()
    noise = np.random.default_rng(0).normal(scale=1e-4, size=(3, 478, 3))
    turns = rotation_matrix(np.array([[0.0, 6, -8], [0.0, -9, 4], [0.0, 2, 11]]))
    sets = [(face + noise[i]) @ turns[i].T * (50 + 30 * i) + [200, 150, 0] for i in range(3)]
    derived, partners = canonical.derive(sets)
    np.testing.assert_array_equal(partners, canonical.mirror_partners())
    np.testing.assert_allclose(derived, face, atol=2e-3)
    np.testing.assert_allclose(canonical.derive(sets[::-1])[0], derived, atol=1e-9)


def test_derive_refuses_faces_that_are_not_whole() -> None:
    broken = canonical.canonical_face().copy()
    broken[7] = np.nan
    with pytest.raises(ValueError, match="set 1"):
        canonical.derive([canonical.canonical_face(), broken])
    with pytest.raises(ValueError, match="at least one"):
        canonical.derive([])


def test_write_is_what_the_module_reads(tmp_path: Path) -> None:
    path = tmp_path / "face.txt"
    canonical.write(canonical.canonical_face(), canonical.mirror_partners(), path)
    np.testing.assert_allclose(np.loadtxt(path)[:, :3], canonical.canonical_face(), atol=1e-9)
