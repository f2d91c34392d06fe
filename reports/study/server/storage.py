"""Where answers live: SQLite by default, PostgreSQL by URL. One transaction an answer; what was confirmed is on the disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    delete,
    event,
    func,
    insert,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from reports.study.files import StudyError
from reports.study.schema import Answer, Rater  # fmt: skip

tables = MetaData()
meta = Table("meta", tables, Column("name", String(40), primary_key=True), Column("value", Text, nullable=False))
raters = Table(
    "raters", tables,
    Column("rater", String(64), primary_key=True), Column("study", String(64), nullable=False),
    # Of the secret that the rater's browser holds: a copy of the database lets nobody answer for a rater.
    Column("session", String(64), nullable=False, index=True),
    Column("block", String(64), nullable=False, index=True), Column("status", String(16), nullable=False),
    Column("language", String(35), nullable=False), Column("headphones", Boolean), Column("screening", Text, nullable=False),
    # Hours, not seconds, would do: they only tell whose block was abandoned.
    Column("seen", Integer, nullable=False), Column("done", Integer, nullable=False),
)  # fmt: skip
trials = Table(
    "trials", tables,
    Column("rater", ForeignKey("raters.rater"), primary_key=True), Column("trial", String(64), primary_key=True),
)  # fmt: skip
answers = Table(
    "answers", tables,
    Column("id", Integer, primary_key=True), Column("study", String(64), nullable=False),
    Column("rater", ForeignKey("raters.rater"), nullable=False), Column("block", String(64), nullable=False),
    Column("trial", String(64), nullable=False), Column("number", Integer, nullable=False),
    Column("question", String(64), nullable=False), Column("choice", String(8), nullable=False),
    Column("text", Text, nullable=False), Column("seconds", Float, nullable=False), Column("plays", Integer, nullable=False),
    Column("key", String(32), nullable=False),
    UniqueConstraint("rater", "trial", "question"), UniqueConstraint("rater", "key"),
)  # fmt: skip
STUDY = "study"
WAIT = 30
"""Seconds that a transaction waits for its turn before it is given up."""


class Storage:
    """The database of one study. Raises `StudyError` where it cannot be opened."""

    def __init__(self, url: str) -> None:
        """url: ``sqlite:///path`` or ``postgresql://user:password@host/database``."""
        try:
            self.engine = _engine(url)
            tables.create_all(self.engine)
        except (ArgumentError, SQLAlchemyError, ImportError) as error:
            cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise StudyError(f"cannot open the database {_shown(url)}: {cause}") from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing; it has reached the disk when the block ends."""
        with self.engine.begin() as connection:
            yield connection

    def claim(self, fingerprint: str) -> None:
        """Make this the database of a study. Raises `StudyError` if it holds answers to another, or to it before an edit."""
        with self.transaction() as connection:
            held = connection.scalar(select(meta.c.value).where(meta.c.name == STUDY))
            if held == fingerprint:
                return
            count = connection.scalar(select(func.count()).select_from(raters)) or 0
            if held is not None and count:
                raise StudyError(
                    f"the database has {count} raters of another study file (fingerprint {held[:12]}, this file's is "
                    f"{fingerprint[:12]}): put the old study.yaml back, or export the answers and serve with a fresh --database"
                )
            connection.execute(delete(meta).where(meta.c.name == STUDY))
            connection.execute(insert(meta).values(name=STUDY, value=fingerprint))

    def fingerprint(self) -> str:
        """Of the study whose answers these are; empty before it was ever served."""
        with self.transaction() as connection:
            return connection.scalar(select(meta.c.value).where(meta.c.name == STUDY)) or ""

    def answers(self, rater: str | None = None) -> list[Answer]:
        """All answers, or one rater's, in the order of raters, trials and questions as answered."""
        columns = [answers.c[name] for name in Answer.model_fields]
        query = select(*columns).order_by(answers.c.rater, answers.c.number, answers.c.id)
        with self.transaction() as connection:
            found = connection.execute(query if rater is None else query.where(answers.c.rater == rater))
            return [Answer(**row) for row in found.mappings()]

    def raters(self, rater: str | None = None) -> list[Rater]:
        """All raters, or one."""
        query = select(*[raters.c[name] for name in Rater.model_fields]).order_by(raters.c.rater)
        with self.transaction() as connection:
            found = connection.execute(query if rater is None else query.where(raters.c.rater == rater))
            return [Rater(**{**row, "screening": json.loads(row["screening"])}) for row in found.mappings()]

    def erase(self, rater: str) -> int | None:
        """Erase what a rater said; that someone withdrew stays. Returns how many answers, None for an unknown rater."""
        with self.transaction() as connection:
            return erase(connection, rater)

    def close(self) -> None:
        self.engine.dispose()


def erase(connection: Connection, rater: str) -> int | None:
    """As `Storage.erase`, inside a transaction."""
    left: dict[str, Any] = {"status": "withdrawn", "language": "", "headphones": None, "screening": "{}", "done": 0}
    if not connection.execute(update(raters).where(raters.c.rater == rater).values(**left)).rowcount:
        return None
    count = connection.execute(delete(answers).where(answers.c.rater == rater)).rowcount
    connection.execute(delete(trials).where(trials.c.rater == rater))
    return int(count)


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed, pool_size=8, max_overflow=0, pool_timeout=WAIT, pool_pre_ping=True)
    if parsed.get_backend_name() != "sqlite":
        raise ArgumentError("sqlite:///FILE and postgresql://USER@HOST/DATABASE are known")
    # SQLite has one writer at a time. A pool of one connection is a fair queue for it; its own lock would be polled.
    engine = create_engine(parsed, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=WAIT)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # else the driver begins transactions by itself, and late
        for setting in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"busy_timeout={WAIT * 1000}",
        ):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _shown(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "given"
