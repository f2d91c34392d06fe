"""The model card beside exported weights: what they were trained on, for how long, on what, and how far it went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.space.recipe import Recipe
from bench.store import sha256_file, write_bytes
from bench.training.store import StoredClip

CARD = "README.md"


def write_card(
    folder: Path, recipe: Recipe, histories: Mapping[str, Mapping[str, Any]], clips: Sequence[StoredClip]
) -> None:
    """Write ``README.md`` into a folder of exported weights.

    Args:
        histories: what the loop said of each stage (``history.json``), by stage.
        clips: all that it was trained on.
    """
    talks = [clip for clip in clips if not clip.drawn]
    machines = sorted({str(history["machine"]) for history in histories.values()})
    lines = [
        f"# SPACE `{recipe.name}`",
        "",
        f"{recipe.summary[0].upper()}{recipe.summary[1:]}.",
        "",
        f"Made by `space-bench train --recipe {recipe.name}` from `{', '.join(recipe.data.datasets)}`: "
        f"{_amount([clip for clip in clips if clip.drawn], recipe)} of video"
        f"{f', and {_amount(talks, recipe)} of sound with landmarks (`talks`)' if talks else ''}. The recipe lies beside this file (`recipe.yaml`).",
        f"Machine: {'; '.join(machines)}.",
        "",
        "| stage | steps | minutes | last losses (weighted) |",
        "| --- | --- | --- | --- |",
    ]
    for stage, history in histories.items():
        losses = ", ".join(
            f"{name.removeprefix('loss/')} {value:.4f}"
            for name, value in history["losses"].items()
            if not name.startswith(("gradient", "learning"))
        )
        lines.append(f"| {stage} | {history['steps']} | {history['seconds'] / 60:.0f} | {losses} |")
    lines += ["", "| file | size | sha256 |", "| --- | --- | --- |"]
    for path in sorted(folder.glob("*.safetensors")):
        lines.append(f"| `{path.name}` | {path.stat().st_size / 1e6:.2f} MB | `{sha256_file(path)}` |")
    lines += [
        "",
        "**Limits.** It knows what its data shows: see the dataset's card, and `docs/space.md` for what this recipe does otherwise",
        "than the paper. Videos of real people need their consent and a visible note that they are made: `docs/responsible-use.md`.",
        "",
    ]
    write_bytes(folder / CARD, "\n".join(lines).encode())


def _amount(clips: Sequence[StoredClip], recipe: Recipe) -> str:
    minutes = sum(clip.frames for clip in clips) / recipe.model.fps / 60
    return f"{len(clips)} clips, {minutes:.0f} minutes"
