"""The page's part on known damage: makes the damaged clips, measures them, and says how every metric answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.assets import AssetStore
from bench.config import Params
from bench.features import FeatureStore
from bench.scoring import chosen_metrics, feature_plan
from bench.store import write_bytes
from bench.summary import FEW_SPEAKERS
from bench.validity.catalogue import DAMAGES, Damage
from bench.validity.expectations import LIKELY, departs, undeclared, weakly_as_expected
from bench.validity.figure import few_colours, response_curves
from bench.validity.make import make, planned
from bench.validity.markdown import markdown
from bench.validity.measure import Measured, measure
from bench.validity.response import Response, Verdict, response
from bench.validity.subjects import PUPPET, SAMPLE, puppets, samples
from bench.validity.words import LEGEND, sentence, smallest_row, unscored, verdict_row
from bench.workspace import Workspace
from metrics.base import Metric
from reports.figure_style import to_bytes


@dataclass(frozen=True)
class Scope:
    """How much is done: numbers of synthetic and real clips, and the damages with their levels."""

    puppets: int
    samples: int
    damages: tuple[Damage, ...]


def _few_levels(damage: Damage) -> Damage:
    middle, last = damage.levels[(len(damage.levels) - 1) // 2], damage.levels[-1]
    return replace(damage, levels=(middle, last))


FULL = Scope(puppets=6, samples=7, damages=DAMAGES)
QUICK = Scope(puppets=2, samples=1, damages=tuple(_few_levels(damage) for damage in DAMAGES))
"""A first look: too few clips for intervals that mean something."""


def damage_part(params: Params, workspace: Workspace, assets: AssetStore, scope: Scope, page: Path) -> str:
    """The text; its figures are written into a folder beside the page that has the page's name.

    Raises:
        BenchError: the real clips are not prepared, a portrait is unfit, or ``expectations.yaml`` names what is not there.
    """
    measured = measured_damage(params, workspace, assets, scope)
    chosen = [metric for metric in chosen_metrics(params.metrics) if metric.name not in measured[0].waiting]
    responses = {
        (each.dataset, metric.name, damage.name): found
        for each in measured for metric in chosen for damage in scope.damages
        if (found := response(each, metric, damage)) is not None
    }  # fmt: skip
    figures = _figures(scope, measured, responses, page)
    return _text(scope, measured, chosen, responses, figures)


def measured_damage(params: Params, workspace: Workspace, assets: AssetStore, scope: Scope) -> list[Measured]:
    """Outcomes of every metric on every clip under every damage; only what is missing is made and measured."""
    root, workers, fps = workspace.root / "validity", params.worker_count(), params.video.fps
    subjects = puppets(scope.puppets, fps, root / "clips", assets, workers)
    if scope.samples:
        subjects += samples(scope.samples, workspace)
    damaged = planned(subjects, scope.damages, root / "videos")
    make(damaged, workers)
    chosen = chosen_metrics(params.metrics)
    plan = feature_plan(chosen, fps, params.device, assets)
    return measure(subjects, damaged, chosen, plan, FeatureStore(workspace.features), assets, workers)


Responses = Mapping[tuple[str, str, str], Response]
"""By dataset, metric and damage."""


def _figures(scope: Scope, measured: Sequence[Measured], responses: Responses, page: Path) -> list[tuple[str, str]]:
    """Write a figure a dataset and group of damages; gives title and path from the page of each."""
    written = []
    for each in measured:
        for group in dict.fromkeys(damage.group for damage in scope.damages):
            own = [one for one in responses.values() if one.dataset == each.dataset and one.damage.group == group]
            title = f"{each.dataset}: damage to {group}, difference from the clip itself with 95 % interval"
            figure = response_curves(title, own)
            if figure is None:
                continue
            stem = Path(page.stem) / f"{each.dataset}-{group}"
            write_bytes(page.parent / stem.with_suffix(".pdf"), to_bytes(figure, "pdf"))
            write_bytes(page.parent / stem.with_suffix(".png"), few_colours(to_bytes(figure, "png")))
            written.append((f"{each.dataset}, {group}", stem.as_posix()))
    return written


def _text(
    scope: Scope, measured: Sequence[Measured], chosen: Sequence[Metric], responses: Responses,
    figures: Sequence[tuple[str, str]],
) -> str:  # fmt: skip
    datasets = [each.dataset for each in measured]
    answers = {
        metric.name: [
            [responses.get((dataset, metric.name, damage.name)) for dataset in datasets] for damage in scope.damages
        ]
        for metric in chosen
    }
    found = list(responses.values())
    heads = ("metric", *(damage.title for damage in scope.damages))
    both = " and ".join(datasets)
    return "".join([
        _introduction(scope, measured),
        f"### Verdicts\n\nEach cell: {both}; one sign where a damage can be done to one of them only.\n\n{LEGEND}\n",
        markdown(heads, [verdict_row(metric, answers[metric.name]) for metric in chosen]),
        "\n### Smallest damage seen\n\n", _SMALLEST,
        markdown(heads, [smallest_row(metric, answers[metric.name]) for metric in chosen]),
        "\n### Where it is not so\n\n", _departures(found), "\n### Better by damage\n\n", _improved(found),
        "\n### Where there is no value\n\n", unscored(found), "\n### Curves\n\n", _CURVES,
        *(f"![{title}]({path}.png)\n\n[{title} as PDF]({path}.pdf)\n\n" for title, path in figures),
        "### Not run\n\n", _waiting(measured[0]), _unasked(chosen),
    ])  # fmt: skip


def _introduction(scope: Scope, measured: Sequence[Measured]) -> str:
    counts, few = [], ""
    for each in measured:
        people = len({subject.labels.speaker for subject in each.subjects})
        counts.append(f"{len(each.subjects)} clips of {people} speakers of `{each.dataset}`")
        if 1 < people < FEW_SPEAKERS:
            few += f"\n**{people} speakers of `{each.dataset}`** make wide intervals: what cannot be told here may be told by more."
    levels = sum(len(damage.levels) for damage in scope.damages)
    text = _INTRODUCTION.format(clips=" and ".join(counts), damages=len(scope.damages), levels=levels, few=few)
    rows = [
        (damage.title, ", ".join(damage.label(level) for level in damage.levels), " and ".join(damage.datasets))
        for damage in scope.damages
    ]
    return text + markdown(("damage", "levels", "done to"), rows) + "\n"


def _departures(found: Sequence[Response]) -> str:
    """Sentences: first what is otherwise, then what only too few clips may hide."""
    wrong = [each for each in found if departs(each)]
    if not wrong:
        return "Nowhere: every metric does what it must.\n"
    weak = [each for each in wrong if weakly_as_expected(each)]
    firm = [each for each in wrong if not weakly_as_expected(each)]
    counted = Counter(each.dataset for each in firm)
    text = f"{len(firm)} of {len(found)} pairs of metric and damage ({', '.join(f'{k} {v}' for k, v in counted.items())}).\n\n"
    text += "".join(f"- {sentence(each)}\n" for each in firm)
    if weak:
        text += f"\nIn {len(weak)} more the means get worse with the damage (ρ of {LIKELY} or more), but no interval leaves out 0:\n\n"
        cells: dict[str, list[str]] = {}
        for each in weak:
            cells.setdefault(each.metric.title, []).append(f"{each.damage.title} ({each.dataset})")
        text += "".join(f"- **{title}**: {', '.join(damages)}\n" for title, damages in cells.items())
    return text


def _improved(found: Sequence[Response]) -> str:
    """What no expectation forbids and a reader must know: damage that a metric rewards."""
    better = [
        each for each in found
        if each.verdict is Verdict.BETTER and each.metric.better != "none" and not departs(each)
    ]  # fmt: skip
    if not better:
        return "None beyond those above.\n"
    cells: dict[str, list[str]] = {}
    for each in better:
        cells.setdefault(each.metric.title, []).append(f"{each.damage.title} ({each.dataset})")
    return "".join(f"- **{title}**: {', '.join(damages)}\n" for title, damages in cells.items())


def _waiting(measured: Measured) -> str:
    if not measured.waiting:
        return "Every metric ran.\n"
    names = ", ".join(f"`{name}`" for name in measured.waiting)
    return f"{len(measured.waiting)} metrics wait for weights (`space-bench assets list`): {names}.\n"


def _unasked(chosen: Sequence[Metric]) -> str:
    names = ", ".join(metric.title for metric in undeclared(chosen))
    return f"\nRun, but without a declared expectation: {names}.\n" if names else ""


_INTRODUCTION = f"""{{clips}} are spoiled in {{damages}} known ways at {{levels}} levels, and each spoiled clip is scored against
the clip as a model's video would be. The clip against itself is level 0. `{PUPPET}` is drawn again with the error inside (head turned, mouth
scaled, another expression, another face in the same performance); `{SAMPLE}` is real and cannot be, so pose errors are in the picture plane
there, a wrong person is the frames of another speaker, and mouth and emotion are left out. Random drops and noise come from a seed, and what a
weak level drops a strong one drops too.

Written frames are encoded once more, and a metric that is exact on the clip itself sees that alone. So damage to pictures has to be told from
the clip that was **only re-encoded** (crf 10, once); damage to sound keeps the pictures packet for packet and has to be told from the clip.
Told is what the 95 % interval of the paired difference says (bootstrap over speakers). What must happen stands in
`bench/validity/expectations.yaml`. Only one real speaker speaks: for sync that one's clips are resampled, and a single clip has no interval.{{few}}

"""
_SMALLEST = """The first level from which on every level can be told, by the interval of the paired difference; · where the strongest cannot, other
signs as above.

"""
_CURVES = """A panel for each metric that can tell at least one of the damages. Levels are evenly spaced, from the clip itself (0) to the strongest (1); the
table above says what they are.

"""
