"""A study behind a server, as tests speak to it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi.testclient import TestClient

from reports.study.schema import Study, fingerprint
from reports.study.server.storage import Storage

SALT, TOKEN = "5a" * 32, "the-admin-token"
SCREENING = {"senses": "both", "language": "native", "sound": "headphones"}


@dataclass
class Served:
    """A study behind a server."""

    folder: Path
    study: Study
    url: str
    storage: Storage
    client: TestClient

    def enter(self, secret: str, **more: Any) -> httpx.Response:
        body = {
            "study": fingerprint(self.study),
            "token": secret,
            "language": "en",
            "headphones": True,
            "screening": SCREENING,
        }
        return self.client.post("/api/enter", json={**body, **more})

    def answer(self, token: str, body: Any) -> httpx.Response:
        return self.client.post("/api/answer", json=body, headers={"Authorization": f"Bearer {token}"})

    def withdraw(self, token: str) -> httpx.Response:
        return self.client.post("/api/withdraw", headers={"Authorization": f"Bearer {token}"})

    def whole_way(self, token: str, **more: Any) -> list[dict[str, Any]]:
        """Enter and answer everything; what was sent."""
        sent = [said(trial["trial"]) for trial in self.enter(token, **more).json()["sheet"]["trials"]]
        for body in sent:
            assert self.answer(token, body).status_code == 200
        return sent


def token() -> str:
    return secrets.token_hex(32)


def said(trial: str, **more: Any) -> dict[str, Any]:
    names = {"lip-sync": "tie", "overall": "left"}
    answers = [
        {"question": name, "choice": choice, "seconds": 1.5, "key": secrets.token_hex(16)}
        for name, choice in names.items()
    ]
    return {"trial": trial, "plays": 1, "answers": answers, **more}
