"""``space-bench animate``: a whole video for good input, one clear line and no file for bad input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from bench.errors import BenchError
from bench.space.command import Request, run
from bench.space.run import Engine
from datasets.media import probe, read_audio, read_frames, write_audio, write_video
from space_ref.controls import Blink, Controls

Picture = NDArray[np.uint8]
Ask = Callable[..., Request]


@pytest.fixture
def ask(folder: Path, inputs: Path, tmp_path: Path) -> Ask:
    """``ask(**changes)``: a good request for 10 frames of 64 pixels, ``out/made.mp4`` in the test's own folder."""
    (tmp_path / "out").mkdir()
    plain = Request(
        image=inputs / "face.png", audio=inputs / "speech.wav", out=tmp_path / "out" / "made.mp4", size=64,
        weights=str(folder), controls=Controls(blink=Blink(rate=0)),
    )  # fmt: skip
    return lambda **changes: replace(plain, **changes)


def _frames(path: Path) -> list[Picture]:
    return list(read_frames(path))


def _made(request: Request) -> tuple[int, list[Picture]]:
    count = run(request)
    assert [path.name for path in request.out.parent.iterdir()] == [request.out.name]
    return count, _frames(request.out)


def _refused(request: Request, message: str) -> None:
    """One line that says `message`, and nothing is written."""
    before = set(request.out.parent.glob("*"))
    with pytest.raises(BenchError, match=message) as raised:
        run(request)
    assert "\n" not in str(raised.value)
    assert set(request.out.parent.glob("*")) == before


def test_the_video_has_the_length_size_rate_and_sound_of_what_was_asked(ask: Ask, inputs: Path) -> None:
    request = ask(size=96)
    count, frames = _made(request)
    made, sound = probe(request.out), read_audio(request.out)
    assert count == len(frames) == 10
    assert (made.width, made.height, made.fps) == (96, 96, 25) and made.has_audio
    speech = read_audio(inputs / "speech.wav")
    assert len(sound) == len(speech) and np.corrcoef(sound, speech)[0, 1] > 0.95
    assert np.stack(frames).std() > 5


@pytest.mark.parametrize(("fps", "wanted"), [(30.0, 12), (12.5, 5), (29.97, 12), (24.0, 10)])
def test_another_rate_keeps_the_time(ask: Ask, fps: float, wanted: int) -> None:
    request = ask(fps=fps)
    count, frames = _made(request)
    assert count == len(frames) == wanted and probe(request.out).fps == pytest.approx(fps, abs=1e-4)


