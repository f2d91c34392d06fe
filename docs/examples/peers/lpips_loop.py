"""LPIPS the usual way: one pair of videos, a frame at a time. ``python lpips_loop.py MADE REAL [EVERY]``."""

import sys

import cv2
import lpips
import numpy as np
import torch


def read(path):
    video, frames = cv2.VideoCapture(path), []
    while True:
        found, frame = video.read()
        if not found:
            return frames
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))


def tensor(frame):
    return torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 127.5 - 1


def main(made, real, every=5):
    network = lpips.LPIPS(net="alex", verbose=False)
    pairs = list(zip(read(made), read(real), strict=False))[every // 2 :: every]
    with torch.no_grad():
        distances = [network(tensor(one), tensor(other)).item() for one, other in pairs]
    print(f"lpips {np.mean(distances):.6f}")


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
