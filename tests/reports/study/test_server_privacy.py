"""What the server shows to whom: no model to raters, no rater to the disk, the progress to who holds the token."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient

from reports.study.schema import Study, fingerprint
from reports.study.server.app import study_app
from reports.study.server.storage import Storage
from reports.study.texts import read_texts
from tests.reports.study.served import SALT, TOKEN, Served, said, token

Make = Callable[..., tuple[Path, Study]]
NASTY = "<script>window.hacked=1</script>"


def test_no_recruiting_id_token_or_address_is_in_the_database(make_study: Make, tmp_path: Path) -> None:
    folder, study = make_study(raters=1)
    storage = Storage(f"sqlite:///{tmp_path / 'a.sqlite'}")
    storage.claim(fingerprint(study))
    app = study_app(study, SALT, folder / "media", storage, read_texts("en", study.questions), TOKEN)
    me = token()
    with TestClient(app, client=("203.0.113.77", 5)) as client:
        Served(folder, study, "", storage, client).whole_way(me, recruited="WORKER-42")
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"lip-sync" in held
    for secret in ("WORKER-42", me, "203.0.113", *study.models):
        assert secret.encode() not in held


def test_no_answer_names_a_model_and_all_carry_the_security_headers(make_study: Make, tmp_path: Path) -> None:
    folder, study = make_study(raters=1, checks=True)
    storage = Storage(f"sqlite:///{tmp_path / 'a.sqlite'}")
    storage.claim(fingerprint(study))
    app = study_app(study, SALT, folder / "media", storage, read_texts("en", study.questions), TOKEN)
    with TestClient(app, raise_server_exceptions=False) as client:
        here, me = Served(folder, study, "", storage, client), token()
        entered = here.enter(me)
        trials = entered.json()["sheet"]["trials"]
        answers = [
            entered,
            *(
                client.get(path)
                for path in ("/", "/setup.json", "/main.js", "/admin", "/none", "/media/x.mp4", "/docs")
            ),
        ]
        answers += [
            here.answer(me, said(trials[0]["trial"])),
            here.answer(me, {}),
            client.get(f"/media/{trials[0]['left']}"),
        ]
        answers += [client.get(path) for path in ("/media/..%2Fsalt", "/..%2Fsalt", "/blocks/x.json", "/study.yaml")]
    assert [answer.status_code for answer in answers[-4:]] == [404] * 4
    for answer in answers:
        text = str(dict(answer.headers)).encode() + answer.content
        for secret in (*study.models, "ground-truth", "broken", "identical", study.study, SALT):
            assert secret.encode() not in text, answer.url
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers


def test_part_of_a_video_can_be_asked_for(served: Served) -> None:
    media = served.study.pairs[0].first.media
    answer = served.client.get(f"/media/{media}", headers={"Range": "bytes=10-19"})
    assert answer.status_code == 206
    assert answer.content == (served.folder / "media" / media).read_bytes()[10:20]


def test_admin_needs_the_token_and_shows_script_as_text(served: Served) -> None:
    me = token()
    trial = served.enter(me).json()["sheet"]["trials"][0]["trial"]
    body = said(trial)
    body["answers"].append({"question": "free-text", "text": NASTY, "seconds": 1, "key": secrets.token_hex(16)})
    assert served.answer(me, body).status_code == 200
    assert "Latest words" not in served.client.get("/admin").text
    assert served.client.get("/admin", headers={"Cookie": f"admin={TOKEN}"}).text.count("Latest words") == 0
    assert served.client.post("/admin", data={"token": "wrong"}).status_code == 403
    view = served.client.post("/admin", data={"token": TOKEN})
    assert TOKEN not in str(view.url) and TOKEN not in view.text
    assert "Latest words" in view.text and "1 of 2" in view.text
    assert NASTY not in view.text and "&lt;script&gt;" in view.text


def test_guessing_the_admin_token_is_bounded(served: Served) -> None:
    for _ in range(12):
        served.client.post("/admin", data={"token": "guess"})
    assert served.client.post("/admin", data={"token": TOKEN}).status_code == 403


def test_json_of_the_page_is_one_object_per_language(served: Served) -> None:
    setup = json.loads(served.client.get("/setup.json").content)
    assert (
        setup["server"] is True and setup["texts"]["language"] == "en" and setup["study"] == fingerprint(served.study)
    )
