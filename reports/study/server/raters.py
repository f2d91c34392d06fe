"""What a rater may do: enter, answer the trials of the own block once each, withdraw. Each is one transaction."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import Connection, and_, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from reports.study.answering import fault_of
from reports.study.codes import Id, Key, Language, Said, Screened, Words, answer_of, rater_hash, who_is
from reports.study.schema import Block, Strict, Study, fingerprint
from reports.study.server.assign import complete, least_given
from reports.study.server.storage import STUDY, Storage, answers, erase, meta, raters, trials
from reports.study.sheet import sheet
from reports.study.static import leave_address
from reports.study.texts import Screening

Kind = Literal[
    "session", "taken", "full", "withdrawn", "changed", "not_yours", "answered", "ended", "malformed", "often"
]
STATUS: dict[str, int] = {"session": 401, "not_yours": 403, "malformed": 422, "often": 429}
"""HTTP status of each kind of `Denied`; 409 for the others."""


# Built once: putting a statement together costs more than running it.
RATER = (
    select(raters, trials.c.trial.label("answered"))
    .outerjoin(trials, and_(trials.c.rater == raters.c.rater, trials.c.trial == bindparam("of_trial")))
    .where(raters.c.session == bindparam("of_session"))
    .with_for_update(of=raters)
)
KEYS = select(answers.c.key).where(answers.c.rater == bindparam("of"), answers.c.trial == bindparam("of_trial"))
NEW_TRIAL, NEW_ANSWER = insert(trials), insert(answers)
PROGRESS = update(raters).where(raters.c.rater == bindparam("of"))
PROGRESS = PROGRESS.values(done=bindparam("done"), status=bindparam("status"), seen=bindparam("seen"))


class Denied(Exception):
    """Something that the study does not take, with a reason for people."""

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Entry(Strict):
    """A rater at the door. token: random, made by the rater's browser and kept there. recruited: id of a recruiting service, or empty."""

    study: str = Field(max_length=64)
    token: str = Field(pattern=r"^[0-9a-f]{64}$")
    recruited: str = Field(default="", max_length=200)
    language: Language
    headphones: bool | None
    screening: Screened


class SaidOnce(Strict):
    """An answer to one question of a trial."""

    question: Id
    choice: Literal["", "left", "right", "tie"] = ""
    text: Words = ""
    seconds: float = Field(ge=0, le=86400, allow_inf_nan=False)
    key: Key


class Trialled(Strict):
    """All that is said about one trial, at once."""

    trial: Id
    plays: int = Field(ge=1, le=10_000)
    answers: list[SaidOnce] = Field(max_length=50)


