"""evaluate on whatever people have: any container, size and rate; what is broken is a row with its reason."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

import bench
from bench import evaluate
from bench.assets import AssetStore, open_store
from bench.errors import BenchError
from bench.evaluation import GENERATED, Evaluation, pair_up
from datasets.media import read_audio, read_frames, write_audio, write_video

METRICS = ["m_ld", "lip_corr", "blink_rate", "psnr"]


@pytest.fixture(scope="session")
def talk(asset_path: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two seconds of a real talking face: frames, sound, and a file of them."""
    source = asset_path("obama_speech_video")
    frames = [np.ascontiguousarray(f[0:160, 120:280]) for f in islice(read_frames(source, 25), 50, 100)]
    sound = read_audio(source)[32000:64000]
    path = tmp_path_factory.mktemp("talk") / "talk.mp4"
    write_video(path, frames, 25, sound)
    return {"frames": frames, "sound": sound, "path": path}


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


def run(path: Path, talk: dict[str, Any], cache: Path, **options: Any) -> Evaluation:
    return evaluate(path, talk["path"], metrics=METRICS, workers=1, cache=cache, **options)


def statuses(result: Evaluation) -> dict[str, str]:
    rows = result.scores[(result.scores["model"] == GENERATED) & (result.scores["case"] != "*")]
    return dict(zip(rows["metric"], rows["status"], strict=True))


def value(result: Evaluation, metric: str) -> Any:
    return result.summary[GENERATED][metric]["value"]


def test_a_video_compared_with_itself_is_perfect(talk, cache) -> None:
    result = run(talk["path"], talk, cache)
    assert set(statuses(result).values()) == {"ok"}
    assert value(result, "m_ld") == 0 and value(result, "psnr") == 100


@pytest.mark.parametrize(
    "options",
    [
        {"codec": "mpeg4", "name": "a.avi", "audio_codec": "pcm_s16le"},
        {"codec": "libvpx-vp9", "name": "a.webm", "audio_codec": "libopus", "rate": 48000},
        {"pixels": "yuv444p", "name": "a.mkv"},
        {"rate": 8000},
        {"rate": 96000},
        {"stereo": True},
        {"scale": 1.53, "name": "odd.mkv", "pixels": "yuv444p"},
        {"times": "variable"},
    ],
    ids=["avi-mpeg4", "webm-vp9", "yuv444", "8kHz", "96kHz", "stereo", "odd-size", "variable-rate"],
)
def test_any_form_of_the_same_video_scores_alike(talk, cache, make_video, options: dict[str, Any]) -> None:
    options = dict(options)
    frames, sound, rate = talk["frames"], talk["sound"], options.pop("rate", 16000)
    scale = options.pop("scale", None)
    if scale:
        side = int(160 * scale) | 1
        frames = [cv2.resize(f, (side, side), interpolation=cv2.INTER_CUBIC) for f in frames]
    if options.pop("times", None):
        # Every fourth picture held twice as long, the next dropped: what a screen recorder writes.
        keep = [i for i in range(len(frames)) if i % 4 != 3]
        options["times"], frames = [i / 25 for i in keep], [frames[i] for i in keep]
    resampled = np.interp(np.arange(0, len(sound) / 16000, 1 / rate), np.arange(len(sound)) / 16000, sound)
    audio = np.stack([resampled, resampled]) if options.pop("stereo", False) else resampled
    video = make_video(options.pop("name", "a.mp4"), frames, audio=audio.astype(np.float32), rate=rate, **options)
    result = run(video, talk, cache)
    assert set(statuses(result).values()) == {"ok"}
    assert value(result, "m_ld") < 0.06  # What a coarse codec does to a face of 80 pixels; a still face has 0.1 here.
    # The same coarse codec (MPEG-4 by its own choice of bits, which change with its threads) moves lips by a pixel.
    assert abs(value(result, "lip_corr") - result.summary["ground-truth"]["lip_corr"]["value"]) < 0.2


def test_a_rotated_recording_is_turned_upright(talk, cache, make_video) -> None:
    lying = [np.ascontiguousarray(np.rot90(f, -1)) for f in talk["frames"]]
    video = make_video("lying.mp4", lying, audio=talk["sound"], rotation=90)
    assert value(run(video, talk, cache), "m_ld") < 0.03


def test_a_small_face_in_a_wide_frame_is_found(talk, cache, make_video) -> None:
    wide = []
    for frame in talk["frames"]:
        canvas = np.full((540, 960, 3), 90, np.uint8)
        canvas[40:200, 700:860] = frame
        wide.append(canvas)
    result = run(make_video("wide.mp4", wide, audio=talk["sound"]), talk, cache)
    assert value(result, "m_ld") < 0.03


