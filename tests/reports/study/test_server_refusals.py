"""What the server does not take: each with a short reason, and nothing of it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from reports.study.files import StudyError
from reports.study.server.guard import MOST_BYTES, Buckets
from reports.study.server.storage import Storage
from tests.reports.study.served import SCREENING, Served, said, token


def test_what_is_not_the_raters_own_is_refused(served: Served) -> None:
    me, other = token(), token()
    mine, theirs = (served.enter(each).json()["sheet"] for each in (me, other))
    assert mine["block"] != theirs["block"]
    refused = served.answer(me, said(theirs["trials"][0]["trial"]))
    assert (refused.status_code, refused.json()["kind"]) == (403, "not_yours")
    assert served.answer(me, said("no-such-trial")).json()["kind"] == "not_yours"
    for forged in (token(), "", "x" * 5000, "' OR 1=1 --"):
        assert served.answer(forged, said(mine["trials"][0]["trial"])).status_code == 401
    assert served.client.post("/api/answer", json=said("x")).status_code == 401
    assert served.storage.answers() == []


MALFORMED: list[dict[str, Any]] = [
    {"plays": 0}, {"plays": "many"}, {"answers": []}, {"answers": "x"}, {"extra": 1}, {"trial": None}, {"trial": "a\x00b"},
    {"answers": [{"question": "lip-sync", "choice": "up", "seconds": 1, "key": "a" * 32}]},
    {"answers": [{"question": "nobody_asked", "choice": "left", "seconds": 1, "key": "a" * 32}]},
    {"answers": [{"question": "overall", "choice": "tie", "seconds": 1, "key": "a" * 32}]},
    {"answers": [{"question": "lip-sync", "choice": "left", "seconds": -1, "key": "a" * 32}]},
    {"answers": [{"question": "lip-sync", "choice": "left", "seconds": 1, "key": "short"}]},
    {"answers": [{"question": "lip-sync", "choice": "left", "seconds": 1, "key": "a" * 32}]},
    {"answers": [{"question": "free-text", "text": "a\x00b", "seconds": 1, "key": "a" * 32}]},
    {"answers": [{"question": "free-text", "choice": "left", "text": "x", "seconds": 1, "key": "a" * 32}]},
    {"answers": [{"question": "lip-sync", "choice": "left", "seconds": 1, "key": c * 32} for c in "ab"]},
]  # fmt: skip


def test_a_malformed_answer_gets_a_short_reason_and_leaves_nothing(served: Served) -> None:
    me = token()
    trial = served.enter(me).json()["sheet"]["trials"][0]["trial"]
    for change in MALFORMED:
        refused = served.answer(me, {**said(trial), **change})
        assert (refused.status_code, refused.json()["kind"]) == (422, "malformed"), change
        assert 0 < len(refused.json()["error"]) <= 200
    assert served.storage.answers() == []
    assert served.answer(me, said(trial)).status_code == 200


def test_bodies_that_are_huge_or_no_json_are_refused(served: Served) -> None:
    me = token()
    served.enter(me)
    head = {"Authorization": f"Bearer {me}", "Content-Type": "application/json"}

    def post(content: Any, **more: str) -> int:
        return served.client.post("/api/answer", content=content, headers={**head, **more}).status_code

    assert post(b"x" * (MOST_BYTES + 1)) == 413
    # Without a length, in pieces.
    assert post(iter([b"x" * 40_000, b"x" * 40_000])) == 413
    for text in (b"", b"{", b"[]", b"\xff\xfe", b"nul", b"[" * 20_000, b'{"trial": "\\ud800"}'):
        assert post(text) == 422, text
    assert served.enter(me).status_code == 200


UNASKED: list[dict[str, Any]] = [
    {"token": "short"}, {"screening": {}}, {"screening": {**SCREENING, "senses": "x"}}, {"screening": {**SCREENING, "age": "4"}},
    {"language": "<b>"}, {"recruited": "x" * 300}, {"headphones": "loud"}, {"admin": True},
]  # fmt: skip


def test_nobody_enters_with_something_else_than_was_asked(served: Served) -> None:
    for change in UNASKED:
        assert served.enter(token(), **change).status_code == 422, change
    assert served.enter(token(), study="f" * 64).json()["kind"] == "changed"
    assert served.storage.raters() == []


def test_a_rater_who_asks_too_often_waits_and_others_do_not(served: Served) -> None:
    me, other = token(), token()
    served.enter(me)
    trial = served.enter(other).json()["sheet"]["trials"][0]["trial"]
    codes = [served.withdraw(me).status_code for _ in range(80)]
    assert codes.count(429) > 5
    assert served.answer(other, said(trial)).status_code == 200


def test_buckets_fill_again_and_forget_the_longest_unused() -> None:
    now = [0.0]
    buckets = Buckets(2, 0.5, most=2, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(3)] == [True, True, False]
    now[0] = 2.0
    assert [buckets.take("a"), buckets.take("a")] == [True, False]
    assert buckets.take("b") and buckets.take("c") and buckets.take("a")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://nobody:hidden@127.0.0.1:1/none", "postgresql://nobody:***@127.0.0.1:1/none: connection failed"),
        ("sqlite:////nowhere/at/all.sqlite", "unable to open database file"),
        ("mysql://x", "are known"),
        ("nonsense", "given: "),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_line_without_its_password(url: str, words: str) -> None:
    with pytest.raises(StudyError) as error:
        Storage(url)
    assert words in str(error.value) and "\n" not in str(error.value) and "hidden" not in str(error.value)
