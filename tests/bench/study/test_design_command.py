"""``space-bench study design`` from end to end: what is written, what is refused, what a second run does."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import BenchError
from bench.study.folder import has_answers
from bench.study.make import Made, make_study
from bench.study.plan import StudyPlan, make_plan
from bench.workspace import Workspace
from datasets.media import probe, read_audio, read_frames
from reports.study.files import read_study
from reports.study.schema import Pair, fingerprint

MODELS = ["space-secret", "viseme-secret", "folder-secret"]
MakeResults = Callable[..., Workspace]


def planned(**more: object) -> StudyPlan:
    """Few videos: no checks and no practice unless asked for."""
    return make_plan({
        "name": "lips", "models": MODELS, "raters": 6, "trials_a_rater": 6, "questions": ["lip-sync", "overall"], "take": 4,
        "checks": [], "practice": 0,
        **more,
    })  # fmt: skip


@pytest.fixture(scope="module")
def study(make_results: MakeResults) -> Made:
    """Four of six cases, three models, the true clip shown too."""
    return make_study(
        make_results(), planned(reference=True, checks=["broken-sound", "identical", "instructed"], practice=2)
    )


@pytest.fixture(scope="module")
def results(make_results: MakeResults) -> Workspace:
    return make_results()


def of_kind(made: Made, kind: str) -> list[Pair]:
    assert made.study is not None
    return [pair for pair in made.study.pairs if pair.kind == kind]


def test_the_file_holds_the_design_and_every_video_is_there_once(study: Made) -> None:
    read = read_study(study.folder)
    assert fingerprint(read) == fingerprint(study.study or read)
    assert len(of_kind(study, "test")) == 12 and read.raters == len(read.blocks) == 6
    named = {side.media: side.sha256 for pair in read.pairs for side in (pair.first, pair.second)}
    named |= {pair.reference: "" for pair in read.pairs if pair.reference not in named}
    assert {path.name for path in (study.folder / "media").iterdir()} == set(named)
    assert len({block.code for block in read.blocks}) == 6


def test_checks_are_apart_from_the_test_and_say_what_is_expected(study: Made) -> None:
    tested = {pair.case for pair in of_kind(study, "test")}
    broken, same, told = (of_kind(study, kind) for kind in ("broken-sound", "identical", "instructed"))
    assert {pair.expected for pair in broken} == {"first"} and broken[0].judged_by == ("lip-sync", "overall")
    assert {pair.expected for pair in same} == {"tie"} and all(pair.first == pair.second for pair in same)
    assert {pair.expected for pair in told} == {"left", "right"}
    assert of_kind(study, "practice")[0].expected == "first"
    assert of_kind(study, "practice")[0].case not in tested


def test_nothing_in_the_videos_tells_whose_they_are(study: Made) -> None:
    heads = set()
    for path in (study.folder / "media").iterdir():
        data = path.read_bytes()
        for word in (*MODELS, "secret", "ground-truth", "generated", str(study.folder), "videos/"):
            assert word.encode() not in data, f"{word} in {path.name}"
        with av.open(str(path)) as container:
            assert not set(container.metadata) & {"creation_time", "encoder", "title", "comment"}
            streams = [dict(stream.metadata) for stream in container.streams]
            assert not any("creation_time" in each or "encoder" in each for each in streams)
            heads.add((str(streams), str([stream.codec_context.extradata for stream in container.streams])))
        assert path.stat().st_mtime == 0
        assert len(path.stem) == 16 and set(path.stem) <= set("0123456789abcdef")
    assert len(heads) == 1, "headers differ between videos"


def test_all_videos_are_alike_in_form(make_results: MakeResults) -> None:
    space = make_results(size={"viseme-secret": (96, 128), "folder-secret": (24, 32)})
    made = make_study(space, planned())
    forms = {
        (found.width, found.height, found.fps, found.audio_rate)
        for found in map(probe, (made.folder / "media").iterdir())
    }
    assert forms == {(64, 48, 25.0, 16000)}


def test_the_spoiled_clip_has_its_sound_and_late_pictures(
    study: Made, number_of: Callable[[NDArray[np.uint8]], int]
) -> None:
    pair = of_kind(study, "broken-sound")[0]
    whole, late = (study.folder / "media" / side.media for side in (pair.first, pair.second))
    assert [number_of(frame) for frame in read_frames(late)] == [0] * 12 + list(range(4))
    assert np.corrcoef(read_audio(whole), read_audio(late))[0, 1] > 0.99


def test_a_second_run_gives_the_same_bytes(make_results: MakeResults) -> None:
    space = make_results()
    made = make_study(space, planned())
    files = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (made.folder / "media").iterdir()}
    text = (made.folder / "study.yaml").read_bytes()
    victim = next(iter(files))
    victim.write_bytes(b"half")
    make_study(space, planned())
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (made.folder / "media").iterdir()} == files
    assert (made.folder / "study.yaml").read_bytes() == text
    assert stat.S_IMODE((made.folder / "salt").stat().st_mode) == 0o600


def test_another_salt_gives_other_names(make_results: MakeResults) -> None:
    space = make_results()
    made = make_study(space, planned())
    before = {path.name for path in (made.folder / "media").iterdir()}
    (made.folder / "salt").unlink()
    make_study(space, planned())
    after = {path.name for path in (made.folder / "media").iterdir()}
    assert len(after) == len(before) and not after & before


def test_a_salt_that_is_none_is_refused(make_results: MakeResults) -> None:
    space = make_results(cases=4)
    folder = space.root / "study" / "lips"
    folder.mkdir(parents=True)
    (folder / "salt").write_text("pepper")
    with pytest.raises(BenchError, match="does not hold 64 hex digits: bring it back"):
        make_study(space, planned())


def test_a_frame_more_is_cut_and_more_than_that_asks(make_results: MakeResults) -> None:
    space = make_results(lengths={("space-secret", "c0"): 15, ("space-secret", "c1"): 11})
    made = make_study(space, planned(take=None))
    assert list(made.candidates.left_out) == [("d/test/self", "c1")]
    assert "--cut" in made.candidates.left_out["d/test/self", "c1"]
    cut = {
        (pair.case, pair.cut, pair.seconds)
        for pair in of_kind(made, "test")
        if "space-secret" in (pair.first.model, pair.second.model)
    }
    assert ("c0", 1, 15 / 25) in cut and ("c2", 0, 16 / 25) in cut
    made = make_study(space, planned(take=None, cut=True, raters=12))
    lengths = {pair.case: (pair.cut, pair.seconds) for pair in of_kind(made, "test")}
    assert lengths["c1"] == (5, 11 / 25)
    assert not made.candidates.left_out


def test_failed_cases_are_left_out_with_their_reason(make_results: MakeResults) -> None:
    space = make_results(failed=frozenset({("viseme-secret", "c2")}), silent=frozenset({"c3"}))
    made = make_study(space, planned(), dry_run=True)
    assert made.candidates.left_out["d/test/self", "c2"] == (
        "viseme-secret made no video of it (no_face: no face in the portrait)"
    )
    assert made.candidates.left_out["d/test/self", "c3"] == "it has no sound"
    assert not made.folder.exists()


def test_another_sound_is_refused_side_by_side_only(make_results: MakeResults) -> None:
    space = make_results(shift={"folder-secret": 4})
    with pytest.raises(
        BenchError, match=r"video of folder-secret for case c. of d/test/self has another sound.*sequential"
    ):
        make_study(space, planned())
    assert not (space.root / "study").exists()
    make_study(space, planned(layout="sequential"))


def test_results_without_videos_say_what_makes_them(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"no videos below .* `space-bench generate` makes them"):
        make_study(Workspace(tmp_path), planned())


def test_a_video_that_is_gone_is_named(make_results: MakeResults) -> None:
    space = make_results()
    (space.root / "videos" / "d" / "test" / "self" / "viseme-secret" / "c4.mp4").unlink()
    with pytest.raises(BenchError, match=r"video of viseme-secret for case c4 of d/test/self is gone.*generate"):
        make_study(space, planned())


def test_a_damaged_video_is_named_and_leaves_nothing_half_written(make_results: MakeResults) -> None:
    space = make_results()
    victim = space.root / "videos" / "d" / "test" / "self" / "viseme-secret" / "c1.mp4"
    data = bytearray(victim.read_bytes())
    at = data.index(b"mdat")
    data[at + 8 : at + 400] = bytes(392)
    victim.write_bytes(data)
    with pytest.raises(
        BenchError,
        match=r"video of viseme-secret for case c1 of d/test/self: .*cannot be decoded|case c1 of d/test/self: .*viseme-secret",
    ):
        make_study(space, planned(take=6, raters=9))
    folder = space.root / "study" / "lips"
    assert not (folder / "study.yaml").exists() and not list(folder.rglob("*.tmp"))


def test_another_shape_is_refused(make_results: MakeResults) -> None:
    with pytest.raises(BenchError, match=r"video of viseme-secret for case .*64 x 64 pixels and the true clip 64 x 48"):
        make_study(make_results(size={"viseme-secret": (64, 64)}), planned())


def answered(folder: Path, way: str) -> None:
    if way == "csv":
        (folder / "answers.csv").write_text("study,rater\nx,y\n")
        return
    with sqlite3.connect(folder / "answers.sqlite") as database:
        database.execute("CREATE TABLE raters (rater TEXT)")
        if way == "sqlite":
            database.execute("INSERT INTO raters VALUES ('r')")


def test_a_study_with_answers_is_moved_aside_by_force_only(make_results: MakeResults) -> None:
    space = make_results(cases=4)
    made = make_study(space, planned())
    for way in ("csv", "sqlite"):
        answered(made.folder, way)
    before = {path: path.read_bytes() for path in made.folder.rglob("*") if path.is_file()}
    with pytest.raises(BenchError, match="people have answered"):
        make_study(space, planned(seed=1))
    assert {path: path.read_bytes() for path in made.folder.rglob("*") if path.is_file()} == before
    again = make_study(space, planned(seed=1), force=True)
    assert again.kept is not None and made.study is not None
    assert again.kept.name == f"lips.{fingerprint(made.study)[:8]}"
    kept = {again.kept / path.relative_to(made.folder): data for path, data in before.items()}
    assert {path: path.read_bytes() for path in again.kept.rglob("*") if path.is_file()} == kept


def test_the_file_of_another_design_is_kept(make_results: MakeResults) -> None:
    """A page on another host may still bring answers to it."""
    space = make_results(cases=4)
    made = make_study(space, planned())
    answered(made.folder, "empty")
    again = make_study(space, planned(seed=1))
    assert again.folder == made.folder and again.kept is not None and made.study is not None
    assert again.kept.name == f"study.{fingerprint(made.study)[:8]}.yaml"
    assert read_study(again.kept) == made.study
    assert make_study(space, planned(seed=1)).kept is None


@pytest.mark.parametrize(("way", "found"), [("csv", True), ("sqlite", True), ("empty", False)])
def test_answers_are_found_in_tables_and_in_the_database(way: str, found: bool, tmp_path: Path) -> None:
    assert not has_answers(tmp_path)
    answered(tmp_path, way)
    assert has_answers(tmp_path) == found
    (tmp_path / "answers.sqlite").write_bytes(b"no database")
    assert has_answers(tmp_path)


def test_the_command_prints_the_design_and_a_dry_run_writes_nothing(results: Workspace) -> None:
    words = [
        "study",
        "design",
        "--name",
        "lips",
        "--models",
        ",".join(MODELS),
        "--trials-a-rater",
        "6",
        "--raters",
        "6",
    ]
    found = CliRunner().invoke(
        app, [*words, "--dry-run", "--out", str(results.root)], env={**os.environ, "COLUMNS": "400"}
    )
    assert found.exit_code == 0, found.output
    assert "6 of 6 blocks connect all models" in found.output and "efficiency 1.000" in found.output
    assert "18, and" in found.output and "nothing was written" in found.output
    assert not (results.root / "study").exists()


REFUSED = {
    "unknown model with videos 'spce-secret'. Did you mean 'space-secret'": {
        "models": ["spce-secret", "viseme-secret"]
    },
    "viseme-secret has no videos of the case set|space-secret has no videos of the case set": {"cases": ["d/val/self"]},
    "--take 7, but only 6 cases can be shown": {"take": 7},
    "1 raters with 6 trials each cannot see all 12": {"raters": 1},
    "there are only 12 pairs of clips": {"trials_a_rater": 13},
    "nothing compares space-secret and viseme-secret with folder-secret": {"model_pairs": "space-secret:viseme-secret"},
    "no number of raters can tell a preference of 55%": {"raters": None, "effect": 0.55},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_the_results_cannot_give_is_refused(reason: str, results: Workspace) -> None:
    with pytest.raises(BenchError, match=reason.replace(".", r"\.")):
        make_study(results, planned(**REFUSED[reason]))
    assert not (results.root / "study").exists()
