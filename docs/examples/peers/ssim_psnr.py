"""PSNR and SSIM the usual way: one pair of videos, frame by frame, with scikit-image. ``python ssim_psnr.py MADE REAL``."""

import sys

import cv2
import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


def read(path):
    video, frames = cv2.VideoCapture(path), []
    while True:
        found, frame = video.read()
        if not found:
            return frames
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))


def main(made, real):
    psnr, ssim = [], []
    for one, other in zip(read(made), read(real), strict=False):
        psnr.append(peak_signal_noise_ratio(other, one))
        ssim.append(
            structural_similarity(
                other, one, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
            )
        )
    print(f"psnr {np.mean(psnr):.6f} ssim {np.mean(ssim):.6f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
