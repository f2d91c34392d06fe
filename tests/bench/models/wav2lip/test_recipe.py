"""Spectrogram in pieces, boxes, crops and what is pasted back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.models.random_weights import fill_by_name
from bench.models.wav2lip.boxes import mesh_box, padded, s3fd_box, smoothed
from bench.models.wav2lip.mel import SHORTEST, column_count, mel_columns
from bench.models.wav2lip.recipe import cut, network_input, network_output, paste
from bench.models.wav2lip.windows import speech
from metrics.features.s3fd import S3FD


def _sound(samples: int) -> np.ndarray:
    return np.random.default_rng(samples).normal(size=samples).astype(np.float32) / 10


@settings(max_examples=30, deadline=None)
@given(samples=st.integers(SHORTEST, 6000), data=st.data())
def test_some_columns_are_those_of_the_whole_sound(samples: int, data: st.DataObject) -> None:
    whole = mel_columns(_sound(samples))
    assert whole.shape == (80, column_count(samples))
    first = data.draw(st.integers(0, whole.shape[1]))
    count = data.draw(st.integers(0, whole.shape[1] - first))
    np.testing.assert_allclose(
        mel_columns(_sound(samples), first, count), whole[:, first : first + count], atol=1e-12, rtol=0
    )


def test_silence_is_the_quietest_value_and_no_sound_an_error() -> None:
    assert np.all(mel_columns(np.zeros(4000, np.float32)) == -4)
    with pytest.raises(ValueError, match="at least 401 samples, found 400"):
        mel_columns(np.zeros(400, np.float32))
    with pytest.raises(ValueError, match="columns 20 to 22: the sound has 21"):
        mel_columns(np.zeros(4000, np.float32), 20, 2)


@pytest.mark.parametrize(("fps", "frames"), [(25.0, 25), (30.0, 31), (12.0, 12)])
def test_windows_do_not_depend_on_the_batch(fps: float, frames: int) -> None:
    sound = _sound(round(frames / fps * 16000))
    whole = np.concatenate(list(speech(sound, fps, frames, 1000)))
    pieces = list(speech(sound, fps, frames, 4))
    assert whole.shape == (frames, 1, 80, 16)
    assert [len(piece) for piece in pieces[:-1]] == [4] * (len(pieces) - 1)
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-12)


@pytest.mark.parametrize(
    ("walk", "expected"),
    [([10], [10]), ([0, 9], [4, 6]), ([0, 10, 21], [15, 15, 18]), ([3, 5, 8, 90], [90, 90, 90, 90])],
)
def test_fewer_boxes_than_a_window_are_averaged_as_the_public_code_does(walk: list[int], expected: list[int]) -> None:
    """Of three boxes the window begins at -2, so each becomes the mean of the last two as they are by then."""
    boxes = [np.full(4, value, np.int64) for value in walk]
    assert [int(box[0]) for box in smoothed(boxes)] == expected


def test_boxes_grow_by_their_pads_and_end_with_the_frame() -> None:
    box = np.array([5, 10, 60, 95])
    np.testing.assert_array_equal(padded(box, (0, 10, 0, 0), 64, 100), [5, 10, 60, 100])
    np.testing.assert_array_equal(padded(box, (20, -5, 2, 9), 64, 100), [3, 0, 64, 90])
    np.testing.assert_array_equal(mesh_box(np.vstack([[-3.5, 7.9, 0], [50.7, 90.2, 0]] * 239)), [0, 7, 50, 90])


def test_s3fd_sees_the_colours_that_the_published_script_gives_it() -> None:
    network = S3FD()
    fill_by_name(network)
    network.double().eval().requires_grad_(False)
    frame = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)

    def most_probable(picture: np.ndarray) -> list[int]:
        maps = network(torch.from_numpy(picture - np.array([104.0, 117.0, 123.0])).permute(2, 0, 1)[None])
        best, box = 0.5, [-1.0]
        for scores, offsets, stride in zip(maps.scores, maps.offsets, (4, 8, 16, 32, 64, 128), strict=True):
            for row, column in np.ndindex(scores.shape[2:]):
                face = float(scores[0, :, row, column].softmax(0)[1])
                if face > best:
                    x, y, w, h = offsets[0, :, row, column].tolist()
                    across, down = 4 * stride * np.exp(0.2 * w) / 2, 4 * stride * np.exp(0.2 * h) / 2
                    middle = (column + 0.5) * stride + 0.4 * stride * x, (row + 0.5) * stride + 0.4 * stride * y
                    best = face
                    box = [middle[0] - across, middle[1] - down, middle[0] + across, middle[1] + down]
        return [int(max(side, 0)) for side in box]

    found = s3fd_box(network, frame)
    assert found is not None
    assert found.tolist() == most_probable(frame) != most_probable(frame[..., ::-1])
    network.conv3_3_norm_mbox_conf.bias -= torch.tensor([0.0, 0, 0, 1e4])
    for layer in ("conv4_3_norm", "conv5_3_norm", "fc7", "conv6_2", "conv7_2"):
        getattr(network, f"{layer}_mbox_conf").bias -= torch.tensor([0.0, 1e4])
    assert s3fd_box(network, frame) is None


def test_the_face_is_cut_masked_and_pasted_where_it_was() -> None:
    frame = np.zeros((80, 100, 3), np.uint8)
    frame[..., 0] = 200
    box = np.array([20, 10, 90, 70])
    seen = network_input(cut(frame, box)[None])
    assert seen.shape == (1, 6, 96, 96)
    assert set(np.unique(seen[:, [2, 5]])) == {0, 200 / 255}
    assert not seen[:, [0, 1, 3, 4]].any() and not seen[:, :3, 48:].any() and seen[:, 5].all() and seen[:, 2, :48].all()
    drawn = np.zeros((1, 3, 96, 96))
    drawn[:, 0] = 0.999
    pasted = paste(frame, box, network_output(drawn)[0])
    assert np.all(pasted[10:70, 20:90] == [0, 0, 254])
    outside = np.ones((80, 100), bool)
    outside[10:70, 20:90] = False
    assert np.all(pasted[outside] == [200, 0, 0])


def test_a_box_without_a_pixel_is_refused() -> None:
    with pytest.raises(ValueError, match="box of the face is empty: left 9, top 0, right 9"):
        cut(np.zeros((20, 20, 3), np.uint8), np.array([9, 0, 9, 20]))