class Raters:
    """The raters of a study that is being served."""

    def __init__(
        self, study: Study, salt: str, storage: Storage, screening: tuple[Screening, ...], leave: str = "",
        patience: int = 3600, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """patience: seconds after which a block that nobody goes on with is given again. leave: as in `static_files`."""
        self.study, self.salt, self.storage, self.leave, self.patience, self.clock = (
            study,
            salt,
            storage,
            leave,
            patience,
            clock,
        )
        self.mark = fingerprint(study)
        self.blocks = {block.block: block for block in study.blocks}
        self.places = {
            block.block: {trial.trial: number for number, trial in enumerate(block.trials)} for block in study.blocks
        }
        self.questions = {question.question: question for question in study.questions}
        self.screening = {item.question: item.options for item in screening}

    def enter(self, entry: Entry) -> dict[str, Any]:
        """The rater's sheet, what is done of it, and the state. The same again for a browser that comes back."""
        if entry.study != self.mark:
            raise Denied("changed", "the page belongs to another version of the study: reload it")
        for question, options in self.screening.items():
            if entry.screening.get(question) not in options:
                raise Denied("malformed", f"screening: {question} has no answer that was offered")
        if unknown := set(entry.screening) - set(self.screening):
            raise Denied("malformed", f"screening: nobody asked {sorted(unknown)[0][:40]!r}")
        rater = rater_hash(self.salt, who_is(self.mark, entry.recruited) if entry.recruited else entry.token)
        with self.storage.transaction() as connection:
            # The row lock makes entering a queue, so that no two raters count the same blocks.
            connection.execute(select(meta.c.value).where(meta.c.name == STUDY).with_for_update())
            known = connection.execute(select(raters).where(raters.c.rater == rater)).mappings().one_or_none()
            found = self._admit(connection, rater, entry) if known is None else dict(known)
            if not hmac.compare_digest(found["session"], session_of(entry.token)):
                raise Denied("taken", "this participant has begun in another browser")
            if found["status"] == "withdrawn":
                raise Denied("withdrawn", "this participant has withdrawn")
            done = connection.scalars(select(trials.c.trial).where(trials.c.rater == rater)).all()
        block = self.blocks[found["block"]]
        return {"sheet": sheet(self.study, block, self.mark), "done": list(done), **self._state(block, found["status"])}

    def answer(self, token: str, said: Trialled) -> dict[str, Any]:
        """Keep what was said of a trial. The same sent again is taken as the same; anything else about it is refused."""
        now = int(self.clock())
        try:
            with self.storage.transaction() as connection:
                found = self._rater(connection, token, said.trial)
                rater, block = found["rater"], self.blocks[found["block"]]
                number = self.places[block.block].get(said.trial)
                if number is None:
                    raise Denied("not_yours", "this trial is not in your block")
                if found["answered"]:
                    return self._repeated(connection, found, said)
                if found["status"] != "active":
                    raise Denied("ended", "this participant has finished")
                rows = [
                    answer_of(
                        Said(trial=said.trial, plays=said.plays, **item.model_dump()),
                        self.mark,
                        rater,
                        block.block,
                        number,
                    )
                    for item in self._checked(said)
                ]
                connection.execute(NEW_TRIAL, {"rater": rater, "trial": said.trial})
                if rows:
                    connection.execute(NEW_ANSWER, [row.model_dump() for row in rows])
                done = found["done"] + 1
                status = "finished" if done == len(block.trials) else "active"
                change = {"of": rater, "done": done, "status": status, "seen": now}
                connection.execute(PROGRESS, change)
        except IntegrityError as error:
            # A key that stands under another answer, or the same trial from two tabs at once.
            raise Denied("answered", "this trial or this key has been answered") from error
        return self._state(block, status)

    def withdraw(self, token: str) -> None:
        """Erase the rater's answers; also after the end. Again is fine."""
        with self.storage.transaction() as connection:
            erase(connection, self._rater(connection, token, withdrawn=True)["rater"])

    def _admit(self, connection: Connection, rater: str, entry: Entry) -> dict[str, Any]:
        now = int(self.clock())
        rows = connection.execute(select(raters.c.block, raters.c.status, raters.c.seen))
        held = [(block, status, seen) for block, status, seen in rows]
        if complete(list(self.blocks), self.study.raters, held):
            raise Denied("full", "the study has all its participants")
        row = {
            "rater": rater, "study": self.mark, "session": session_of(entry.token), "status": "active", "done": 0, "seen": now,
            "block": least_given(list(self.blocks), held, now, self.patience),
            "language": entry.language, "headphones": entry.headphones, "screening": json.dumps(entry.screening),
        }  # fmt: skip
        connection.execute(insert(raters).values(**row))
        return row

    def _rater(self, connection: Connection, token: str, trial: str = "", withdrawn: bool = False) -> dict[str, Any]:
        session = session_of(token)
        found = connection.execute(RATER, {"of_session": session, "of_trial": trial}).mappings().one_or_none()
        if found is None or not hmac.compare_digest(found["session"], session):
            raise Denied("session", "unknown session: reload the page")
        if found["status"] == "withdrawn" and not withdrawn:
            raise Denied("withdrawn", "this participant has withdrawn")
        return dict(found)

    def _repeated(self, connection: Connection, found: dict[str, Any], said: Trialled) -> dict[str, Any]:
        kept = connection.scalars(KEYS, {"of": found["rater"], "of_trial": said.trial})
        if set(kept) != {item.key for item in said.answers}:
            raise Denied("answered", "this trial has been answered")
        return self._state(self.blocks[found["block"]], found["status"])

    def _checked(self, said: Trialled) -> list[SaidOnce]:
        given = {item.question: item for item in said.answers}
        if len(given) < len(said.answers):
            raise Denied("malformed", "a question is answered twice")
        for item in said.answers:
            if fault := fault_of(item, self.questions):
                raise Denied("malformed", fault)
        for name, question in self.questions.items():
            if question.required and name not in given:
                raise Denied("malformed", f"{name} has no answer")
        return said.answers

    def _state(self, block: Block, status: str) -> dict[str, Any]:
        over = status == "finished"
        return {
            "finished": over,
            "code": block.code if over else "",
            "leave": leave_address(self.leave, block) if over else "",
        }


def session_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
