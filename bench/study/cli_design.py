"""``space-bench study design``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.progress import console, out

if TYPE_CHECKING:
    from bench.study.make import Made


def design(
    name: Annotated[str | None, typer.Option(help="of the study and its folder, study/NAME in --out")] = None,
    models: Annotated[str | None, typer.Option(help="models to compare, with commas between")] = None,
    model_pairs: Annotated[str | None, typer.Option(help="all (default), against:MODEL, or A:B,C:D,...")] = None,
    cases: Annotated[
        list[str] | None, typer.Option(help="case set dataset/split/protocol (may be repeated); none means all with videos of all models")
    ] = None,
    choose: Annotated[str | None, typer.Option(help="stratified (default), random or disagreement")] = None,
    allocation: Annotated[
        str | None, typer.Option(help="of stratified cases: equal (default) or proportional shares")
    ] = None,
    metrics: Annotated[str | None, typer.Option(help="whose disagreement chooses, with commas between")] = None,
    take: Annotated[int | None, typer.Option(help="cases of each model pair (default: as many as the raters can see)")] = None,
    questions: Annotated[
        str | None, typer.Option(help="lip-sync, realism, head-motion, expression, overall, free-text, with commas between (default: overall)")
    ] = None,
    ties: Annotated[bool | None, typer.Option("--ties/--no-ties", help="whether 'no difference' is an answer (default: yes)")] = None,
    layout: Annotated[str | None, typer.Option(help="side-by-side (default) or sequential")] = None,
    reference: Annotated[bool | None, typer.Option("--reference/--no-reference", help="show the true clip too (default: no)")] = None,
    raters: Annotated[int | None, typer.Option(help="how many are planned; or --effect")] = None,
    effect: Annotated[
        float | None, typer.Option(help="preference to be told with 80 % power, e.g. 0.65 (default): gives the number of raters")
    ] = None,
    rater_icc: Annotated[float | None, typer.Option(help="share of the variance of answers between raters (default: 0.05)")] = None,
    clip_icc: Annotated[float | None, typer.Option(help="share of the variance of answers between clips (default: 0.10)")] = None,
    expected_ties: Annotated[float | None, typer.Option(help="share of ties, where they are allowed (default: 0.15)")] = None,
    dropout: Annotated[float | None, typer.Option(help="share of raters that will be left out (default: 0.10)")] = None,
    trials_a_rater: Annotated[int | None, typer.Option(help="test pairs a rater (default: 24)")] = None,
    checks: Annotated[
        str | None, typer.Option(help="attention checks a rater: broken-sound, identical, instructed, with commas between; or none (default: broken-sound,instructed)")
    ] = None,
    repeats: Annotated[int | None, typer.Option(help="pairs a rater sees again with sides swapped (default: 2)")] = None,
    practice: Annotated[int | None, typer.Option(help="pairs before the test (default: 2)")] = None,
    cut: Annotated[
        bool | None, typer.Option("--cut", help="cut videos of a case that differ by more than a frame to the shortest")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="of all choices (default: 0)")] = None,
    plan: Annotated[Path | None, typer.Option("--from", help="YAML file with these options as keys; what is given here goes before")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be made")] = False,
    force: Annotated[bool, typer.Option("--force", help="design anew though people have answered; the old study is moved aside")] = False,
    results: Annotated[Path, typer.Option("--out", help="folder of all results")] = Path("out"),
) -> None:  # fmt: skip
    """Pairs of clips, who sees which in what order, and their videos: from results to study/NAME/study.yaml."""
    from bench.study.make import make_study
    from bench.study.plan import make_plan
    from bench.workspace import Workspace

    given: dict[str, Any] = {
        "name": name, "models": _words(models), "model_pairs": model_pairs, "cases": cases or None, "choose": choose,
        "allocation": allocation, "metrics": _words(metrics), "take": take, "questions": _words(questions), "ties": ties,
        "layout": layout, "reference": reference, "raters": raters, "effect": effect, "rater_icc": rater_icc,
        "clip_icc": clip_icc, "expected_ties": expected_ties, "dropout": dropout, "trials_a_rater": trials_a_rater,
        "checks": [] if checks == "none" else _words(checks), "repeats": repeats, "practice": practice, "cut": cut,
        "seed": seed,
    }  # fmt: skip
    chosen = make_plan({key: value for key, value in given.items() if value is not None}, plan)
    made = make_study(Workspace(results), chosen, force, dry_run)
    _print(made)


def _words(text: str | None) -> list[str] | None:
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]


def _print(made: Made) -> None:
    from rich.table import Table

    draft, plan = made.draft, made.draft.plan
    for (cases, case), why in made.candidates.left_out.items():
        console.print(f"left out: {case} of {cases}: {why}", highlight=False, markup=False, soft_wrap=True)
    longest = max(map(len, draft.design.blocks))
    table = Table(title=f"study {plan.name}", title_justify="left", show_header=False)
    rows = {
        "models": ", ".join(plan.models),
        "compared": ", ".join(f"{one} : {other}" for one, other in draft.comparisons),
        "cases": draft.criterion,
        "pairs of clips": f"{len(draft.design.pairs)}, and {len(draft.checks) + len(draft.practice)} of checks and practice",
        "raters": f"{made.size.raters}, {longest} trials each: {plan.practice} practice, {plan.trials_a_rater} test, "
        f"{plan.repeats} repeats, {len(plan.checks)} checks",
        "time a rater": f"about {draft.seconds_a_rater() / 60:.0f} minutes",
        "power": made.size.sentence,
        "balance": draft.design.balance.sentence(),
    }
    for heading, text in rows.items():
        table.add_row(heading, text)
    out.print(table)
    if made.study is None:
        out.print("dry run: nothing was written")
        return
    if made.kept is not None:
        out.print(f"the study that was here is now {made.kept}", soft_wrap=True, markup=False, highlight=False)
    out.print(f"Study: {(made.folder / 'study.yaml').resolve()}", soft_wrap=True, markup=False, highlight=False)
