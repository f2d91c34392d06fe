"""Clips from pictures to scores: planted faces, the suite's own reader, and what cannot be scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from datasets.media import read_audio, read_frames, read_shown
from metrics.base import Bundle, FaceTrack, Features, Labels, Status, Unscorable
from metrics.features.s3fd import S3FD
from metrics.features.syncnet_clip import ClipSource, lip_tracks
from metrics.features.syncnet_crop import crop_face
from metrics.features.syncnet_embed import SyncEmbedder
from metrics.features.syncnet_meter import SYNCNET, SyncMeter
from metrics.features.syncnet_protocol import PROTOCOLS, SyncProtocol, TrackRule
from metrics.lse import LIPS, METRICS, SOUND, as_row, compare, sound_embeddings

Make = Callable[..., SyncEmbedder]
Frame = NDArray[np.uint8]


def source_of(frames: list[Frame], fps: float = 25.0) -> ClipSource:
    return ClipSource(lambda: iter(frames), lambda: ((f, k / fps, (k + 1) / fps) for k, f in enumerate(frames)))


def still_track(
    count: int,
    size: tuple[int, int] = (224, 224),
    box: tuple[float, ...] = (60, 60, 160, 160),
    fps: float = 25.0,
) -> FaceTrack:
    points = np.zeros((count, 478, 3), np.float32)
    points[:, ::2, :2], points[:, 1::2, :2] = box[:2], box[2:]
    return FaceTrack(points, np.ones(count, dtype=bool), *size, fps)


def seeing(x: float, y: float, side: float) -> S3FD:
    """S3FD whose weights are zero but for biases: it sees one face, in the first cell of the map of stride 32."""
    network = S3FD("syncnet").eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for name, heads in network.named_children():
            if name.endswith("_mbox_conf") and isinstance(heads, torch.nn.Conv2d):
                assert heads.bias is not None
                heads.bias[:] = torch.tensor([9.0] * (len(heads.bias) - 1) + [-9.0])
        network.fc7_mbox_conf.bias[:] = torch.tensor([-9.0, 9.0])  # type: ignore[union-attr,index]
        grown = float(np.log(side / 128) / 0.2)
        network.fc7_mbox_loc.bias[:] = torch.tensor([(x - 16) / 12.8, (y - 16) / 12.8, grown, grown])  # type: ignore[union-attr,index]
    return network


def legacy(name: str = "lse-joonson", frames: int = 10) -> SyncProtocol:
    return replace(PROTOCOLS[name], min_frames=frames, tracks=TrackRule(min_frames=frames))


@pytest.mark.slow
def test_mesh_protocol_sees_the_smoothed_crop(make_embedder: Make, moving: Frame) -> None:
    embedder, frames = make_embedder(), list(moving[:26])
    (lips,) = lip_tracks(source_of(frames), PROTOCOLS["lse"], embedder, still_track(26))
    assert lips.first == 0
    place = np.array([110.0, 110.0, 50.0])
    inner = [crop_face(frame, place, PROTOCOLS["lse"])[..., ::-1] for frame in frames[8:13]]
    assert np.allclose(lips.embeddings[8], embedder.lips(inner)[0], rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_detector_protocol_follows_the_face_that_s3fd_sees(make_embedder: Make, moving: Frame) -> None:
    frames, embedder = [frame[:120, :120] for frame in moving[:16]], make_embedder()
    # A quarter of the size: 30 pixels. (No edge of the crop lies near a whole number of pixels, where rounding decides.)
    (lips,) = lip_tracks(source_of(frames), legacy(), embedder, detector=seeing(15.05, 14.2, 28.1))
    crops = [crop_face(frame, np.array([60.2, 56.8, 56.2]), legacy())[..., ::-1] for frame in frames[7:12]]
    assert len(lips.embeddings) == 12
    assert np.allclose(lips.embeddings[7], embedder.lips(crops)[0], rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_recoding_changes_what_is_seen_but_not_how_much(make_embedder: Make, moving: Frame) -> None:
    frames, embedder, detector = [f[:120, :120] for f in moving[:14]], make_embedder(), seeing(15, 14, 28)
    clean, coded = (
        lip_tracks(source_of(frames), legacy(name), embedder, detector=detector)[0].embeddings
        for name in ("lse-joonson", "lse-joonson-recoded")
    )
    assert clean.shape == coded.shape
    difference = np.linalg.norm(clean - coded) / np.linalg.norm(clean)
    assert 0.01 < difference < 0.6


@pytest.fixture
def clip(make_video: Callable[..., Path], oracle: Any, moving: Frame) -> Path:
    """1.5 s at 30 frames a second, with sound."""
    small = [frame[::2, ::2] for frame in moving]
    sound = oracle.audio("speech", 24000).astype(np.float32) / 32768
    return make_video("clip.mkv", small + small[-1:] * 15, fps=30, audio=sound, rate=16000, audio_codec="pcm_s16le")


@pytest.mark.slow
def test_a_file_is_measured_by_pictures_and_by_sound(clip: Path, tmp_path: Path, make_embedder: Make) -> None:
    embedder = make_embedder()
    torch.save(embedder.network.state_dict(), weights := tmp_path / "syncnet_v2.model")
    meter, audio = SyncMeter({SYNCNET: weights}), read_audio(clip)
    source = ClipSource(partial(read_frames, clip, 25), partial(read_shown, clip))
    lips, at = meter.lips(source, still_track(45, (112, 112), (30, 30, 80, 80), fps=30.0))
    sound = meter.sound(audio)
    assert at.tolist() == list(range(34))  # 1.5 s are 38 frames at 25 a second
    assert len(sound) == 24000 // 640 - 5
    expected = compare(lips, sound)
    features = Features(25.0, 38, audio=audio, samples={LIPS: lips, SOUND: sound}, sampled_at={LIPS: at})
    scored = [metric.per_clip(Bundle(features, None, Labels())) for metric in METRICS[:3]]
    assert scored == [expected.lse_c, expected.lse_d, expected.offset]


@pytest.mark.slow
def test_a_file_is_measured_as_a_whole(clip: Path, tmp_path: Path, make_embedder: Make) -> None:
    embedder, audio = make_embedder(), read_audio(clip)
    torch.save(embedder.network.state_dict(), weights := tmp_path / "syncnet_v2.model")
    source = ClipSource(partial(read_frames, clip, 25), partial(read_shown, clip))
    protocol = replace(PROTOCOLS["lse-wav2lip-lrs"], recode=())
    row = SyncMeter({SYNCNET: weights}).score(protocol, source, audio)
    frames = [cv2.resize(frame, (224, 224))[..., ::-1] for frame in read_frames(clip, 25)]
    expected = compare(embedder.lips(frames), sound_embeddings(audio, embedder.sound))
    assert row.tolist() == as_row(expected).tolist()


@pytest.mark.parametrize(
    ("name", "frames", "status", "words"),
    [
        ("lse", 24, Status.TOO_SHORT, "24 frames at 25 a second; lse needs at least 25"),
        ("lse-wav2lip-lrs", 9, Status.TOO_SHORT, "9 frames at 25 a second; lse-wav2lip-lrs needs at least 25"),
        ("lse-joonson", 9, Status.TOO_SHORT, "faces in 9 of 9 frames, but no track of one scene with more than 100"),
    ],
)
def test_short_clips_say_what_is_needed(
    name: str, frames: int, status: Status, words: str, make_embedder: Make, moving: Frame
) -> None:
    pictures = [frame[:120, :120] for frame in moving[:frames]]
    with pytest.raises(Unscorable, match=words) as caught:
        lip_tracks(source_of(pictures), PROTOCOLS[name], make_embedder(), still_track(frames), seeing(15, 14, 28))
    assert caught.value.status == status


def test_pictures_without_a_face_say_so(make_embedder: Make, moving: Frame) -> None:
    blind = seeing(15, 14, 28)
    with torch.no_grad():
        blind.fc7_mbox_conf.bias.zero_()  # type: ignore[union-attr]
    with pytest.raises(Unscorable, match="S3FD found no face in 3 frames") as caught:
        lip_tracks(source_of(list(moving[:3])), PROTOCOLS["lse-joonson"], make_embedder(), detector=blind)
    assert caught.value.status == Status.NO_FACE


def test_track_of_another_video_is_noticed(make_embedder: Make, moving: Frame) -> None:
    with pytest.raises(Unscorable, match="the face track has 40 frames at 25 a second and the video 6") as caught:
        lip_tracks(source_of(list(moving[:6])), PROTOCOLS["lse"], make_embedder(), still_track(40))
    assert caught.value.status == Status.UNDEFINED


def test_what_a_protocol_needs_must_be_given(make_embedder: Make, moving: Frame) -> None:
    for name, needed in (("lse", "face track"), ("lse-joonson", "S3FD")):
        with pytest.raises(ValueError, match=f"{name} needs .*{needed}|{name} needs {needed}"):
            lip_tracks(source_of(list(moving[:6])), PROTOCOLS[name], make_embedder())
