"""Scenes, tracks, boxes: the rules of the original pipeline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics.features.s3fd import S3FD, FaceMaps, load_s3fd
from metrics.features.s3fd_boxes import decode_boxes, intersection_over_union, suppress
from metrics.features.syncnet_protocol import TrackRule
from metrics.features.syncnet_tracks import SceneCuts, box_tracks
from metrics.features.weights import WeightsError

RULE = TrackRule(min_frames=10)


def box(x: float, size: float = 120.0) -> NDArray[np.float64]:
    return np.array([[x, 50.0, x + size, 50.0 + size, 0.99]])


def test_two_faces_make_two_tracks() -> None:
    faces = [np.concatenate([box(100 + t), box(400 - t)]) for t in range(30)]
    tracks = box_tracks(faces, [(0, 30)], RULE)
    assert [track.first for track in tracks] == [0, 0]
    assert np.allclose(tracks[0].boxes[:, 0], 100 + np.arange(30))
    assert np.allclose(tracks[1].boxes[:, 0], 400 - np.arange(30))


def test_gaps_up_to_the_limit_are_bridged() -> None:
    faces = [box(100 + t) if not 5 <= t < 29 else np.empty((0, 5)) for t in range(45)]
    (track,) = box_tracks(faces, [(0, 45)], RULE)
    assert np.allclose(track.boxes[:, 0], 100 + np.arange(45))
    faces[29:31] = [np.empty((0, 5))] * 2  # now 26 frames lie between two detections, one more than is bridged
    (track,) = box_tracks(faces, [(0, 45)], RULE)
    assert (track.first, len(track.boxes)) == (31, 14)


def test_jumps_and_scene_cuts_end_a_track() -> None:
    faces = [box(100) if t < 20 else box(300) for t in range(40)]
    assert [(track.first, len(track.boxes)) for track in box_tracks(faces, [(0, 40)], RULE)] == [(0, 20), (20, 20)]
    steady = [box(100)] * 40
    assert [(track.first, len(track.boxes)) for track in box_tracks(steady, [(0, 15), (15, 40)], RULE)] == [
        (0, 15),
        (15, 25),
    ]


@pytest.mark.parametrize(("frames", "size", "kept"), [(10, 120.0, 0), (11, 120.0, 1), (30, 100.0, 0), (30, 101.0, 1)])
def test_short_and_small_tracks_are_left_out(frames: int, size: float, kept: int) -> None:
    assert len(box_tracks([box(100, size)] * frames, [(0, frames)], RULE)) == kept


def test_cuts_are_found_and_movement_is_none() -> None:
    cuts = SceneCuts(TrackRule())
    slope = np.linspace(0, 40, 80, dtype=np.uint8)[None, :, None].repeat(60, axis=0)
    first, second = (slope + np.array(colour, np.uint8) for colour in ((30, 60, 90), (200, 120, 60)))
    for t in range(60):
        cuts.add(np.roll(first if t < 25 or t >= 30 else second, t // 2, axis=1))
    # The way back, 5 frames later, is nearer than a scene may be short.
    assert cuts.scenes() == [(0, 25), (25, 60)]


def test_scenes_of_nothing_are_empty() -> None:
    assert SceneCuts(TrackRule()).scenes() == [(0, 0)]
    assert box_tracks([], [(0, 0)], RULE) == []


@given(
    st.lists(
        st.tuples(st.floats(0, 50), st.floats(0, 50), st.floats(5, 40), st.floats(5, 40)), min_size=1, max_size=20
    ),
    st.sampled_from([0.1, 0.3, 0.5]),
)
def test_suppression_keeps_no_pair_and_drops_none_without_a_better_one(
    corners: list[tuple[float, ...]], overlap: float
) -> None:
    boxes = np.array([[x, y, x + w, y + h, 1 - k / 100] for k, (x, y, w, h) in enumerate(corners)])
    kept = suppress(boxes, overlap)
    for box in boxes:
        better = kept[kept[:, 4] > box[4]]
        covered = bool(np.any(intersection_over_union(better, box) > overlap))
        assert covered != bool(np.any(np.all(kept == box, axis=1)))


def test_overlap_of_boxes() -> None:
    boxes = np.array([[0.0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6], [0, 0, 0, 0]])
    assert np.allclose(intersection_over_union(boxes, boxes[0]), [1, 1 / 7, 0, 0])


def test_boxes_are_decoded_around_their_place() -> None:
    """One face on the map of stride 8, at row 2 and column 3: its centre moved, its width grown."""
    maps = [(torch.zeros(1, 2, n, n), torch.zeros(1, 4, n, n)) for n in (8, 4, 2, 1, 1, 1)]
    scores, offsets = maps[1]
    scores[0, :, 2, 3] = torch.tensor([0.0, 9.0])
    offsets[0, :, 2, 3] = torch.tensor([1.0, -2.0, 5 * np.log(2), 0.0])
    found = decode_boxes(FaceMaps(*(tuple(part) for part in zip(*maps, strict=True))), 0.9)
    centre = np.array([3.5 * 8 + 0.1 * 32, 2.5 * 8 - 0.2 * 32])
    assert np.allclose(found[:, :4], [*(centre - np.array([32, 16])), *(centre + np.array([32, 16]))])
    assert found[0, 4] == pytest.approx(1 / (1 + np.exp(-9)))


CONVOLUTIONS = ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "4_1", "4_2", "4_3", "5_1", "5_2", "5_3")
PLACES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Of these convolutions in the list ``vgg`` of syncnet_python's file, ReLU and pooling counted."""
HEADS = ("conv3_3_norm", "conv4_3_norm", "conv5_3_norm", "fc7", "conv6_2", "conv7_2")


