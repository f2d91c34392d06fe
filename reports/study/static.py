"""The files of the page: for a server to hand out, or as a folder for any web host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.study.codes import block_key
from reports.study.headphones import sounds
from reports.study.schema import Block, Study, fingerprint
from reports.study.sheet import sheet
from reports.study.texts import FOLDER, Texts
from reports.templating import source

MTURK = ("https://www.mturk.com", "https://workersandbox.mturk.com")
"""Where an assignment of MTurk is submitted to, and what may show the page in a frame."""


def base_files(texts: Texts, policy: str = "") -> dict[str, bytes]:
    """What every form of the page has: index.html, style sheet, scripts and sounds, by name. policy: for a meta element."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    files = {
        "index.html": environment.get_template("index.html.j2").render(texts=texts, policy=policy).encode(),
        "page.css": f"{source('base.css')}\n{(FOLDER / 'page.css').read_text(encoding='utf-8')}".encode(),
    }
    files.update({path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.js"))})
    files.update({f"sounds/{name}": data for name, data in sounds().items()})
    return files


def setup_file(study: Study, texts: Texts, contact: str, **more: Any) -> bytes:
    """``setup.json``: what the page knows before it has a block."""
    words = texts.model_dump(mode="json", by_alias=True)
    return _json({"study": fingerprint(study), "texts": words, "contact": contact, **more})


def policy(post: str = "", framed: bool = False) -> str:
    """The Content-Security-Policy of the page. post: an address that may be sent to. framed: with what a header alone can say."""
    address = urlsplit(post)
    connect = "'self'" + (f" {address.scheme}://{address.netloc}" if post else "")
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "media-src": "'self' blob:",
        "connect-src": connect,
        "form-action": " ".join(("'self'", *MTURK)),
        "base-uri": "'none'",
        **({"frame-ancestors": " ".join(("'self'", *MTURK))} if framed else {}),
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def static_files(
    study: Study, salt: str, texts: Texts, contact: str = "", post: str = "", leave: str = ""
) -> Iterator[tuple[str, bytes]]:
    """The static folder without its media, as (name, content).

    Args:
        post: address that takes answers; none: they are given back as a code. leave: address of the recruiting service
            at the end, with ``{code}`` for the block's completion code.
    """
    yield from base_files(texts, policy(post)).items()
    yield (
        "setup.json",
        setup_file(study, texts, contact, server=False, post=post, blocks=[b.block for b in study.blocks]),
    )
    mark = fingerprint(study)
    for block in study.blocks:
        found = {
            "sheet": sheet(study, block, mark),
            "key": block_key(salt, block.block),
            "code": block.code,
            "leave": leave_address(leave, block),
        }
        yield f"blocks/{block.block}.json", _json(found)


def leave_address(leave: str, block: Block) -> str:
    """Where a rater of this block goes at the end; empty where nobody waits."""
    return leave.replace("{code}", block.code)


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
