from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import eyes
from metrics.features.canonical import canonical_face
from space_ref.controls import Blink, Controls, Gaze, LookAway, Placement, close_lids, open_mouth, turn_eyes
from space_ref.controls.events import event_numbers, event_start, uniform
from space_ref.landmarks import GROUPS, SUBSET, HeadPose, position, positions, select
from space_ref.rotation import rotation_matrix

FACE = select(torch.tensor(canonical_face()))
STILL = Controls(blink=Blink(rate=0))
EVERYTHING = Controls(
    blink=Blink(rate=30, times=(0.4,)),
    gaze=Gaze(((0.0, 0.0), (10.0, -20.0), (-10.0, 5.0)), fps=2, away=LookAway(rate=15)),
    mouth=1.4,
    placement=Placement((3.0, -5.0, 2.0), (0.1, 0.0, 0.2), 1.1),
)
EYE_POINTS = tuple(
    place for side in ("right", "left") for kind in ("eye", "iris") for place in positions(f"{side}_{kind}")
)


def talking(frames: int, seed: int = 0) -> torch.Tensor:
    """Landmarks ``(T, P, 3)`` of a canonical face with some life in it."""
    return FACE + 0.003 * torch.randn(frames, len(SUBSET), 3, generator=torch.Generator().manual_seed(seed)).double()


def poses(frames: int) -> HeadPose:
    turn = torch.randn(frames, 3, generator=torch.Generator().manual_seed(1)).double()
    return HeadPose(rotation_matrix(10 * turn), 0.1 * turn, 0.3 + 0.01 * turn[:, 0])


def edited(controls: Controls, landmarks: torch.Tensor, first: int = 0, fps: float = 25.0) -> torch.Tensor:
    return controls.apply(landmarks, poses(len(landmarks)), first, fps)[0]


def apertures(landmarks: torch.Tensor) -> torch.Tensor:
    """Lid openings ``(T, 14)``."""
    gaps = []
    for side in ("right", "left"):
        contour = positions(f"{side}_eye")
        gaps.append((landmarks[:, contour[1:8]] - landmarks[:, contour[:8:-1]]).norm(dim=-1))
    return torch.cat(gaps, dim=1)


def lip_gap(landmarks: torch.Tensor) -> torch.Tensor:
    return landmarks[:, position("lower_inner_lip")] - landmarks[:, position("upper_inner_lip")]


def others(*changed: int) -> list[int]:
    return [place for place in range(len(SUBSET)) if place not in changed]


def test_controls_that_do_nothing_give_exactly_the_input() -> None:
    landmarks, pose = talking(50).float(), poses(50)
    got, placed = STILL.apply(landmarks, pose, 0, 25)
    assert torch.equal(got, landmarks) and got.dtype == landmarks.dtype
    for name in ("rotation", "translation", "scale"):
        assert torch.equal(getattr(placed, name), getattr(pose, name))


def test_between_blinks_the_default_gives_exactly_the_input() -> None:
    landmarks = talking(25)
    assert torch.equal(edited(Controls(), landmarks), landmarks)


def test_the_input_is_not_written_to() -> None:
    landmarks = talking(20)
    before = landmarks.clone()
    edited(EVERYTHING, landmarks)
    assert torch.equal(landmarks, before)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 60), min_size=1, max_size=8), seed=st.integers(0, 2**40))
def test_a_film_edited_in_pieces_is_the_film_edited_whole(cuts: list[int], seed: int) -> None:
    frames = sum(cuts)
    landmarks, pose = talking(frames), poses(frames)
    whole, placed = EVERYTHING.apply(landmarks, pose, 0, 25, seed)
    first = 0
    for count in cuts:
        piece = slice(first, first + count)
        got, turned = EVERYTHING.apply(landmarks[piece], pose[piece], first, 25, seed)
        torch.testing.assert_close(got, whole[piece], atol=1e-12, rtol=0)
        torch.testing.assert_close(turned.rotation, placed.rotation[piece], atol=1e-12, rtol=0)
        first += count


