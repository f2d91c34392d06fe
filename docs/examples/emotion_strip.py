"""The strip of README: one portrait, some emotions (rows) at rising intensity (columns), at one moment of one speech.

python docs/examples/emotion_strip.py [--image PICTURE] [--audio SPEECH] [--out docs/space-emotions.png]
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

import matplotlib.pyplot as plt

from bench.assets import open_store
from bench.config import AUDIO_RATE
from bench.space.portrait import open_portrait
from bench.space.pretrained import load_space
from bench.space.run import Engine, animate, emotion_vector, fixed_pose, make_source, prepare
from datasets.media import read_audio
from space_ref.animator import Direction
from space_ref.controls import Blink, Controls

EMOTIONS = ("happy", "angry", "surprised", "sad")
INTENSITIES = (0.0, 0.33, 0.67, 1.0)
SHOWN = 1.6
"""Second of the speech that is shown."""


def main() -> None:
    """Draw the strip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, help="a picture; by default one that no training has seen")
    parser.add_argument("--audio", type=Path, help="speech; by default the sample clip's")
    parser.add_argument("--out", type=Path, default=Path("docs/space-emotions.png"))
    arguments = parser.parse_args()
    store = open_store()
    face = open_portrait(arguments.image or store.path("pyfeat_face_b"), 256, 1.9)
    audio = read_audio(arguments.audio or store.path("obama_speech_video"), AUDIO_RATE)
    engine = Engine()
    space = prepare(load_space("small").space, engine)
    source = make_source(space, face.picture, face.landmarks)
    frames = round(SHOWN * space.config.fps) + 1
    figure, axes = plt.subplots(len(EMOTIONS), len(INTENSITIES), figsize=(8, 8.2))
    for row, emotion in zip(axes, EMOTIONS, strict=True):
        for axis, intensity in zip(row, INTENSITIES, strict=True):
            direction = Direction(
                emotion_vector({emotion: intensity}), fixed_pose(source, frames + 1), Controls(blink=Blink(rate=0))
            )
            made = animate(space, source, [audio], AUDIO_RATE, frames, space.config.fps, direction, engine)
            axis.imshow(next(islice(made, frames - 1, None)))
            axis.set(xticks=[], yticks=[])
            if row is axes[0]:
                axis.set_title(f"{intensity:g}")
        row[0].set_ylabel(emotion)
    figure.tight_layout(pad=0.3)
    figure.savefig(arguments.out, dpi=100)


if __name__ == "__main__":
    main()
