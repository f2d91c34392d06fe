from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from metrics import registry
from metrics.base import Bundle, Features, Status, Unscorable
from metrics.landmarks import eat_distances, ibug_frames, vico_distance
from metrics.landmarks_68 import DLIB, METRICS

MakeTalker = Callable[..., Features]
MakeBundle = Callable[..., Bundle]
BY_NAME = {metric.name: metric for metric in METRICS}


def with_dlib(features: Features, missing: tuple[int, ...] = ()) -> Features:
    """The clip as dlib would see it: the mesh's points under dlib's name, NaN in the frames that it misses."""
    assert features.track is not None
    rows = np.array([frame.reshape(-1) for frame in ibug_frames(features.track) if frame is not None])
    rows[list(missing)] = np.nan
    return replace(features, samples={DLIB: rows}, sampled_at={DLIB: np.arange(len(rows))})


def test_dlib_points_are_counted_as_eat_counts(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    nods = np.cumsum(np.random.default_rng(0).normal(scale=0.5, size=(100, 3)), axis=0)
    one, two = with_dlib(make_talker(seed=1, angles=nods), (3, 4)), with_dlib(make_talker(seed=2), (9,))
    assert one.track is not None and two.track is not None
    frames = [ibug_frames(clip.track) for clip in (one, two)]  # type: ignore[arg-type]
    frames[0][3] = frames[0][4] = frames[1][9] = None
    mended, published = eat_distances(*frames), eat_distances(*frames, as_published=True)
    bundle = make_bundle(one, two)
    for index, measure in enumerate(("m_ld", "m_lvd", "f_ld", "f_lvd")):
        assert BY_NAME[f"{measure}_dlib"].per_clip(bundle) == pytest.approx(mended[index])
    assert BY_NAME["f_lvd_dlib_published"].per_clip(bundle) == pytest.approx(published[3]) != mended[3]
    both = np.array([(a, b) for a, b in zip(*frames, strict=True) if a is not None and b is not None])
    assert BY_NAME["m_ld_vico_dlib"].per_clip(bundle) == pytest.approx(vico_distance(both[:, 0], both[:, 1]))


def test_mesh_metrics_differ_from_the_mended_ones_only_by_the_slip(
    make_talker: MakeTalker, make_bundle: MakeBundle
) -> None:
    bundle = make_bundle(make_talker(seed=1), make_talker(seed=2))
    mouth = registry.get("m_lvd_px").per_clip(bundle)
    assert BY_NAME["f_lvd_px_published"].per_clip(bundle) == pytest.approx(mouth * 20 / 68)
    clip = make_talker(seed=1)
    assert BY_NAME["m_ld_vico"].per_clip(make_bundle(clip, clip)) == 0


@pytest.mark.parametrize("name", list(BY_NAME))
def test_what_cannot_be_compared_has_a_reason(name: str, make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    clip = with_dlib(make_talker(seed=1))
    gone = with_dlib(make_talker(seed=1), tuple(range(100)))
    assert gone.track is not None
    none = replace(
        gone, track=replace(gone.track, present=np.zeros(100, bool), landmarks=gone.track.landmarks * np.nan)
    )
    for bundle, status in (
        (make_bundle(clip), Status.NO_REFERENCE),
        (make_bundle(clip, clip, same_speaker=False), Status.NOT_APPLICABLE),
        (make_bundle(none, clip), Status.NO_FACE),
        (make_bundle(clip, none), Status.NO_FACE),
        (make_bundle(Features(25, 100), clip), Status.UNDEFINED),
    ):
        with pytest.raises(Unscorable) as caught:
            BY_NAME[name].per_clip(bundle)
        assert caught.value.status is status


def test_vico_refuses_videos_of_other_lengths(make_talker: MakeTalker, make_bundle: MakeBundle) -> None:
    short, whole = (with_dlib(make_talker(seconds=seconds)) for seconds in (3.0, 4.0))
    for pair, status in (((short, whole), Status.TOO_SHORT), ((whole, short), Status.UNDEFINED)):
        for name in ("m_ld_vico", "m_ld_vico_dlib"):
            with pytest.raises(Unscorable) as caught:
                BY_NAME[name].per_clip(make_bundle(*pair))
            assert caught.value.status is status
