"""How far the study is, for those who run it: behind a token that is typed into a form, and so is in no address and no log."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import func, select

from reports.study.server.guard import Buckets
from reports.study.server.raters import Raters
from reports.study.server.storage import answers, raters
from reports.templating import environment_of, source

COOKIE = "admin"
RECENT = 20
FOLDER = Path(__file__).parent


def admin_routes(people: Raters, token: str) -> APIRouter:
    """``/admin``: a form, or for who holds `token` the progress of raters and blocks."""
    router = APIRouter()
    environment = environment_of(FOLDER)
    proof = hmac.new(token.encode(), b"admin", hashlib.sha256).hexdigest()
    tries = Buckets(burst=10, rate=0.2, most=1)

    def page(status: int = 200, **values: Any) -> Response:
        return HTMLResponse(
            environment.get_template("admin.html.j2").render(**{"wrong": False, "found": None, **values}), status
        )

    @router.get("/admin")
    def view(request: Request) -> Response:
        if not hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), proof.encode()):
            return page()
        return page(found=progress(people))

    @router.post("/admin")
    async def enter(request: Request) -> Response:
        given = parse_qs((await request.body()).decode("utf-8", "replace")).get("token", [""])[0]
        if not tries.take("") or not hmac.compare_digest(given.strip().encode(), token.encode()):
            return page(403, wrong=True)
        answer = RedirectResponse("admin", status_code=303)
        answer.set_cookie(COOKIE, proof, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return answer

    @router.get("/admin.css")
    def style() -> Response:
        own = (FOLDER / "admin.css").read_text(encoding="utf-8")
        return Response(f"{source('base.css')}\n{own}", media_type="text/css")

    return router


def progress(people: Raters) -> dict[str, Any]:
    """Counts for the view: raters by status, answers, blocks with who has them, and the latest free words."""
    now = int(people.clock())
    with people.storage.transaction() as connection:
        everyone = connection.execute(select(raters)).mappings().all()
        stored = connection.scalar(select(func.count()).select_from(answers)) or 0
        words = select(answers.c.text).where(answers.c.text != "").order_by(answers.c.id.desc()).limit(RECENT)
        comments = list(connection.scalars(words))
    counted = Counter(row["status"] for row in everyone)
    away = [row for row in everyone if row["status"] == "active" and now - row["seen"] >= people.patience]
    by_block: dict[str, Counter[str]] = {name: Counter() for name in people.blocks}
    for row in everyone:
        idle = row["status"] == "active" and now - row["seen"] >= people.patience
        by_block[row["block"]]["away" if idle else row["status"]] += 1
    heard = [row["headphones"] for row in everyone if row["headphones"] is not None]
    return {
        "planned": people.study.raters, "finished": counted["finished"], "active": counted["active"] - len(away),
        "away": len(away), "withdrawn": counted["withdrawn"], "answers": stored, "comments": comments,
        "headphones": f"{sum(heard)} of {len(heard)}" if heard else "–",
        "blocks": by_block, "version": people.mark[:12],
        "under_way": sorted((
            {"rater": row["rater"][:8], "block": row["block"], "done": row["done"], "asked": len(people.blocks[row["block"]].trials),
             "minutes": (now - row["seen"]) // 60}
            for row in everyone if row["status"] == "active"
        ), key=lambda row: row["minutes"]),
    }  # fmt: skip