def test_both_published_files_are_understood(tmp_path: Path) -> None:
    stems = {f"conv{name}": f"vgg.{place}" for name, place in zip(CONVOLUTIONS, PLACES, strict=True)}
    stems |= {"fc6": "vgg.31", "fc7": "vgg.33"}
    stems |= {name: f"extras.{k}" for k, name in enumerate(("conv6_1", "conv6_2", "conv7_1", "conv7_2"))}
    stems |= {f"conv{name}_norm": f"L2Norm{name}" for name in ("3_3", "4_3", "5_3")}
    stems |= {f"{name}_mbox_{kind}": f"{kind}.{k}" for k, name in enumerate(HEADS) for kind in ("loc", "conf")}
    state = {name: torch.zeros_like(value) for name, value in S3FD().state_dict().items()}
    renamed = {}
    for k, (name, value) in enumerate(state.items()):
        stem, _, leaf = name.rpartition(".")
        renamed[f"{stems[stem]}.{leaf}"] = value.fill_(k)
    for content, variant in ((state, "face-alignment"), (renamed, "syncnet")):
        torch.save(content, path := tmp_path / "s3fd.pth")
        network = load_s3fd(path)
        assert network.variant == variant
        assert all(torch.equal(network.state_dict()[name], value) for name, value in state.items())


def test_variants_take_their_own_channels_and_sizes() -> None:
    red = torch.zeros(1, 3, 1, 1)
    red[:, 0] = 200
    assert S3FD("syncnet").mean_subtracted(red).flatten().tolist() == [200 - 123, -117, -104]
    assert S3FD("face-alignment").mean_subtracted(red).flatten().tolist() == [-104, -117, 200 - 123]
    sides = {}
    for variant in ("syncnet", "face-alignment"):
        with torch.device("meta"):
            maps = S3FD(variant)(torch.empty(1, 3, 76, 76))
        sides[variant] = [offsets.shape[-1] for offsets in maps.offsets]
    # 76 pixels are 19 at the first map; rounded up 10 at the next, else 9. Padding by 3 without dilation adds 4 to fc6.
    assert sides == {"syncnet": [19, 10, 5, 2, 1, 1], "face-alignment": [19, 9, 4, 6, 3, 2]}


def test_file_of_another_network_names_what_differs(tmp_path: Path) -> None:
    torch.save({"vgg.0.weight": torch.zeros(64, 3, 3, 3), "neck.weight": torch.zeros(1)}, path := tmp_path / "s3fd.pth")
    with pytest.raises(WeightsError, match=r"missing: .*; 1 unknown: neck\.weight"):
        load_s3fd(path)
