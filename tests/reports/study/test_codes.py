"""Signed codes: what a page gives back is read as it was said, and what was not is refused for the right reason."""

from __future__ import annotations

import hmac
import json
import secrets
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import BenchError
from reports.study import codes
from reports.study.codes import Packet, Refused, Said, block_key, decode, encode, rater_hash, who_is
from reports.study.collecting import collect
from reports.study.records import RecordsError, read_answers, read_raters, write_answers, write_raters
from reports.study.schema import Answer, Rater, Study, fingerprint

SALT = "5a" * 32
KEYS = {"b0": block_key(SALT, "b0"), "b1": block_key(SALT, "b1")}
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\r\n\t"), max_size=60)
ids = st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True)
said = st.builds(
    Said, trial=ids, question=ids, text=words, choice=st.sampled_from(["", "left", "right", "tie"]),
    seconds=st.floats(0, 1000), plays=st.integers(1, 99), key=st.binary(min_size=16, max_size=16).map(bytes.hex),
)  # fmt: skip
packets = st.builds(
    Packet, study=st.just("s"), who=st.just("0" * 64), status=st.sampled_from(["active", "finished"]), language=st.just("en"),
    headphones=st.none() | st.booleans(), screening=st.dictionaries(ids, words, max_size=3), answers=st.lists(said, max_size=5),
)  # fmt: skip


@given(packets)
def test_a_code_gives_back_what_was_said(packet: Packet) -> None:
    assert decode(encode(packet, "b0", KEYS["b0"]), KEYS, "s") == ("b0", packet)


@given(packets, st.data())
def test_a_changed_character_is_damage_and_nothing_else(packet: Packet, data: st.DataObject) -> None:
    code = encode(packet, "b0", KEYS["b0"])
    place = data.draw(st.integers(0, code.rindex(".") - 1))
    other = data.draw(st.sampled_from("AZaz09-_").filter(lambda new: new != code[place]))
    with pytest.raises(Refused) as refused:
        decode(code[:place] + other + code[place + 1 :], KEYS, "s")
    assert refused.value.kind == "damaged"


def _packet(**more: object) -> Packet:
    return Packet.model_validate({"study": "s", "who": "0" * 64, "status": "finished", **more})


def _signed(body: bytes, block: str = "b0") -> str:
    """A code around any bytes, signed with the right key: what a rater can make who reads the page's source."""
    head = f"SB1.{block}.{codes._text(body)}"
    signature = codes._text(hmac.new(bytes.fromhex(KEYS[block]), head.encode(), sha256).digest())
    return f"{head}.{sha256(head.encode()).hexdigest()[:8]}.{signature}"


def _raw(data: bytes) -> bytes:
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    return press.compress(data) + press.flush()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (encode(_packet(), "b0", "ff" * 32), "forged"),
        (encode(_packet(), "b0", KEYS["b1"]), "forged"),
        (encode(_packet(), "b9", KEYS["b0"]), "foreign"),
        (encode(_packet(study="another"), "b0", KEYS["b0"]), "foreign"),
        (encode(_packet(), "b0", KEYS["b0"])[:-60], "damaged"),
        ("SB1.b0", "damaged"),
        (_signed(b"no deflate"), "malformed"),
        (_signed(_raw(b"[1, 2]")), "malformed"),
        (_signed(_raw(b'{"study": "s", "who": "x"}')), "malformed"),
        (_signed(_raw(b'{"a": "' + b"x" * 5_000_000 + b'"}')), "malformed"),
        (_signed(_raw(b"[" * 500_000)), "malformed"),
    ],
)
def test_each_fault_has_its_name(code: str, kind: str) -> None:
    with pytest.raises(Refused) as refused:
        decode(code, KEYS, "s")
    assert refused.value.kind == kind


def test_a_rater_is_the_same_in_one_study_and_a_stranger_in_another() -> None:
    assert rater_hash(SALT, who_is("s", "P1")) == rater_hash(SALT, who_is("s", "P1"))
    others = {
        rater_hash(SALT, who_is("s", "P2")),
        rater_hash(SALT, who_is("t", "P1")),
        rater_hash("6b" * 32, who_is("s", "P1")),
    }
    assert rater_hash(SALT, who_is("s", "P1")) not in others and len(others) == 3


def _whole(study: Study, block: int, who: str = "1" * 64, **more: object) -> Packet:
    answers = [
        Said(trial=trial.trial, question=name, choice="left", seconds=1.5, plays=1, key=secrets.token_hex(16))
        for trial in study.blocks[block].trials
        for name in ("lip-sync", "overall")
    ]
    return _packet(**{"study": fingerprint(study), "who": who, "answers": answers, "language": "en", **more})


