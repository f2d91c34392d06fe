"""Names that say nothing: ids of media, pairs, trials and blocks from the seed and the study's salt."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from bench.errors import BenchError

SALT_FILE = "salt"


class Names:
    """Random names that are the same whenever the same thing is named again.

    Args:
        salt: 32 random bytes as hex; who does not know them cannot tell what a name stands for. seed: of the study.
    """

    def __init__(self, salt: str, seed: int) -> None:
        self._key, self._seed = bytes.fromhex(salt), seed

    def of(self, *parts: str | int) -> str:
        """16 hex digits for a thing that `parts` tell from all others."""
        return self._digest(parts).hex()[:16]

    def code(self, block: int) -> str:
        """What a rater gives back to a recruiting service: 10 letters and digits that are not mistaken for others."""
        return base64.b32encode(self._digest(("code", block))).decode()[:10]

    def _digest(self, parts: tuple[str | int, ...]) -> bytes:
        text = "\0".join(map(str, (self._seed, *parts)))
        return hmac.digest(self._key, text.encode(), hashlib.sha256)


def salt_of(folder: Path) -> str:
    """The salt of a study's folder, made where there is none; only its owner may read it.

    Raises:
        BenchError: the file cannot be written or holds something else.
    """
    path = folder / SALT_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            beside = folder / f".{SALT_FILE}.{secrets.token_hex(4)}"
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32) + "\n")
            try:
                os.link(beside, path)  # Unlike a rename this does not replace what another process has just written.
            except FileExistsError:
                pass
            finally:
                beside.unlink()
        salt = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"cannot write or read {path}: {getattr(error, 'strerror', None) or error}") from error
    if len(salt) != 64 or set(salt) - set("0123456789abcdef"):
        raise BenchError(f"{path} does not hold 64 hex digits: bring it back from a copy, answers depend on it")
    return salt
