"""A stand-in for "videos that somebody already generated": knows nothing of the suite but its case table.

For every case it stretches the lower face with the loudness of the speech and writes the result in a size, frame rate
and container of its own. Replace the twenty lines of `animate` by a call to your model and the rest stays as it is:

    python docs/examples/loudness_model.py out/cases/sample/test/self.parquet out/raw/folder/sample
"""

from __future__ import annotations

import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
from scipy.io import wavfile

SIDE, FPS = 320, 30


def animate(portrait: np.ndarray, speech: np.ndarray, rate: int) -> list[np.ndarray]:
    """Frames ``(320, 320, 3)`` RGB: what lies below the mouth line moves down with the loudness."""
    portrait = cv2.resize(portrait, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    count = int(len(speech) / rate * FPS)
    loud = np.array([np.sqrt(np.mean(part**2)) for part in np.array_split(speech, count)])
    opening = 14 * np.clip(loud / (np.percentile(loud, 95) + 1e-6), 0, 1)
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    face = np.exp(-(((columns - SIDE / 2) / (0.2 * SIDE)) ** 2))
    chin = np.clip((rows - 0.62 * SIDE) / (0.1 * SIDE), 0, 1) * np.clip((0.98 * SIDE - rows) / (0.2 * SIDE), 0, 1)
    moved = ((rows - amount * face * chin).astype(np.float32) for amount in opening)
    return [cv2.remap(portrait, columns, source, cv2.INTER_LINEAR) for source in moved]


def write(path: Path, frames: list[np.ndarray], speech: np.ndarray, rate: int) -> None:
    """H.264 pictures, which browsers play, and PCM sound in a QuickTime file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=FPS, options={"crf": "18"})
        pictures.width = pictures.height = SIDE
        pictures.pix_fmt = "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=rate)
        for frame in frames:
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(pictures.encode())
        samples = av.AudioFrame.from_ndarray((speech * 32767).astype(np.int16)[None], format="s16", layout="mono")
        samples.sample_rate = rate
        container.mux(sound.encode(samples))
        container.mux(sound.encode())


def main(table: Path, target: Path) -> None:
    root = table.parents[3]
    for case in pd.read_parquet(table).itertuples():
        if pd.isna(case.audio):
            continue  # This model needs speech; the suite lists the case as not generated.
        portrait = cv2.cvtColor(cv2.imread(str(root / case.portrait)), cv2.COLOR_BGR2RGB)
        rate, speech = wavfile.read(root / case.audio)
        speech = speech.astype(np.float32) / 32768
        write(target / f"{case.case}.mov", animate(portrait, speech, rate), speech, rate)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
