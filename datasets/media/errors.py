"""The one error that reading and writing media raises."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Reason = Literal["decode_error", "no_video", "no_audio", "too_short", "write_error"]

_SAYS: dict[str, str] = {
    "decode_error": "cannot be decoded",
    "no_video": "has no video stream",
    "no_audio": "has no audio stream",
    "too_short": "is too short",
    "write_error": "could not be written",
}


class MediaError(Exception):
    """A media file that cannot be read or written; its text is one line for a person.

    Attributes:
        reason: from the closed list `Reason`; the same words as the failure rows of the suite.
        path: the file.
        detail: what was found and, where there is something to do, what to do.
    """

    def __init__(self, reason: Reason, path: Path, detail: str) -> None:
        super().__init__(reason, path, detail)
        self.reason: Reason = reason
        self.path = path
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.path} {_SAYS[self.reason]}: {self.detail}"
