"""cases: clips -> what a model must animate, under a named protocol of cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from bench.config import CaseSet
from bench.errors import BenchError
from bench.store import CASE_COLUMNS, read_table, records, replacing, write_table
from bench.workspace import Workspace
from datasets.media import read_frames


def make_cases(cases: CaseSet, workspace: Workspace) -> None:
    """Write the case table of one case set, and the portraits that it names.

    ``self``: first frame, own sound, own head pose given. ``self-free``: the same, head pose left to the model.
    ``cross``: portrait of the next speaker, sound and head pose of the clip. ``emotion``: first frame of a neutral
    clip of the same speaker, sound, head pose and emotion of the clip.
    """
    clips = read_table(workspace.clips_table(cases.dataset, cases.split), "space-bench prepare")
    portrait_of = _PORTRAITS[cases.protocol](clips)
    rows: list[dict[str, Any]] = []
    for clip in records(clips):
        source = portrait_of.get(clip.clip)
        if source is None:
            continue
        origin = clips.loc[clips["clip"] == source].iloc[0]
        portrait = workspace.cases_dir(cases) / "portraits" / f"{source}.png"
        _write_portrait(workspace.resolve(origin["video"]), portrait)
        level = None if pd.isna(clip.level) else int(clip.level)
        rows.append({
            "case": f"{clip.clip}@{source}" if cases.protocol == "cross" else clip.clip,
            "clip": clip.clip,
            "portrait": workspace.relative(portrait),
            "audio": None if pd.isna(clip.audio) else clip.audio,
            "pose": None if cases.protocol == "self-free" else clip.video,
            "emotion": None if pd.isna(clip.emotion) else clip.emotion,
            "intensity": None if level is None else level / 3,
            "protocol": cases.protocol,
            "speaker": clip.speaker,
            "level": level,
            "portrait_speaker": origin["speaker"],
        })  # fmt: skip
    if not rows:
        raise BenchError(f"case set {cases}: {_WHY_EMPTY.get(cases.protocol, 'the split has no clips')}")
    write_table(workspace.cases_table(cases), rows, CASE_COLUMNS)


def _own(clips: pd.DataFrame) -> dict[str, str]:
    return {clip: clip for clip in clips["clip"]}


def _other_speaker(clips: pd.DataFrame) -> dict[str, str]:
    """The next speaker in order lends the portrait of the first of their clips; deterministic, no seed needed."""
    first = clips.groupby("speaker", sort=True)["clip"].first()
    speakers = list(first.index)
    if len(speakers) < 2:
        return {}
    following = dict(zip(speakers, speakers[1:] + speakers[:1], strict=True))
    return {clip.clip: first[following[clip.speaker]] for clip in records(clips)}


def _neutral(clips: pd.DataFrame) -> dict[str, str]:
    neutral = clips[clips["emotion"] == "neutral"].groupby("speaker")["clip"].first()
    return {clip.clip: neutral[clip.speaker] for clip in records(clips) if clip.speaker in neutral.index}


_PORTRAITS = {"self": _own, "self-free": _own, "cross": _other_speaker, "emotion": _neutral}
_WHY_EMPTY = {
    "cross": "the split has one speaker only, and `cross` needs two",
    "emotion": "no speaker has a neutral clip to take the portrait from; does the dataset carry emotion labels?",
}


def _write_portrait(video: Path, target: Path) -> None:
    from PIL import Image

    if target.is_file() and target.stat().st_mtime >= video.stat().st_mtime:
        return
    frame = next(iter(read_frames(video)))
    with replacing(target) as temporary:
        Image.fromarray(frame).save(temporary, format="PNG")
