"""From results to a study: cases, blocks, media, and the file that says it all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.compare.results import Results
from bench.errors import BenchError
from bench.store import write_bytes
from bench.study.candidates import Candidate, Candidates, find_candidates
from bench.study.choose import random_cases, spread_sentence, stratified_cases
from bench.study.disagreement import disagreeing_cases
from bench.study.folder import keep_other, make_room
from bench.study.heard import check_heard
from bench.study.media import remove_others, write_media
from bench.study.names import Names, salt_of
from bench.study.plan import HEARD, StudyPlan
from bench.study.reserve import Extra, reserve
from bench.study.size import Size, size_of
from bench.study.write_down import Draft, clips_of, study_of
from bench.workspace import Workspace
from reports.study.design import design_blocks
from reports.study.files import STUDY_FILE, StudyError, study_text
from reports.study.schema import Study


@dataclass(frozen=True)
class Made:
    """What was designed.

    Attributes:
        draft: the design. size: raters and cases. candidates: what could be shown, and what could not and why.
        study: as written; None after a dry run. folder: where it is. kept: where an answered study was moved to, or the
        file of another design that nobody had answered.
    """

    draft: Draft
    size: Size
    candidates: Candidates
    folder: Path
    study: Study | None = None
    kept: Path | None = None


def make_study(workspace: Workspace, plan: StudyPlan, force: bool = False, dry_run: bool = False) -> Made:
    """Design a study and, unless it is a dry run, write its folder ``study/<name>`` below the results.

    Raises:
        BenchError: the results lack something, the design would be unbalanced or unconnected, or the folder holds a study
            that was answered and `force` is not set. Then nothing was changed; or a video cannot be written: then what is
            written stays, and the same command goes on from there.
    """
    folder = workspace.root / "study" / plan.name
    workers = len(os.sched_getaffinity(0))
    hear = bool(set(plan.questions) & set(HEARD))
    candidates = find_candidates(workspace, plan.models, plan.cases, hear, plan.cut, workers)
    if not candidates.found:
        raise BenchError(f"no case can be shown: {_reasons(candidates)}")
    try:
        draft, size = _draft(workspace, plan, candidates)
    except StudyError as error:
        raise BenchError(str(error)) from error
    made = Made(draft, size, candidates, folder)
    if dry_run:
        return made
    shown = [candidates.found[number] for number in sorted(draft.shown())]
    if plan.layout == "side-by-side":
        check_heard(shown, workers)
    kept = make_room(folder, force)
    names = Names(salt_of(folder), plan.seed)
    clips = clips_of(draft, names)
    hashes = write_media(clips, folder / "media", folder / "media.jsonl", workers)
    study = study_of(draft, size, candidates.versions, names, hashes, str(workspace.root))
    kept = keep_other(folder, study) or kept
    write_bytes(folder / STUDY_FILE, study_text(study).encode())
    remove_others(folder / "media", hashes)
    return Made(draft, size, candidates, folder, study, kept)


def _draft(workspace: Workspace, plan: StudyPlan, candidates: Candidates) -> tuple[Draft, Size]:
    comparisons = plan.comparisons()
    size = size_of(plan, len(candidates.found), len(comparisons))
    rng = np.random.default_rng([plan.seed, 1])
    chosen, criterion = _chosen(workspace, plan, candidates.found, comparisons, size.take, rng)
    used = {number for each in chosen for number in each}
    pools, practice = reserve(plan, candidates.found, used, comparisons, rng)
    spot = {model: number for number, model in enumerate(plan.models)}
    design = design_blocks(
        plan.models, [(spot[one], spot[other]) for one, other in comparisons], chosen, size.raters, plan.trials_a_rater,
        plan.repeats, [[extra.case for extra in pool] for pool in pools], plan.practice, plan.seed,
    )  # fmt: skip
    checks: list[Extra] = [extra for pool in pools for extra in pool]
    return Draft(plan, candidates.found, comparisons, design, checks, practice, criterion), size


def _chosen(
    workspace: Workspace, plan: StudyPlan, cases: Sequence[Candidate], comparisons: Sequence[tuple[str, str]], take: int,
    rng: np.random.Generator,
) -> tuple[list[list[int]], str]:  # fmt: skip
    """Numbers of the cases of each comparison, and how they were chosen."""
    number = {case.key: spot for spot, case in enumerate(cases)}
    sets = ", ".join(dict.fromkeys(case.cases for case in cases))
    if plan.choose == "disagreement":
        results = Results(str(workspace.root), workspace)
        found = [disagreeing_cases(results, pair, cases, take, plan.metrics) for pair in comparisons]
        metrics = list(dict.fromkeys(name for _, names in found for name in names))
        return [[number[case.key] for case in each] for each, _ in found], (
            f"of {len(cases)} cases of {sets} the {take} of each pair of models on which {', '.join(metrics)} disagree most about "
            "the two (standard deviation over metrics of the rank of their difference)"
        )
    if plan.choose == "random":
        same, how = random_cases(cases, take, rng), f"{take} of {len(cases)} cases of {sets}, drawn at random"
    else:
        same = stratified_cases(cases, take, plan.allocation, rng)
        how = f"{take} of {len(cases)} cases of {sets}, stratified by speaker, emotion and level ({plan.allocation} shares)"
    return [[number[case.key] for case in same]] * len(comparisons), f"{how}: {spread_sentence(same)}"


def _reasons(candidates: Candidates) -> str:
    """Why the first case was left out, and how many more were."""
    if not candidates.left_out:
        return "the case sets are empty"
    (cases, case), why = next(iter(candidates.left_out.items()))
    more = len(candidates.left_out) - 1
    return f"{case} of {cases}: {why}" + (f"; and {more} more" if more else "")