def broken(kind: str, folder: Path, talk: dict[str, Any], make_video: Callable[..., Path]) -> Path:
    path = folder / "broken.mp4"
    frames, sound = talk["frames"], talk["sound"]
    if kind == "zero-byte":
        path.write_bytes(b"")
    elif kind == "not-a-video":
        path.write_bytes(b"no video " * 400)
    elif kind == "truncated":
        data = talk["path"].read_bytes()
        path.write_bytes(data[: len(data) // 2])
    elif kind == "no-sound":
        return make_video("broken.mp4", frames)
    elif kind == "silence":
        return make_video("broken.mp4", frames, audio=np.zeros(32000, np.float32))
    elif kind == "no-picture":
        write_audio(folder / "sound.m4a", sound)
        (folder / "sound.m4a").rename(path)
    elif kind == "no-face":
        return make_video("broken.mp4", [np.full((160, 160, 3), 40, np.uint8)] * 50, audio=sound)
    elif kind == "one-frame":
        return make_video("broken.mp4", frames[:1], audio=sound[:640])
    elif kind == "face-leaves":
        return make_video("broken.mp4", frames[:15] + [np.zeros_like(frames[0])] * 35, audio=sound)
    elif kind == "half-length":
        return make_video("broken.mp4", frames[:25], audio=sound[:16000])
    return path


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("zero-byte", {"m_ld": "decode_error", "lip_corr": "decode_error", "psnr": "decode_error"}),
        ("not-a-video", {"m_ld": "decode_error", "psnr": "decode_error"}),
        ("truncated", {"m_ld": "decode_error", "lip_corr": "decode_error", "psnr": "decode_error"}),
        ("no-sound", {"m_ld": "ok", "lip_corr": "no_audio", "psnr": "ok"}),
        ("silence", {"m_ld": "ok", "lip_corr": "no_speech", "psnr": "ok"}),
        ("no-picture", {"m_ld": "no_video", "blink_rate": "no_video", "psnr": "no_video"}),
        ("no-face", {"m_ld": "no_face", "lip_corr": "no_face", "psnr": "ok"}),
        ("one-frame", {"m_ld": "too_short", "psnr": "too_short"}),
        ("face-leaves", {"m_ld": "no_face", "psnr": "ok"}),
        ("half-length", {"m_ld": "too_short", "psnr": "too_short", "lip_corr": "ok"}),
    ],
)
def test_what_is_broken_is_a_row_with_its_reason(
    kind: str, expected: dict[str, str], talk, cache, make_video, tmp_path: Path
) -> None:
    result = run(broken(kind, tmp_path, talk, make_video), talk, cache)
    found = statuses(result)
    assert {name: found[name] for name in expected} == expected
    failed = result.scores[(result.scores["model"] == GENERATED) & (result.scores["status"] != "ok")]
    assert failed["value"].isna().all() and (failed["detail"].str.len() > 5).all()


def test_without_a_reference_only_comparisons_are_missing(talk, cache) -> None:
    result = evaluate(talk["path"], metrics=METRICS, workers=1, cache=cache)
    assert statuses(result) == {"m_ld": "no_reference", "psnr": "no_reference", "lip_corr": "ok", "blink_rate": "ok"}
    assert result.models == [GENERATED]


def test_a_folder_with_one_bad_file_keeps_the_good_one(talk, cache, tmp_path: Path) -> None:
    made, real = tmp_path / "made", tmp_path / "real"
    for folder in (made, real):
        folder.mkdir()
        (folder / "a.mp4").write_bytes(talk["path"].read_bytes())
    (made / "b.mp4").write_bytes(b"")
    for name in ("b.mp4", "c.mp4"):
        (real / name).write_bytes(talk["path"].read_bytes())
    result = evaluate(made, real, metrics=["m_ld"], workers=1, cache=cache, report=tmp_path / "report")
    rows = result.scores[result.scores["model"] == GENERATED].set_index("case")["status"]
    assert dict(rows) == {"a": "ok", "b": "decode_error", "c": "not_generated"}
    entry = result.summary[GENERATED]["m_ld"]
    assert (entry["n"], entry["asked"], entry["value"]) == (1, 3, 0.0)
    assert "not_generated" in (tmp_path / "report/report/index.html").read_text()