def test_frames_without_landmarks_stay_nan_and_do_not_touch_the_others() -> None:
    landmarks = talking(20)
    gap = landmarks.clone()
    gap[7] = torch.nan
    got = edited(EVERYTHING, gap)
    rest = [t for t in range(20) if t != 7]
    assert got[7].isnan().all()
    torch.testing.assert_close(got[rest], edited(EVERYTHING, landmarks)[rest])


@pytest.mark.parametrize("fps", [25.0, 30.0])
@pytest.mark.parametrize("time", [0.0, 0.4, 1.013])
def test_a_blink_closes_the_eyes_in_its_middle_and_leaves_the_rest_alone(fps: float, time: float) -> None:
    landmarks = talking(60)
    got = edited(Controls(blink=Blink(rate=0, times=(time,))), landmarks, fps=fps)
    middle = round((time + 1 / 6) * fps)
    assert apertures(got)[middle].max() < 0.02 * apertures(landmarks)[middle].min()
    rest = others(*(place for side in ("right", "left") for place in positions(f"{side}_eye")))
    assert torch.equal(got[:, rest], landmarks[:, rest])
    outside = [t for t in range(60) if not time < t / fps < time + 1 / 3]
    assert torch.equal(got[outside], landmarks[outside])


def test_lids_close_faster_than_they_open_and_never_cross() -> None:
    times = torch.arange(0, 0.4, 0.001, dtype=torch.float64)
    shut = Blink(rate=0, times=(0.0,)).closure(times, 0)
    assert shut.min() == 0 and shut.max() == 1
    rising, falling = (shut.diff() > 0).sum(), (shut.diff() < 0).sum()
    assert 0 < rising < falling
    assert shut.diff().abs().max() < 0.02
    landmarks = talking(len(times))
    closed = close_lids(landmarks, shut)
    torch.testing.assert_close(apertures(closed), (1 - shut[:, None]) * apertures(landmarks))


def test_overlapping_blinks_are_one() -> None:
    times = torch.linspace(0, 1, 200, dtype=torch.float64)
    assert Blink(rate=0, times=(0.1, 0.15)).closure(times, 0).max() == 1


@pytest.mark.parametrize("rate", [6.0, 20.0])
def test_blinks_come_at_their_rate_at_uneven_times(rate: float) -> None:
    # As the suite counts them, on ten minutes.
    fps, minutes = 30.0, 10
    shut = Blink(rate=rate).closure(torch.arange(int(minutes * 60 * fps), dtype=torch.float64) / fps, seed=3)
    edges = torch.nonzero((shut[1:] > 0.5) & (shut[:-1] <= 0.5)).flatten() / fps
    assert abs(len(edges) - rate * minutes) <= 1
    intervals = edges.diff() / (60 / rate)
    assert 0.25 < intervals.min() < 0.7 and 1.3 < intervals.max() < 1.75