@pytest.mark.parametrize(("own", "written"), [(8000, 16000), (22050, 22050), (48000, 48000), (96000, 48000)])
def test_the_sound_keeps_its_own_rate_up_to_48_khz_and_starts_at_the_first_frame(
    ask: Ask, tmp_path: Path, own: int, written: int
) -> None:
    # A click at 0.1 s: where it comes back is where the sound lies.
    speech = np.zeros(own // 5, np.float32)
    speech[own // 10] = 0.9
    write_audio(tmp_path / "click.wav", speech, own)
    request = ask(audio=tmp_path / "click.wav", seconds=0.16)
    assert _made(request)[0] == 4
    sound = read_audio(request.out, written)
    assert probe(request.out).audio_rate == written and abs(len(sound) - 0.16 * written) <= 1
    assert abs(int(np.abs(sound).argmax()) - written // 10) <= 2


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_motion(ask: Ask, tmp_path: Path) -> None:
    first, again, other = (tmp_path / name for name in ("first.mp4", "again.mp4", "other.mp4"))
    for path, seed in ((first, 1), (again, 1), (other, 2)):
        run(ask(out=path, seed=seed))
    assert first.read_bytes() == again.read_bytes() != other.read_bytes()


def test_a_fixed_pose_needs_no_chance(ask: Ask, tmp_path: Path) -> None:
    run(ask(out=tmp_path / "a.mp4", pose="fixed", seed=1))
    run(ask(out=tmp_path / "b.mp4", pose="fixed", seed=2))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_emotion_and_variant_change_the_picture(ask: Ask, tmp_path: Path) -> None:
    made = []
    for name, change in (
        ("plain", {}),
        ("mixed", {"emotion": {"happy": 0.7, "sad": 0.2}}),
        ("deaf", {"variant": "no-audio"}),
    ):
        run(ask(out=tmp_path / f"{name}.mp4", pose="fixed", **change))
        made.append((tmp_path / f"{name}.mp4").read_bytes())
    assert len(set(made)) == 3


def test_the_batch_does_not_change_the_picture(ask: Ask, tmp_path: Path) -> None:
    videos = []
    for batch in (3, 16):
        run(ask(out=tmp_path / f"{batch}.mp4", engine=Engine(batch=batch)))
        videos.append(np.stack(_frames(tmp_path / f"{batch}.mp4")).astype(float))
    assert np.abs(videos[0] - videos[1]).mean() < 0.2


def test_only_the_first_seconds_are_used_where_asked_for(ask: Ask) -> None:
    request = ask(seconds=0.2)
    assert _made(request)[0] == 5 and abs(len(read_audio(request.out)) - 3200) < 100
    assert run(ask(seconds=1e9)) == 10


@pytest.mark.parametrize(("seconds", "frames"), [(0.1, 2), (0.04, 1)])
def test_very_short_speech_makes_a_very_short_video(ask: Ask, tmp_path: Path, seconds: float, frames: int) -> None:
    write_audio(tmp_path / "short.wav", np.full(round(seconds * 16000), 0.1, np.float32))
    assert _made(ask(audio=tmp_path / "short.wav"))[0] == frames


def test_silence_is_animated_with_a_note(ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_audio(tmp_path / "quiet.wav", np.zeros(3200, np.float32))
    assert _made(ask(audio=tmp_path / "quiet.wav"))[0] == 5
    assert "note: quiet.wav is silent" in capsys.readouterr().err


def test_the_sound_of_a_video_at_another_rate_is_taken(ask: Ask, make_video: Any) -> None:
    sound = (0.2 * np.sin(np.arange(44100 // 5) / 20)).astype(np.float32)
    video = make_video("talk.mov", 5, audio=np.stack([sound, sound]), rate=44100)
    assert _made(ask(audio=video))[0] == 5


@pytest.mark.parametrize("extension", ["mirror", "hold"])
def test_a_pose_source_that_is_shorter_goes_on_with_a_note(
    ask: Ask, inputs: Path, extension: str, capsys: pytest.CaptureFixture[str]
) -> None:
    request = ask(pose_from=inputs / "driver.mp4", extension=extension)
    assert _made(request)[0] == 10
    note = " ".join(capsys.readouterr().err.split())
    how = {"mirror": "played back and forth", "hold": "held at its end"}[extension]
    assert "driver.mp4 lasts 0.2 s and the speech 0.4 s" in note and how in note


def test_the_note_says_what_a_variant_without_landmarks_cannot_follow(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    run(ask(variant="no-landmarks", seconds=0.08, controls=Controls()))
    assert not capsys.readouterr().err
    run(ask(variant="no-landmarks", seconds=0.08, controls=Controls(mouth=2.0)))
    assert "variant no-landmarks sees no landmarks" in " ".join(capsys.readouterr().err.split())


def test_a_pose_source_is_followed(ask: Ask, inputs: Path, tmp_path: Path) -> None:
    videos = {}
    for name, change in (
        ("fixed", {"pose": "fixed"}),
        ("mirror", {"pose_from": inputs / "driver.mp4"}),
        ("hold", {"pose_from": inputs / "driver.mp4", "extension": "hold"}),
        ("relative", {"pose_from": inputs / "driver.mp4", "rotation": "relative"}),
    ):
        run(ask(out=tmp_path / f"{name}.mp4", **change))
        videos[name] = np.stack(_frames(tmp_path / f"{name}.mp4")).astype(float)
    # Six frames forwards are the same; then one goes back and the other rests.
    assert (
        np.abs(videos["mirror"][:5] - videos["hold"][:5]).mean() < np.abs(videos["mirror"] - videos["hold"])[8:].mean()
    )
    for other in ("mirror", "relative"):
        assert np.abs(videos["fixed"] - videos[other]).mean() > 0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"emotion": {"hapy": 1.0}}, "unknown emotion 'hapy'. Did you mean 'happy'"),
        ({"emotion": {"happy": 1.2}}, "intensity of 'happy' must be from 0 to 1, found 1.2"),
        ({"emotion": {"happy": -0.1}}, "must be from 0 to 1"),
        ({"emotion": {"happy": float("nan")}}, "must be from 0 to 1"),
        ({"pose": "still"}, "--pose must be predicted or fixed, found 'still'"),
        ({"rotation": "both"}, "--pose-rotation must be absolute or relative, found 'both'"),
        ({"extension": "loop"}, "--pose-extend must be mirror or hold, found 'loop'"),
        ({"pose": "fixed", "variant": "no-normalization"}, "moves the head itself: leave --pose"),
        ({"pose": "fixed", "pose_from": Path("driver.mp4")}, "--pose fixed and --pose-from contradict each other"),
        ({"rotation": "relative"}, "name it with --pose-from"),
        ({"extension": "hold"}, "name it with --pose-from"),
        ({"seed": 10**30}, "--seed must be a number of 64 bits"),
        ({"size": 32}, "--size must be even and from 64"),
        ({"size": 101}, "--size must be even"),
        ({"size": 10**6}, "--size must be even and from 64 to 2048"),
        ({"crop": 0.0}, "--crop must be from 1 to 6"),
        ({"crop": float("nan")}, "--crop must be"),
        ({"fps": 0.0}, "--fps must be from 1 to 120"),
        ({"fps": float("nan")}, "--fps must be from 1 to 120"),
        ({"seconds": -1.0}, "--seconds must be more than 0"),
        ({"seconds": float("nan")}, "--seconds must be more than 0"),
        ({"device": "gpu"}, "--device must be cpu or cuda, found 'gpu'"),
        ({"weights": "smal"}, "no weights of SPACE under 'smal'"),
        ({"variant": "no-sound"}, "unknown variant of SPACE 'no-sound'"),
        ({"vid2vid": Path("none.pth.tar")}, "none.pth.tar are missing"),
        ({"image": Path("none.png")}, "none.png: no such picture"),
        ({"audio": Path("none.wav")}, "none.wav: "),
        ({"pose_from": Path("none.mp4")}, "none.mp4: "),
        ({"face": 2}, "face 2 was asked for, and it shows 1"),
        ({"seconds": 0.03}, "0.030 s of sound; at least 0.04 s make a frame"),
    ],
    ids=lambda part: None if isinstance(part, dict) else part[:24],
)
def test_a_bad_request_is_one_line_and_leaves_no_file(ask: Ask, changes: dict[str, Any], message: str) -> None:
    _refused(ask(**changes), message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"batch": 0}, "batch must be at least 1"), ({"precision": "fp8"}, "unknown precision 'fp8'")],
)
def test_an_engine_checks_itself(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        Engine(**changes)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_an_absent_gpu_is_said(ask: Ask) -> None:
    _refused(ask(device="cuda"), "torch sees no GPU here")


def test_an_out_that_cannot_be_written_is_refused_at_once(ask: Ask, tmp_path: Path) -> None:
    _refused(ask(out=tmp_path / "out" / "made.avi"), "--out must end in .mp4")
    _refused(ask(out=tmp_path / "no" / "made.mp4"), "the folder of --out does not exist")
    (tmp_path / "out" / "folder.mp4").mkdir()
    _refused(ask(out=tmp_path / "out" / "folder.mp4"), "could not be written")


def test_an_input_is_never_replaced(ask: Ask, inputs: Path, tmp_path: Path) -> None:
    talk = tmp_path / "out" / "talk.mp4"
    copyfile(inputs / "driver.mp4", talk)
    before = talk.read_bytes()
    _refused(ask(audio=talk, out=talk), "--out is the file of --audio, which it would replace")
    (tmp_path / "link.mp4").symlink_to(talk)
    _refused(ask(pose_from=tmp_path / "link.mp4", out=talk), "--out is the file of --pose-from")
    assert talk.read_bytes() == before


def test_sound_that_cannot_be_used_is_refused(ask: Ask, tmp_path: Path, make_video: Any) -> None:
    _refused(
        ask(audio=make_video("mute.mp4", 5)), r"mute\.mp4: no speech can be read from it \(only pictures were found\)"
    )
    write_audio(tmp_path / "blip.wav", np.full(400, 0.1, np.float32))
    _refused(ask(audio=tmp_path / "blip.wav"), r"blip\.wav: 0\.025 s of sound")
    for content in (b"", b"no sound here", (tmp_path / "blip.wav").read_bytes()[:20]):
        (tmp_path / "bad.wav").write_bytes(content)
        _refused(ask(audio=tmp_path / "bad.wav"), r"bad\.wav: ")


def test_sound_that_is_not_numbers_is_refused(ask: Ask, tmp_path: Path) -> None:
    from scipy.io import wavfile

    sound = np.full(3200, np.nan, np.float32)
    wavfile.write(tmp_path / "nan.wav", 16000, sound)
    _refused(ask(audio=tmp_path / "nan.wav"), r"nan\.wav: its sound holds values that are not numbers")


def test_a_pose_source_that_cannot_be_followed_is_refused(
    ask: Ask, inputs: Path, tmp_path: Path, backdrop: Callable[[int, int], Picture]
) -> None:
    write_video(tmp_path / "coffee.mp4", [backdrop(128, 128)] * 3, 25)
    _refused(ask(pose_from=tmp_path / "coffee.mp4"), r"coffee\.mp4: the pose source shows no face")
    _refused(ask(pose_from=inputs / "speech.wav"), r"speech\.wav: no head pose can be read .* Give a video")
    _refused(ask(pose_from=inputs / "driver.mp4", variant="no-normalization"), "leave --pose and --pose-from out")


def test_pictures_with_no_face_or_two_are_refused(
    ask: Ask, face: Picture, tmp_path: Path, backdrop: Callable[[int, int], Picture]
) -> None:
    Image.fromarray(backdrop(200, 200)).save(tmp_path / "coffee.png")
    _refused(ask(image=tmp_path / "coffee.png"), "no face was found")
    Image.fromarray(np.hstack([face, face[:, ::-1]])).save(tmp_path / "two.png")
    _refused(ask(image=tmp_path / "two.png"), "2 faces .* Choose one with --face N")
    assert _made(ask(image=tmp_path / "two.png", face=2, seconds=0.08))[0] == 2
