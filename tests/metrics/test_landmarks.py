from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics import registry
from metrics.base import Bundle, FaceTrack, Features, Status, Unscorable
from metrics.landmarks import FACE, MOUTH, eat_distances, vico_distance
from metrics.rigid import rotation_matrix

MakeTalker = Callable[..., Features]
MakeBundle = Callable[..., Bundle]
ALIGNED = ("m_ld", "m_lvd", "f_ld", "f_lvd")


def seeded(name: str, shape: tuple[int, ...], low: float, high: float) -> NDArray[np.float64]:
    """The inputs with which the public scripts were run: uniform numbers from a stream that the name seeds."""
    stream = np.random.RandomState(zlib.crc32(f"Ainput:{name}".encode()))
    return low + (high - low) * stream.random_sample(shape)


def real_points(frames: int) -> NDArray[np.float64]:
    walk = np.cumsum(seeded("real.walk", (frames, 1, 2), -3, 3), axis=0)
    return np.floor(seeded("real.base", (68, 2), 60, 200) + walk + seeded("real.move", (frames, 68, 2), -4, 4))


def fake_points(frames: int) -> NDArray[np.float64]:
    return np.floor(real_points(frames) + seeded("fake.noise", (frames, 68, 2), -6, 6))


def without(points: NDArray[np.float64], missing: tuple[int, ...] = ()) -> list[NDArray[np.float64] | None]:
    return [None if index in missing else frame for index, frame in enumerate(points)]


# Outputs of EAT's code/test_lmd.py on these inputs, in float64: M-LD, M-LVD, F-LD, F-LVD with its slip, F-LVD mended.
EAT = {
    "same length": (40, 40, (), (), None,
        (4.402790437714041, 6.015584521128001, 4.465122388433427, 1.7692895650376472, 5.959384320596094)),
    "shorter fake": (31, 40, (), (), None,
        (5.74362954540695, 9.024088640356334, 5.795067698774852, 2.6541437177518628, 8.708620238264313)),
    "gaps": (40, 40, (0, 7, 8, 25), (8, 13), None,
        (4.460944910886281, 6.129549041955841, 4.481553116921136, 1.8028085417517181, 5.995953412616064)),
    "only 96": (120, 110, (), (), 96,
        (5.77136608493822, 8.6772877803345, 5.876920856798996, 2.552143464804265, 8.766577462809916)),
}  # fmt: skip


@pytest.mark.parametrize("case", list(EAT))
def test_eat_distances_equal_the_published_script(case: str) -> None:
    fake, real, fake_gaps, real_gaps, cut, golden = EAT[case]
    generated, reference = without(fake_points(fake), fake_gaps), without(real_points(real), real_gaps)
    mended = eat_distances(generated, reference, first_reference_frames=cut)
    published = eat_distances(generated, reference, first_reference_frames=cut, as_published=True)
    np.testing.assert_allclose(mended, [*golden[:3], golden[4]], rtol=1e-11)
    np.testing.assert_allclose(published, golden[:4], rtol=1e-11)


def test_vico_distance_equals_the_published_script() -> None:
    real = seeded("vico.real", (30, 68, 2), 50, 200)
    fake = real + seeded("vico.delta", (30, 68, 2), -5, 5)
    assert vico_distance(fake, real) == pytest.approx(2.4489732231567687, rel=1e-11)


def test_eat_refuses_videos_without_a_common_face() -> None:
    points = without(real_points(3))
    with pytest.raises(Unscorable) as caught:
        eat_distances([None, None, None], points)
    assert caught.value.status is Status.NO_FACE
    with pytest.raises(Unscorable) as caught:
        eat_distances([], points)
    assert caught.value.status is Status.TOO_SHORT


