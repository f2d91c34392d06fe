"""Cases that a study can show: what all its models generated, of one length, with the labels that strata are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from bench import parallel
from bench.config import CaseSet
from bench.errors import BenchError, unknown
from bench.progress import bar
from bench.store import read_table, records
from bench.workspace import Workspace
from datasets.media import MediaError, probe
from datasets.media.timing import output_length


@dataclass(frozen=True)
class Candidate:
    """One case.

    Attributes:
        cases: case set. speaker: told apart by dataset. emotion, level: empty where the clip has none.
        clip: the true clip. fps, width, height, frames: of it, and of all that the study shows of this case.
        sound: whether the clip has any. videos: file by model. lengths: frames by model, at `fps`.
    """

    cases: str
    case: str
    speaker: str
    emotion: str
    level: str
    clip: Path
    fps: float
    width: int
    height: int
    frames: int
    sound: bool
    videos: Mapping[str, Path]
    lengths: Mapping[str, int]

    @property
    def key(self) -> tuple[str, str]:
        return self.cases, self.case

    def shortest(self) -> int:
        """Frames that the clip and every video have."""
        return min(self.frames, *self.lengths.values())


@dataclass(frozen=True)
class Candidates:
    """What can be shown, in the order of the case tables, and what cannot.

    Attributes:
        versions: of each model. left_out: reason by (case set, case).
    """

    found: tuple[Candidate, ...]
    versions: Mapping[str, str]
    left_out: Mapping[tuple[str, str], str]


def find_candidates(
    workspace: Workspace, models: Sequence[str], sets: Sequence[str], hear: bool, cut: bool, workers: int
) -> Candidates:
    """Look through the results.

    Args:
        sets: case sets; none means all on which all models have videos. hear: leave out cases without sound.
        cut: keep cases whose videos differ in length by more than a frame.

    Raises:
        BenchError: a model or case set has no videos, a model has two versions, or a video that was made is gone.
    """
    known = _generated(workspace)
    if not known:
        raise BenchError(
            f"there are no videos below {workspace.root}: `space-bench generate` makes them, or name another --out"
        )
    for model in models:
        if not any(name == model for _, name in known):
            raise unknown("model with videos", model, {name for _, name in known})
    common = [
        name for name in dict.fromkeys(cases for cases, _ in known) if all((name, model) in known for model in models)
    ]
    for name in sets:
        for model in models:
            if (name, model) not in known:
                raise BenchError(
                    f"{model} has no videos of the case set {name}: `space-bench generate --cases {name} --model {model}` "
                    f"makes them. All models have videos of: {', '.join(common) or 'none'}."
                )
    if not (sets or common):
        raise BenchError(
            f"there is no case set on which {', '.join(models)} all have videos: `space-bench generate` makes them"
        )
    found: list[Candidate] = []
    left_out: dict[tuple[str, str], str] = {}
    versions: dict[str, str] = {}
    for name in sets or common:
        tables = {model: read_table(known[name, model], "space-bench generate") for model in models}
        for model, table in tables.items():
            for version in table["version"].unique():
                if versions.setdefault(model, version) != version:
                    raise BenchError(
                        f"{model} has videos of two versions, {versions[model]} and {version}: run `space-bench generate` again"
                    )
        found += _of_set(workspace, CaseSet.parse(name), tables, hear, left_out)
    measured = _measured(found, workers)
    kept = []
    for case in measured:
        lengths = {"the clip": case.frames, **case.lengths}
        if cut or max(lengths.values()) - min(lengths.values()) <= 1:
            kept.append(case)
        else:
            said = ", ".join(f"{name} {frames}" for name, frames in lengths.items())
            left_out[case.key] = (
                f"lengths differ by more than a frame ({said} frames); --cut takes it, cut to the shortest"
            )
    return Candidates(tuple(kept), versions, left_out)


def _generated(workspace: Workspace) -> dict[tuple[str, str], Path]:
    root = workspace.root / "videos"
    tables = sorted(root.glob("*/*/*/*/generated.parquet"))
    return {("/".join(path.relative_to(root).parts[:3]), path.parent.name): path for path in tables}


def _of_set(
    workspace: Workspace, cases: CaseSet, tables: Mapping[str, pd.DataFrame], hear: bool,
    left_out: dict[tuple[str, str], str],
) -> list[Candidate]:  # fmt: skip
    table = read_table(workspace.cases_table(cases), "space-bench prepare")
    clips = read_table(workspace.clips_table(cases.dataset, cases.split), "space-bench prepare").set_index("clip")
    made = {model: {row.case: row for row in records(rows)} for model, rows in tables.items()}
    found = []
    for case in records(table):
        key = (str(cases), case.case)
        videos: dict[str, Path] = {}
        for model, rows in made.items():
            row = rows.get(case.case)
            if row is None or row.status != "ok":
                why = "it was never asked" if row is None else f"{row.status}: {row.detail}"
                left_out.setdefault(key, f"{model} made no video of it ({why})")
                continue
            videos[model] = workspace.resolve(row.video)
            if not videos[model].is_file():
                raise BenchError(
                    f"the video of {model} for case {case.case} of {cases} is gone: {videos[model]}. "
                    f"`space-bench generate --cases {cases} --model {model}` makes it again."
                )
        if hear and pd.isna(case.audio):
            left_out.setdefault(key, "it has no sound")
        if key in left_out:
            continue
        clip = clips.loc[case.clip]
        found.append(Candidate(
            str(cases), case.case, f"{cases.dataset}/{case.speaker}", "" if pd.isna(case.emotion) else str(case.emotion),
            "" if pd.isna(case.level) else str(int(case.level)), workspace.resolve(clip["video"]), float(clip["fps"]), 0, 0,
            int(clip["frames"]), bool(pd.notna(case.audio)), videos, {},
        ))  # fmt: skip
    return found


def _measured(cases: Sequence[Candidate], workers: int) -> list[Candidate]:
    """The same with sizes and lengths, in the same order."""
    known: dict[tuple[str, str], Candidate] = {}
    with bar("look at videos", len(cases)) as step:
        for case, result in parallel.run(_look, cases, workers, threads=True):
            if isinstance(result, str):
                raise BenchError(f"case {case.case} of {case.cases}: {result}")
            known[case.key] = result
            step()
    return [known[case.key] for case in cases]


def _look(case: Candidate) -> Candidate | str:
    try:
        clip = probe(case.clip)
        lengths = {model: output_length(probe(video).seconds, case.fps) for model, video in case.videos.items()}
    except MediaError as error:
        return f"{error}. `space-bench generate` makes it again once the file is removed."
    return replace(case, width=clip.width, height=clip.height, lengths=lengths)
