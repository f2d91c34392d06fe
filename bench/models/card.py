"""What is to be known of a model before one looks at its numbers."""

from __future__ import annotations

from dataclasses import dataclass

PROTOCOLS = ("self", "self-free", "cross", "emotion")
INPUTS = ("portrait", "audio", "pose", "emotion", "intensity")
IGNORABLE = ("pose", "emotion", "intensity")


@dataclass(frozen=True)
class ModelCard:
    """The card that ``space-bench models show NAME`` prints.

    Attributes:
        name: the registry's. title: as in print, e.g. ``Wav2Lip``.
        paper: authors, title, venue. code: address of the published code, empty where there is none.
        licence_code, licence_weights: as their sources state them.
        takes: inputs that it follows, of `INPUTS`; or ``clip`` for controls that look at the real clip.
        ignores: inputs that a case may give and that do not change the video, of `IGNORABLE`. Metrics of what is ignored
            are not asked of it: see `bench.models.unasked`.
        size: side of the pictures that it makes, in pixels; None where it follows the portrait.
        fps: frames a second that it was trained for; None where it follows the case.
        weights: assets without which it does not run. protocols: of cases for which it is meant.
        notes: what a reader should know, a sentence each.
    """

    name: str
    title: str
    takes: tuple[str, ...]
    ignores: tuple[str, ...] = ()
    paper: str = ""
    code: str = ""
    licence_code: str = "Apache-2.0 (part of this suite)"
    licence_weights: str = "none needed"
    size: int | None = None
    fps: float | None = None
    weights: tuple[str, ...] = ()
    protocols: tuple[str, ...] = PROTOCOLS
    notes: tuple[str, ...] = ()