def moved(features: Features, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Features:
    assert features.track is not None
    landmarks = change(features.track.landmarks.astype(np.float64)).astype(np.float32)
    return replace(features, track=replace(features.track, landmarks=landmarks))


@pytest.mark.parametrize("name", ALIGNED)
def test_aligned_distances_ignore_head_pose_and_size(
    name: str, make_talker: MakeTalker, make_bundle: MakeBundle
) -> None:
    clip = make_talker()
    count = clip.frames
    turns = rotation_matrix(np.stack([np.linspace(-15, 15, count), np.linspace(20, -20, count), np.zeros(count)], 1))

    def change(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.einsum("tij,tpj->tpi", turns, points) * 0.7 + [30, -12, 5]

    assert registry.get(name).per_clip(make_bundle(moved(clip, change), clip)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("name", [*ALIGNED, *(f"{n}_px" for n in ALIGNED)])
def test_distances_do_not_depend_on_the_size_of_the_frame(
    name: str, make_talker: MakeTalker, make_bundle: MakeBundle
) -> None:
    one, two = make_talker(seed=1), make_talker(seed=2)
    assert one.track is not None
    large = replace(one, track=replace(one.track, landmarks=one.track.landmarks * 3, width=768, height=768))
    per_clip = registry.get(name).per_clip
    assert per_clip(make_bundle(large, two)) == pytest.approx(per_clip(make_bundle(one, two)), rel=1e-4)
    assert per_clip(make_bundle(one, two)) > 0


def test_a_lip_shift_counts_as_itself_in_position_and_not_in_velocity(
    make_talker: MakeTalker, make_bundle: MakeBundle
) -> None:
    clip = make_talker()

    def drop_mouth(points: NDArray[np.float64]) -> NDArray[np.float64]:
        points[:, list(MOUTH), 1] += 6.0
        return points

    bundle = make_bundle(moved(clip, drop_mouth), clip)
    assert registry.get("m_ld").per_clip(bundle) == pytest.approx(0.1, rel=1e-3)
    assert registry.get("f_ld").per_clip(bundle) == pytest.approx(0.1 * len(MOUTH) / len(FACE), rel=1e-3)
    assert registry.get("m_lvd").per_clip(bundle) == pytest.approx(0, abs=1e-5)


def test_a_trembling_mouth_counts_in_velocity(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    clip = make_talker()

    def tremble(points: NDArray[np.float64]) -> NDArray[np.float64]:
        points[::2, list(MOUTH), 1] += 3.0
        return points

    assert registry.get("m_lvd").per_clip(make_bundle(moved(clip, tremble), clip)) == pytest.approx(0.05, rel=1e-3)


def test_frames_without_a_face_are_left_out(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    one, two = make_talker(seed=1), make_talker(seed=2)
    gaps = make_talker(seed=1, missing=(10, 11, 50))
    assert one.track is not None and two.track is not None
    metric = registry.get("m_ld").per_clip
    keep = np.setdiff1d(np.arange(one.frames), (10, 11, 50))

    def subset(track: FaceTrack) -> FaceTrack:
        return replace(track, landmarks=track.landmarks[keep], present=track.present[keep])

    expected = metric(make_bundle(replace(one, track=subset(one.track)), replace(two, track=subset(two.track))))
    assert metric(make_bundle(gaps, two)) == pytest.approx(expected, rel=1e-9)


def test_mostly_missing_faces_are_no_face(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    hidden = make_talker(seconds=2, missing=tuple(range(26)))
    with pytest.raises(Unscorable) as caught:
        registry.get("m_ld").per_clip(make_bundle(hidden, make_talker(seconds=2)))
    assert caught.value.status is Status.NO_FACE


@pytest.mark.parametrize(("frames", "status"), [(98, None), (102, None), (97, "too_short"), (103, "undefined")])
def test_lengths_may_differ_by_two_frames(
    frames: int, status: str | None, make_talker: MakeTalker, make_bundle: MakeBundle
) -> None:
    bundle = make_bundle(make_talker(seconds=frames / 25), make_talker(seconds=4))
    if status is None:
        assert registry.get("m_ld").per_clip(bundle) >= 0
    else:
        with pytest.raises(Unscorable) as caught:
            registry.get("m_ld").per_clip(bundle)
        assert caught.value.status == status


def test_other_frame_rate_is_refused(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    with pytest.raises(Unscorable, match="bring both to one rate"):
        registry.get("m_ld").per_clip(make_bundle(make_talker(fps=30), make_talker(fps=25)))


def test_other_speakers_have_no_position_but_a_velocity_distance(
    make_talker: MakeTalker, make_bundle: MakeBundle
) -> None:
    bundle = make_bundle(make_talker(seed=1), make_talker(seed=2), same_speaker=False)
    assert registry.get("m_lvd").per_clip(bundle) > 0
    for name in ("m_ld", "f_ld", "m_ld_px"):
        with pytest.raises(Unscorable) as caught:
            registry.get(name).per_clip(bundle)
        assert caught.value.status is Status.NOT_APPLICABLE


def test_no_reference_is_said(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    with pytest.raises(Unscorable) as caught:
        registry.get("f_lvd").per_clip(make_bundle(make_talker()))
    assert caught.value.status is Status.NO_REFERENCE