def _code(study: Study, block: int, packet: Packet) -> str:
    name = study.blocks[block].block
    return encode(packet, name, block_key(SALT, name))


def test_collect_takes_each_answer_once_and_counts_the_rest(make_study: Callable[..., tuple[Path, Study]]) -> None:
    folder, study = make_study()
    good = _whole(study, 0)
    again = _whole(study, 0)  # the same trials under new keys
    stranger = _whole(study, 1, who="2" * 64)
    elsewhere = stranger.model_copy(update={"who": "3" * 64, "answers": good.answers[:1]})
    tie = good.answers[0].model_copy(update={"question": "overall", "choice": "tie"})
    unfitting = _packet(study=fingerprint(study), who="4" * 64, answers=[tie])
    lines = [
        _code(study, 0, good), json.dumps({"code": _code(study, 0, good)}), f'7,"x","{_code(study, 0, again)}"',
        _code(study, 1, stranger), _code(study, 1, elsewhere), _code(study, 2, good), _code(study, 0, unfitting),
        "some note", "", encode(good, study.blocks[0].block, "ff" * 32),
    ]  # fmt: skip
    path = folder / "came.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    done = CliRunner().invoke(app, ["study", "collect", str(folder), str(path)])
    assert done.exit_code == 0, done.output
    answers = read_answers((folder / "answers.csv").read_text(encoding="utf-8"))
    assert sorted(row.key for row in answers) == sorted(row.key for row in (*good.answers, *stranger.answers))
    assert {row.number for row in answers} == {0, 1}
    # `again` has four answers of trials answered already, `good` under another block is one rater twice.
    assert f"came again: {len(good.answers)}; refused: 5 doubled, 1 forged, 2 malformed, 1 no code" in done.output
    raters = read_raters((folder / "raters.csv").read_text(encoding="utf-8"))
    assert {row.rater for row in raters} >= {rater_hash(SALT, "1" * 64), rater_hash(SALT, "2" * 64)}


def test_who_withdrew_has_no_answers_whatever_comes_in_which_order(
    make_study: Callable[..., tuple[Path, Study]],
) -> None:
    _, study = make_study()
    whole = _code(study, 0, _whole(study, 0))
    gone = _code(study, 0, _packet(study=fingerprint(study), who="1" * 64, status="withdrawn"))
    for lines in ([whole, gone], [gone, whole]):
        found = collect(study, SALT, [("file:1", line) for line in lines])
        assert found.answers == []
        assert [(row.status, row.language, row.screening) for row in found.raters] == [("withdrawn", "", {})]


def test_collect_of_an_edited_study_or_of_nothing_changes_no_table(
    make_study: Callable[..., tuple[Path, Study]],
) -> None:
    folder, study = make_study()
    (folder / "answers.csv").write_text("as it was")
    path = folder / "came.txt"
    path.write_text(_code(study, 0, _whole(study, 0)))
    edited = (folder / "study.yaml").read_text(encoding="utf-8").replace("by hand", "by foot")
    (folder / "study.yaml").write_text(edited, encoding="utf-8")
    done = CliRunner().invoke(app, ["study", "collect", str(folder), str(path)])
    assert isinstance(done.exception, BenchError) and "1 foreign" in str(done.exception)
    assert (folder / "answers.csv").read_text() == "as it was"


rows = st.builds(
    Answer, study=words, rater=words, block=words, trial=words, number=st.integers(0, 99), question=words,
    choice=st.sampled_from(["", "tie"]), text=words, seconds=st.floats(0, 100), plays=st.integers(1, 9), key=words,
)  # fmt: skip


@given(st.lists(rows, max_size=4), st.dictionaries(words, words, max_size=3), st.none() | st.booleans())
def test_tables_are_read_as_they_were_written(
    answers: list[Answer], screening: dict[str, str], heard: bool | None
) -> None:
    assert read_answers(write_answers(answers).decode()) == answers
    rater = Rater(study="s", rater="r", block="b", status="active", headphones=heard, screening=screening)
    assert read_raters(write_raters([rater]).decode()) == [rater]


def test_a_broken_table_says_which_line() -> None:
    text = write_answers([]).decode() + "s,r,b,t,zero,q,left,,1.0,1,k\n"
    with pytest.raises(RecordsError, match=r"line 2, number: "):
        read_answers(text)
    with pytest.raises(RecordsError, match="expected the columns"):
        read_raters(text)
