"""The static folder: whole, without a word about models, and refused where the study is not as it was designed."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import BenchError
from reports.study.headphones import CENTRE, RATE, noise, sounds
from reports.study.schema import Study, fingerprint
from reports.study.sheet import sheet

Make = Callable[..., tuple[Path, Study]]


def _run(*words: object) -> str:
    done = CliRunner().invoke(app, ["study", *map(str, words)])
    if done.exception is not None:
        raise done.exception
    return done.output


def test_no_byte_of_the_folder_names_a_model_a_case_or_the_study(make_study: Make) -> None:
    folder, study = make_study(checks=True, reference=True)
    _run("page", folder, "--contact", "Ann")
    secrets = {
        *study.models,
        "ground-truth",
        "broken-sound",
        "identical",
        study.study,
        *(pair.case for pair in study.pairs),
    }
    files = [path for path in (folder / "page").rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        place = str(path.relative_to(folder / "page"))
        for secret in secrets:
            assert secret not in place
            assert secret.encode() not in path.read_bytes(), (place, secret)


def test_what_the_checks_expect_is_not_told_but_practice_and_instructions_are(make_study: Make) -> None:
    _, study = make_study(checks=True)
    kinds = {pair.pair: pair for pair in study.pairs}
    for block in study.blocks:
        told = sheet(study, block, fingerprint(study))["trials"]
        for trial, shown in zip(block.trials, told, strict=True):
            pair = kinds[trial.pair]
            right = pair.first if trial.left == "second" else pair.second
            assert shown["right"] == right.media
            assert shown["instruction"] == ("left" if pair.kind == "instructed" else "")
            expected = {"first": "left", "second": "right"}[trial.left] if pair.kind == "practice" else ""
            assert shown["feedback"] == expected


def test_the_same_study_gives_the_same_bytes_and_a_second_run_replaces_the_first(make_study: Make) -> None:
    folder, _ = make_study()

    def contents() -> dict[str, bytes]:
        paths = [path for path in (folder / "page").rglob("*") if path.is_file()]
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths}

    _run("page", folder)
    first = contents()
    (folder / "page" / "old.txt").write_text("of a former run")
    _run("page", folder)
    assert contents() == first
    assert sorted(path.name for path in folder.iterdir()) == ["links.csv", "media", "page", "salt", "study.yaml"]


def test_the_page_may_talk_to_its_own_host_and_the_collector_only(make_study: Make) -> None:
    folder, study = make_study()
    _run(
        "page",
        folder,
        "--post",
        "https://collect.example/answers?x=1",
        "--return-url",
        "https://back.example/?cc={code}",
    )
    index = (folder / "page" / "index.html").read_text(encoding="utf-8")
    assert "connect-src &#39;self&#39; https://collect.example;" in index
    block = study.blocks[0]
    told = json.loads((folder / "page" / "blocks" / f"{block.block}.json").read_text(encoding="utf-8"))
    assert told["leave"] == f"https://back.example/?cc={block.code}"
    links = (folder / "links.csv").read_text().splitlines()
    assert links[1] == f"{block.block},{block.code},?block={block.block}" and len(links) == 1 + len(study.blocks)


def _lose(folder: Path) -> None:
    next((folder / "media").iterdir()).unlink()


def _change(folder: Path) -> None:
    path = next((folder / "media").iterdir())
    path.write_bytes(path.read_bytes() + b"x")


def _no_salt(folder: Path) -> None:
    (folder / "salt").unlink()


def _short_salt(folder: Path) -> None:
    (folder / "salt").write_text("abc")


def _leads_out(folder: Path) -> None:
    path = folder / "study.yaml"
    text = path.read_text(encoding="utf-8")
    media = text.split("media: ", 1)[1].split("\n", 1)[0]
    path.write_text(text.replace(f"media: {media}", "media: ../salt"), encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_lose, "is missing. Copy the whole folder"),
        (_change, "is not the video that was designed"),
        (_no_salt, "without the salt"),
        (_short_salt, "64 hex digits"),
        (_leads_out, "must be a name, not a path"),
    ],
)
def test_a_folder_that_is_not_as_designed_is_refused(
    make_study: Make, harm: Callable[[Path], None], words: str
) -> None:
    folder, _ = make_study()
    harm(folder)
    with pytest.raises(BenchError, match=words):
        _run("page", folder)
    assert not (folder / "page").exists()


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://a b", "https://a/'; script-src *", "collect.example"]
)
def test_an_address_that_is_none_is_refused(make_study: Make, address: str) -> None:
    folder, _ = make_study()
    with pytest.raises(BenchError, match="an address begins with"):
        _run("page", folder, "--post", address)


def test_the_tone_is_in_neither_ear_and_between_both() -> None:
    def at_centre(sound: np.ndarray) -> float:
        """Power near the pitch, over that of the octave around it."""
        power = np.abs(np.fft.rfft(sound)) ** 2
        hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
        near, around = np.abs(hertz - CENTRE) < 20, np.abs(hertz - CENTRE) < 250
        return float(power[near].mean() / power[around].mean())

    for seed in range(5):
        pitch, plain = noise(True, seed), noise(False, seed)
        assert np.array_equal(plain[:, 0], plain[:, 1])
        # Neither ear has a louder band (noise of 600 bins varies), their difference has nothing else.
        assert 0.4 < at_centre(pitch[:, 0]) < 2 and 0.4 < at_centre(pitch[:, 1]) < 2
        assert at_centre(pitch[:, 0] - pitch[:, 1]) > 5
    for data in sounds().values():
        with wave.open(io.BytesIO(data)) as file:
            assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, RATE, 2)
