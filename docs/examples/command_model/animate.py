"""A talking-head model that shares nothing with the suite: an environment, a library and a file format of its own.

It opens a mouth with the loudness of the speech, and writes uncompressed AVI files with sound. Two ways to start it:

    python animate.py --image portrait.png --audio speech.wav --fps 25 --frames 75 --output out.avi
    python animate.py --manifest cases.jsonl        # one start for many: a JSON object a line, with the same names
"""

import argparse
import array
import json
import wave
from pathlib import Path
from typing import Any

import png
from avi import write_avi

LIPS, CHIN = 0.71, 0.88  # where the lips meet and where the moved part ends, in heights of the picture: a guess
LEFT, RIGHT = 0.42, 0.6
WIDEST = 0.05

Plane = list[bytes]


def loudness(samples: array.array, rate: int, frames: int, fps: float) -> list[float]:
    """One number a frame, 0..1: the root mean square of its stretch of sound over the loudest one."""
    found = []
    for frame in range(frames):
        part = samples[round(frame / fps * rate) : round((frame + 1) / fps * rate)]
        found.append((sum(value * value for value in part) / len(part)) ** 0.5 if part else 0.0)
    loudest = max(found) or 1.0
    return [value / loudest for value in found]


def planes(rows: list[bytes]) -> tuple[Plane, Plane, Plane]:
    """Rows of RGB bytes -> Y, U, V as rows of bytes; every second row and column of the colours is kept."""
    y, u, v = [], [], []
    for number, row in enumerate(rows):
        pixels = list(zip(row[0::3], row[1::3], row[2::3], strict=True))
        y.append(bytes(16 + (66 * r + 129 * g + 25 * b) // 256 for r, g, b in pixels))
        if number % 2 == 0:
            u.append(bytes(128 + (-38 * r - 74 * g + 112 * b) // 256 for r, g, b in pixels[::2]))
            v.append(bytes(128 + (112 * r - 94 * g - 18 * b) // 256 for r, g, b in pixels[::2]))
    return y, u, v


def opened(plane: Plane, amount: float, dark: int) -> bytes:
    """The rows between lips and chin moved down by `amount` of the height, and darkness between the lips."""
    height, width = len(plane), len(plane[0])
    gap, lips, chin = round(amount * height), round(LIPS * height), round(CHIN * height)
    left, right = round(LEFT * width), round(RIGHT * width)
    shadow = bytes([dark]) * (right - left)
    moved = [
        row[:left] + (shadow if number < lips + gap else plane[number - gap][left:right]) + row[right:]
        for number, row in enumerate(plane[lips:chin], start=lips)
    ]
    return b"".join([*plane[:lips], *moved, *plane[chin:]])


def animate(case: dict[str, Any]) -> None:
    """One video. Of what a case gives, head pose and emotion are not followed."""
    width, height, rows, _ = png.Reader(filename=case["image"]).asRGB8()
    with wave.open(case["audio"]) as sound:
        rate, samples = sound.getframerate(), array.array("h", sound.readframes(sound.getnframes()))
    y, u, v = planes([bytes(row) for row in rows])
    pictures = [
        opened(y, WIDEST * loud, 16) + opened(u, WIDEST * loud, 128) + opened(v, WIDEST * loud, 128)
        for loud in loudness(samples, rate, case["frames"], case["fps"])
    ]
    write_avi(Path(case["output"]), pictures, width, height, case["fps"], samples.tobytes(), rate)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    for name in ("image", "audio", "output", "manifest"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--fps", type=float)
    parser.add_argument("--frames", type=int)
    options = vars(parser.parse_args())
    if options["manifest"] is None:
        animate(options)
        return
    for line in Path(options["manifest"]).read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        print("making", case["case"], flush=True)
        animate(case)


if __name__ == "__main__":
    main()