def test_blinks_differ_with_the_seed_and_only_with_it() -> None:
    times = torch.arange(3000, dtype=torch.float64) / 25
    first, again, other = (Blink().closure(times, seed) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_the_suite_sees_the_blinks() -> None:
    frames = 100
    mesh = np.repeat(canonical_face()[None], frames, axis=0)
    mesh[:, list(SUBSET)] = edited(Controls(blink=Blink(rate=0, times=(1.0, 2.5))), FACE.expand(frames, -1, -1)).numpy()
    ratio = eyes.eye_aspect_ratio(mesh)
    closed = np.flatnonzero(np.diff((ratio < 0.5 * ratio[0]).astype(int)) == 1) / 25
    np.testing.assert_allclose(closed, [1.0, 2.5], atol=0.1)


@pytest.mark.parametrize(("pitch", "yaw"), [(10.0, 0.0), (-10.0, 0.0), (0.0, 15.0), (0.0, -15.0), (8.0, -12.0)])
def test_the_suite_measures_the_gaze_that_was_asked_for(pitch: float, yaw: float) -> None:
    mesh = np.repeat(canonical_face()[None], 2, axis=0)
    mesh[1, list(SUBSET)] = turn_eyes(FACE[None], torch.tensor([[pitch, yaw]]))[0].numpy()
    before, after = eyes.gaze(mesh)
    np.testing.assert_allclose(after - before, [pitch, yaw], atol=1.0)


def test_eyes_turn_as_heads_do() -> None:
    for angles, axis, sign in (((15.0, 0.0), 1, -1), ((0.0, 15.0), 0, 1)):
        way = (turn_eyes(FACE[None], torch.tensor([angles])) - FACE)[0, position("right_iris")]
        nose = rotation_matrix(torch.tensor([*angles, 0.0])) @ torch.tensor([0.0, 0.0, -1.0])
        assert torch.sign(way[axis]) == torch.sign(nose[axis]) == sign


def test_upper_lids_go_with_the_eyes_and_do_not_cross_the_lower_ones() -> None:
    landmarks = FACE.expand(3, -1, -1)
    got = turn_eyes(landmarks, torch.tensor([[0.0, 0.0], [-30.0, 0.0], [30.0, 0.0]]))
    level, down, up = apertures(got)
    assert (down < level).all() and (level < up).all()
    assert (down > 0.3 * level).all() and (up < 1.5 * level).all()
    rest = others(*EYE_POINTS)
    assert torch.equal(got[:, rest], landmarks[:, rest])


def test_a_gaze_over_time_is_linear_between_its_rows_and_stays_at_its_end() -> None:
    gaze = Gaze(((0.0, 0.0), (10.0, -20.0), (0.0, 0.0), (5.0, 5.0)), fps=2)
    got = gaze.at(torch.tensor([0.0, 0.25, 0.5, 1.4, 1.5, 9.0], dtype=torch.float64), 0)
    expected = [[0, 0], [5, -10], [10, -20], [4, 4], [5, 5], [5, 5]]
    torch.testing.assert_close(got, torch.tensor(expected, dtype=torch.float64))
    late = gaze.at(torch.tensor([9.0, 10.0], dtype=torch.float64), 0)
    torch.testing.assert_close(late, torch.full((2, 2), 5.0, dtype=torch.float64))


def test_glances_go_at_most_as_far_as_asked_and_come_back() -> None:
    away = LookAway(rate=12, duration=1.0, angle=15.0)
    times = torch.arange(0, 300, 0.04, dtype=torch.float64)
    size = away.angles(times, seed=0).norm(dim=1)
    assert 12 < size.max() <= 15
    assert (size == 0).double().mean() == pytest.approx(0.8, abs=0.05)
    assert torch.equal(LookAway().angles(times, 0), torch.zeros(len(times), 2))


def test_mouth_opening_is_multiplied_and_grows_with_the_factor() -> None:
    landmarks = talking(10)
    for factor in (0.0, 0.5, 1.4, 3.0):
        torch.testing.assert_close(lip_gap(open_mouth(landmarks, factor)), factor * lip_gap(landmarks))
    gaps = [lip_gap(open_mouth(landmarks, factor))[:, 1] for factor in (0, 0.3, 0.9, 1, 1.4, 2, 3)]
    assert (torch.stack(gaps).diff(dim=0) > 0).all()


def test_a_closed_mouth_is_closed_everywhere_and_not_crossed() -> None:
    closed = open_mouth(talking(10), 0.0)
    inner, outer = positions("lips_inner"), positions("lips_outer")
    torch.testing.assert_close(closed[:, inner[1:10]], closed[:, inner[:10:-1]])
    assert (closed[:, outer[:10:-1], 1] > closed[:, outer[1:10], 1]).all()


def test_lips_that_cross_are_not_pulled_further_apart() -> None:
    landmarks = FACE[None].clone()
    landmarks[:, position("lower_inner_lip"), 1] = landmarks[:, position("upper_inner_lip"), 1] - 0.01
    torch.testing.assert_close(lip_gap(open_mouth(landmarks, 2.0)), lip_gap(landmarks))
    assert lip_gap(open_mouth(landmarks, 0.0)).abs().max() < 1e-9


def test_the_chin_follows_the_lower_lip_and_the_rest_of_the_face_stays() -> None:
    way = (open_mouth(FACE[None], 1.5) - FACE)[0]
    lip, chin = way[position("lower_outer_lip"), 1], way[position("chin"), 1]
    assert 0 < chin < lip
    assert way[position("upper_outer_lip"), 1] < 0
    still = [
        *(place for name in GROUPS if not name.startswith(("lips", "contour")) for place in positions(name)),
        *(position(name) for name in ("forehead", "right_mouth_corner", "left_mouth_corner")),
    ]
    assert torch.equal(way[still], torch.zeros(len(still), 3).double())
    contour = way[list(positions("contour"))][:, 1]
    # Forehead and temples rest; towards the chin, on either side, it moves more and more.
    assert (contour[:12] == 0).all() and (contour[11:19].diff() > 0).all()
    torch.testing.assert_close(contour[12:18], contour[19:25].flip(0), atol=1e-12, rtol=0)


def test_placement_turns_moves_and_scales_the_head_in_image_axes() -> None:
    base = HeadPose(torch.eye(3)[None], torch.tensor([[0.2, 0.0, 0.0]]), torch.tensor([0.5]))
    got = Placement((0.0, 20.0, 0.0), (0.1, -0.2, 0.0), 1.2).apply(base)
    torch.testing.assert_close(got.angles, torch.tensor([[0.0, 20.0, 0.0]]))
    torch.testing.assert_close(got.translation, torch.tensor([[0.25, -0.1, 0.0]]))
    torch.testing.assert_close(got.scale, torch.tensor([0.6]))


def test_random_numbers_are_even_and_the_same_for_ever() -> None:
    numbers = np.array([uniform(5, 0, k) for k in range(4000)])
    counts, _ = np.histogram(numbers, bins=10, range=(0, 1))
    assert counts.min() > 330 and counts.max() < 470
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.05
    assert abs(np.corrcoef(numbers, [uniform(6, 0, k) for k in range(4000)])[0, 1]) < 0.05
    assert uniform(0, 0, 0) == 0.13870941014555427


@given(begin=st.floats(0, 1000), length=st.floats(0, 30), rate=st.floats(0.1, 50), seed=st.integers(0, 99))
def test_no_event_is_missed(begin: float, length: float, rate: float, seed: int) -> None:
    end, duration = begin + length, 0.3
    among = event_numbers(rate, duration, begin, end)
    for number in range(round((end + 60) * rate / 60) + 3):
        start = event_start(number, rate, seed, 0)
        if start <= end and start + duration >= begin:
            assert number in among


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Blink(rate=-1), "blink rate"),
        (lambda: Blink(rate=60), "overlap"),
        (lambda: Blink(duration=0), "blink duration"),
        (lambda: Blink(times=(-1.0,)), "blink times"),
        (lambda: LookAway(angle=25), "look-away angle"),
        (lambda: LookAway(duration=0.1), "look-away duration"),
        (lambda: LookAway(rate=30), "overlap"),
        (lambda: Gaze(()), "at least one row"),
        (lambda: Gaze(((0.0, 0.0), (0.0, 40.0))), "row 1"),
        (lambda: Gaze(fps=0), "gaze fps"),
        (lambda: Controls(mouth=-0.1), "mouth opening"),
        (lambda: open_mouth(FACE[None], 4.0), "mouth opening"),
        (lambda: Placement((200.0, 0.0, 0.0)), "placement angles"),
        (lambda: Placement(translation=(float("nan"), 0.0, 0.0)), "placement translation"),
        (lambda: Placement(scale=0.0), "placement scale"),
        (lambda: edited(STILL, torch.zeros(2, 478, 3)), "landmarks"),
        (lambda: edited(STILL, talking(2), first=-1), "frame number"),
        (lambda: edited(STILL, talking(2), fps=0.0), "fps"),
        (lambda: STILL.apply(talking(2), poses(3), 0, 25), "pose for each"),
    ],
)
def test_values_out_of_range_are_refused(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()
