"""Frames of all videos of a folder as PNG files, which pytorch-fid reads. ``python save_frames.py VIDEOS FRAMES``."""

import sys
from pathlib import Path

import cv2


def main(videos, folder):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for path in sorted(Path(videos).glob("*.mp4")):
        video, number = cv2.VideoCapture(str(path)), 0
        while True:
            found, frame = video.read()
            if not found:
                break
            cv2.imwrite(f"{folder}/{path.stem}-{number:05d}.png", frame)
            number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