def test_what_cannot_be_opened_is_a_row_and_each_row_names_its_own_file(talk, cache, tmp_path: Path) -> None:
    made, real = tmp_path / "made", tmp_path / "real"
    for folder in (made, real):
        folder.mkdir()
        for name in ("good", "empty one", "empty two", "link", "folder", "unreal"):
            (folder / f"{name}.mp4").symlink_to(talk["path"])
    for name in ("empty one", "empty two"):
        (made / f"{name}.mp4").unlink()
        (made / f"{name}.mp4").touch()
    (made / "link.mp4").unlink(), (made / "link.mp4").symlink_to(tmp_path / "gone")
    (made / "folder.mp4").unlink(), (made / "folder.mp4").mkdir()
    (real / "unreal.mp4").unlink(), (real / "unreal.mp4").write_text("no video")
    scores = evaluate(made, real, metrics=["m_ld"], workers=1, cache=cache).scores
    rows = scores[scores["model"] == GENERATED].set_index("case")
    assert rows["status"].to_dict() == dict.fromkeys(rows.index, "decode_error") | {"good": "ok"}
    starts = {"empty_one": "empty one.mp4: the file is empty", "empty_two": "empty two.mp4: the file is empty",
              "folder": "folder.mp4: not a file", "link": "link.mp4: there is no such file",
              "unreal": "reference unreal.mp4: "}  # fmt: skip
    for case, start in starts.items():
        assert rows.loc[case, "detail"].startswith(start)


def test_paths_that_do_not_pair_are_explained(talk, tmp_path: Path, make_video) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir(), other.mkdir()
    with pytest.raises(BenchError, match="no video under"):
        pair_up(one, None)
    with pytest.raises(BenchError, match="does not exist"):
        pair_up(tmp_path / "none", None)
    (one / "a.mp4").touch(), (other / "b.mp4").touch()
    with pytest.raises(BenchError, match="no file name is common"):
        pair_up(one, other)
    (one / "a.mov").touch()
    with pytest.raises(BenchError, match=r"a\.mov and .*a\.mp4 would both be the case 'a'"):
        pair_up(one, None)
    (one / "a.mov").rename(one / "x y.m2ts"), (one / "a.mp4").rename(one / "x_y.ogv")
    with pytest.raises(BenchError, match="would both be the case 'x_y'"):
        pair_up(one, None)
    for fps in (0, float("nan"), 1e9):
        with pytest.raises(BenchError, match="fps must be above 0 and at most 120"):
            evaluate(talk["path"], fps=fps)
    (tmp_path / "file").touch()
    with pytest.raises(BenchError, match="the report cannot be written into"):
        evaluate(talk["path"], report=tmp_path / "file")
    with pytest.raises(BenchError, match="'blink_rate'"):
        evaluate(talk["path"], metrics=["blink_rat"])


@pytest.mark.parametrize("device", ["cuda", "tpu"])
def test_a_device_that_is_not_there_is_one_line(talk, cache, device: str) -> None:
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(BenchError, match=rf"^the device '{device}' cannot be used here: .*[^.]\. Set `device: cpu`.*$"):
        run(talk["path"], talk, cache, device=device)


@pytest.mark.parametrize(("kept", "status"), [(25, "too_short"), (None, "undefined")])
def test_a_reference_of_another_length_is_compared_by_no_metric(
    talk, cache, tmp_path: Path, kept: int | None, status: str
) -> None:
    long, short = tmp_path / "long.mp4", tmp_path / "short.mp4"
    write_video(long, talk["frames"], 25, talk["sound"])
    write_video(short, talk["frames"][:25], 25, talk["sound"][:16000])
    made, real = (short, long) if kept else (long, short)
    found = statuses(evaluate(made, real, metrics=METRICS, workers=1, cache=cache))
    assert found == {"m_ld": status, "psnr": status, "lip_corr": "ok", "blink_rate": "ok"}


def test_videos_of_two_frame_rates_are_compared_by_time(talk, cache, make_video) -> None:
    frames = [talk["frames"][round(i * 25 / 50)] for i in range(2 * len(talk["frames"]) - 1)]
    path = make_video("fast.mp4", frames, fps=50, audio=talk["sound"])
    result = run(path, talk, cache)
    assert set(statuses(result).values()) == {"ok"}
    assert value(result, "psnr") > 35 and value(result, "m_ld") < 0.01


@pytest.mark.slow
def test_the_report_names_no_folder_of_this_machine(talk, cache, tmp_path: Path) -> None:
    mine = open_store()
    other = AssetStore(
        mine.cache, Path(bench.__file__).with_name("assets.yaml"), tmp_path / "my" / "weights", mine.root
    )
    found = evaluate(
        talk["path"], metrics=["csim", "blink_rate"], workers=1, cache=cache, report=tmp_path / "out", assets=other
    )
    reason = found.summary[GENERATED]["csim"]["note"]
    assert str(tmp_path) in str(reason)
    page = (tmp_path / "out" / "report" / "index.html").read_text()
    assert "put ms1mv3_arcface_r100_fp16.pth into weights" in page
    assert str(tmp_path) not in page and str(mine.cache) not in page
