"""The web application: the page, its media, and the three things that a rater can ask."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from reports.study.schema import Study
from reports.study.server.admin import admin_routes
from reports.study.server.guard import Buckets, Guard
from reports.study.server.raters import STATUS, Denied, Entry, Raters, Trialled, session_of
from reports.study.server.storage import Storage
from reports.study.sheet import media_of
from reports.study.static import base_files, policy, setup_file
from reports.study.texts import Texts

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": policy(framed=True),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
A_RATER, ALL_ENTRIES = (60, 5), (600, 50)
"""Bursts and rates a second: of one rater's requests, and of all who enter (no address is looked at, so all share one)."""


def study_app(
    study: Study, salt: str, media: Path, storage: Storage, texts: Texts, admin_token: str, contact: str = "", leave: str = "",
    patience: int = 3600,
) -> FastAPI:  # fmt: skip
    """The application that serves a study; `storage` is closed when it ends.

    Args:
        media: folder of the study's media. admin_token: opens ``/admin``. patience, leave: as in `Raters`.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        storage.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    people = Raters(study, salt, storage, texts.screening, leave, patience)
    app.include_router(admin_routes(people, admin_token))
    _rater_routes(app, people)
    _file_routes(
        app, {**base_files(texts), "setup.json": setup_file(study, texts, contact, server=True)}, media, media_of(study)
    )
    _errors(app)
    app.add_middleware(Guard, headers=HEADERS)
    return app


def _rater_routes(app: FastAPI, people: Raters) -> None:
    each, entries = Buckets(*A_RATER), Buckets(*ALL_ENTRIES, most=1)

    async def token(authorization: Annotated[str, Header()] = "") -> str:
        scheme, _, value = authorization.partition(" ")
        if scheme != "Bearer" or not value:
            raise Denied("session", "the request names no session")
        if not each.take(session_of(value)):
            raise Denied("often", "too many requests: wait a moment")
        return value

    @app.post("/api/enter")
    def enter(entry: Entry) -> dict[str, Any]:
        if not entries.take(""):
            raise Denied("often", "too many participants at once: wait a moment")
        return people.enter(entry)

    @app.post("/api/answer")
    def answer(said: Trialled, session: str = Depends(token)) -> dict[str, Any]:
        return people.answer(session, said)

    @app.post("/api/withdraw")
    def withdraw(session: str = Depends(token)) -> dict[str, Any]:
        people.withdraw(session)
        return {}


def _file_routes(app: FastAPI, files: Mapping[str, bytes], folder: Path, media: Mapping[str, str]) -> None:
    @app.get("/media/{name}")
    async def video(name: str) -> Response:
        # Only what the study names is ever opened, so no path can lead out of the folder.
        if name not in media:
            raise HTTPException(404)
        return FileResponse(folder / name, headers={"Cache-Control": "private, max-age=86400, immutable"})

    @app.get("/{name:path}")
    async def file(name: str) -> Response:
        name = name or "index.html"
        if name not in files:
            raise HTTPException(404)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(files[name], media_type="text/javascript" if name.endswith(".js") else kind)


def _errors(app: FastAPI) -> None:
    def said(status: int, kind: str, reason: str) -> JSONResponse:
        headers = {"Retry-After": "5"} if status in (429, 503) else None
        return JSONResponse({"kind": kind, "error": reason}, status, headers)

    @app.exception_handler(Denied)
    def denied(_: Request, error: Denied) -> JSONResponse:
        return said(STATUS.get(error.kind, 409), error.kind, str(error))

    @app.exception_handler(RequestValidationError)
    def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))[:80]
        return said(422, "malformed", f"{place}: {first['msg']}"[:200])

    @app.exception_handler(HTTPException)
    def plain(_: Request, error: HTTPException) -> JSONResponse:
        # 400 is what FastAPI says of a body that cannot be read as JSON at all.
        if error.status_code == 400:
            return said(422, "malformed", str(error.detail))
        return said(error.status_code, "http", str(error.detail))

    @app.exception_handler(SQLAlchemyError)
    def busy(_: Request, error: SQLAlchemyError) -> JSONResponse:
        # Nothing was confirmed, and the page asks again.
        return said(503, "busy", "the database did not take it; try again")
