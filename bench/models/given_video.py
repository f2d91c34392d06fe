"""Whether a video that somebody else wrote fits its case: whole, as long, and at the rate that was agreed on."""

from __future__ import annotations

from pathlib import Path

from bench.models.base import Case, ModelError
from datasets.media import MediaError, read_shown

SLACK = 0.04
"""Seconds by which a length may differ; a frame of the case or of the video may always be missing or too many."""

_RATE_ERROR = 0.01
"""Relative: 29.97 passes for 30, 24 does not for 25."""


def check_video(path: Path, case: Case, fps: float | None, slack: float) -> None:
    """Decode a video and hold it against its case.

    Its size may be any: metrics measure in units of the face, and pairs of pictures are brought to one size. Its times count,
    not its number of frames, so a model may keep its own frame rate.

    Args:
        fps: that the video must have; None: any. slack: see `SLACK`.

    Raises:
        ModelError: ``decode_error``, ``no_video``: it cannot be read to its end. ``unfit_video``: it has another length or frame
            rate, with what was found and what was expected. It is read no further than twice the length and a second.
    """
    count, begin, end, wanted = 0, 0.0, 0.0, case.frames / case.fps
    expected = f"expected {wanted:.2f} s ({case.frames} frames at {case.fps:g} fps)"
    try:
        for _, start, stop in read_shown(path):
            begin = start if count == 0 else begin
            count, end = count + 1, stop
            if end - begin > 2 * wanted + 1 + slack:
                # Hours of it need not be decoded to know.
                raise ModelError("unfit_video", f"{path.name} goes on after {end - begin:.2f} s, {expected}")
    except MediaError as error:
        raise ModelError(error.reason, f"{path.name}: {error.detail}") from error
    seconds = end - begin
    found = count / seconds if seconds > 0 else 0.0
    said = f"{path.name} has {count} frames in {seconds:.2f} s ({found:.4g} fps)"
    if fps is not None and abs(found / fps - 1) > _RATE_ERROR:
        raise ModelError("unfit_video", f"{said}, {expected}, at {fps:g} fps")
    allowed = max(slack, 1 / case.fps, 1 / found if found else 0.0)
    if abs(seconds - wanted) > allowed + 1e-3:
        raise ModelError("unfit_video", f"{said}, {expected}; {allowed:.2f} s more or less would pass")
