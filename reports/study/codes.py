"""What stands in for a person, and the signed code in which a page without a server gives answers back.

A code is ``SB1.<block>.<answers>.<checksum>.<signature>``: the answers are a `Packet` as JSON, raw-deflated, in base64url;
the checksum (of everything before it) tells a code that was cut or mistyped from one that was changed on purpose; the signature is
HMAC-SHA256 (RFC 2104) under the key of the block. That key lies in the block's file on the page, since the page signs by itself. So the
signature shows that a code was made with this block of this study, not that a person watched the videos.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import zlib
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from reports.study.schema import Answer, Rater, Strict

MARK = "SB1"
PATTERN = re.compile(rf"\b{MARK}(?:\.[\w-]+){{4}}", re.ASCII)
MOST_BYTES = 1_000_000
"""Of the JSON in a code: what deflate could blow up beyond that is refused unread."""


class Refused(ValueError):
    """A code that is not taken. kind: ``damaged``, ``foreign``, ``forged`` or ``malformed``."""

    def __init__(self, kind: Literal["damaged", "foreign", "forged", "malformed"], reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Language = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,35}$")]
Screened = Annotated[dict[Id, Annotated[str, Field(max_length=100)]], Field(max_length=50)]
Words = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]
"""Free words without control characters, which PostgreSQL and CSV cannot keep."""


class Said(Strict):
    """One answer as the page sends it: the fields of `Answer` that do not follow from rater and block."""

    trial: Id
    question: Id
    choice: Literal["", "left", "right", "tie"] = ""
    text: Words = ""
    seconds: float = Field(ge=0, le=86400, allow_inf_nan=False)
    plays: int = Field(ge=1, le=10_000)
    key: Key


class Packet(Strict):
    """What a page gives back at once: the rater and some or all answers. who: `who_is` of a recruiting id, or random."""

    study: str
    who: str = Field(pattern=r"^[0-9a-f]{64}$")
    status: Literal["active", "finished", "withdrawn"]
    language: Language = ""
    headphones: bool | None = None
    screening: Screened = Field(default={})
    answers: list[Said] = Field(default=[], max_length=5000)


def who_is(study: str, recruited: str) -> str:
    """Stands for a recruiting id (of MTurk, Prolific, ...) within one study, so that the id itself need not be kept.

    Args:
        study: the fingerprint. recruited: the id. Returns 64 hex digits. The page computes the same.
    """
    return hashlib.sha256(f"{study}:{recruited}".encode()).hexdigest()


def rater_hash(salt: str, who: str) -> str:
    """The rater id of the tables: 32 hex digits, from which nobody without the salt finds the recruiting id again."""
    return hmac.new(bytes.fromhex(salt), f"rater:{who}".encode(), hashlib.sha256).hexdigest()[:32]


def block_key(salt: str, block: str) -> str:
    """The signing key of a block, 64 hex digits; it lies in the block's file of the static page."""
    return hmac.new(bytes.fromhex(salt), f"block:{block}".encode(), hashlib.sha256).hexdigest()


def encode(packet: Packet, block: str, key: str) -> str:
    """The code of a packet, as the page makes it."""
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = press.compress(packet.model_dump_json().encode()) + press.flush()
    head = f"{MARK}.{block}.{_text(body)}"
    return f"{head}.{_checksum(head)}.{_signature(head, key)}"


def decode(code: str, keys: dict[str, str], study: str) -> tuple[str, Packet]:
    """The block and the packet of a code.

    Args:
        keys: `block_key` of every block of the study. study: its fingerprint.

    Raises:
        Refused: damaged (cut, mistyped), foreign (another study or version of it), forged, or malformed inside.
    """
    parts = code.strip().split(".")
    if len(parts) != 5 or parts[0] != MARK:
        raise Refused("damaged", f"not a code: {MARK} and four parts between dots were expected")
    _, block, body, checksum, signature = parts
    head = f"{MARK}.{block}.{body}"
    if not hmac.compare_digest(checksum.encode(), _checksum(head).encode()):
        raise Refused("damaged", "the checksum does not fit: the code was cut or mistyped. Ask for it again.")
    key = keys.get(block)
    if key is None:
        raise Refused("foreign", f"block {block[:40]!r} is not of this study")
    if not hmac.compare_digest(signature.encode(), _signature(head, key).encode()):
        raise Refused("forged", f"the signature does not fit block {block!r}")
    try:
        packet = Packet.model_validate_json(_inflate(body))
    except (ValidationError, ValueError, zlib.error, binascii.Error) as error:
        raise Refused("malformed", f"signed, but not answers: {str(error).splitlines()[0]}") from error
    if packet.study != study:
        raise Refused("foreign", f"answers to study {packet.study[:12]}, not to {study[:12]}")
    return block, packet


def rater_of(packet: Packet, block: str, salt: str) -> Rater:
    """The row of ``raters.csv``."""
    return Rater(
        study=packet.study, rater=rater_hash(salt, packet.who), block=block, status=packet.status,
        language=packet.language, headphones=packet.headphones, screening=packet.screening,
    )  # fmt: skip


def answer_of(said: Said, study: str, rater: str, block: str, number: int) -> Answer:
    """The row of ``answers.csv``. number: place of the trial in the block."""
    return Answer(study=study, rater=rater, block=block, number=number, **said.model_dump())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _inflate(body: str) -> bytes:
    data = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    press = zlib.decompressobj(-15)
    out = press.decompress(data, MOST_BYTES)
    if press.unconsumed_tail or not press.eof:
        raise ValueError("the answers are cut off or too long")
    return out


def _checksum(head: str) -> str:
    return hashlib.sha256(head.encode()).hexdigest()[:8]


def _signature(head: str, key: str) -> str:
    return _text(hmac.new(bytes.fromhex(key), head.encode(), hashlib.sha256).digest())
