"""The strip of README: one portrait, emotions (columns) at rising intensity (rows), at one moment of one speech.

python docs/examples/emotion_strip.py [--image PICTURE] [--audio SPEECH] [--out docs/space-emotions.png]
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from bench.assets import open_store
from bench.config import AUDIO_RATE
from bench.space.portrait import open_portrait
from bench.space.pretrained import load_space
from bench.space.run import Engine, animate, emotion_vector, fixed_pose, make_source, prepare
from datasets.media import read_audio
from space_ref.animator import Direction
from space_ref.controls import Blink, Controls

EMOTIONS = ("happy", "surprised", "angry", "disgusted", "fear", "sad", "contempt")
INTENSITIES = (0.0, 0.33, 0.67, 1.0)
MARGIN = 0.12
"""Share of the face's height that is shown around it."""
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
    low, high = face.landmarks[:, :2].min(axis=0), face.landmarks[:, :2].max(axis=0)
    middle, half = (low + high) / 2, (0.5 + MARGIN) * float((high - low).max())
    (left, top), (right, bottom) = np.round([middle - half, middle + half]).astype(int).clip(0, len(face.picture))
    figure, axes = plt.subplots(len(INTENSITIES), len(EMOTIONS), figsize=(9, 5.4))
    for row, intensity in zip(axes, INTENSITIES, strict=True):
        for axis, emotion in zip(row, EMOTIONS, strict=True):
            direction = Direction(
                emotion_vector({emotion: intensity}), fixed_pose(source, frames + 1), Controls(blink=Blink(rate=0))
            )
            made = animate(space, source, [audio], AUDIO_RATE, frames, space.config.fps, direction, engine)
            axis.imshow(next(islice(made, frames - 1, None))[top:bottom, left:right])
            axis.set(xticks=[], yticks=[])
            if intensity == INTENSITIES[0]:
                axis.set_title(emotion, fontsize=10)
        row[0].set_ylabel(f"{intensity:g}")
    figure.tight_layout(pad=0.3)
    figure.savefig(arguments.out, dpi=100)


if __name__ == "__main__":
    main()
