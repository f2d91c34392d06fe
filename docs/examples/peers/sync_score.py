"""Second of SyncNet's two processes a clip: LSE-D, LSE-C and offset of a crop. ``python sync_score.py VIDEO [SOUND] WEIGHTS``.

As syncnet_python and Wav2Lip's evaluation do it: the frames go to JPEG files and come back, five at a time, 20 windows a batch.
Given a video that is cropped already, VIDEO may carry the sound itself.
"""

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import torch
from python_speech_features import mfcc

from datasets.media import read_audio
from metrics.features.syncnet import load_syncnet


def main(path, sound, weights):
    network = load_syncnet(Path(weights), "cpu")
    with tempfile.TemporaryDirectory() as folder:
        video, number = cv2.VideoCapture(path), 0
        while True:
            found, frame = video.read()
            if not found:
                break
            cv2.imwrite(f"{folder}/{number:06d}.jpg", frame)
            number += 1
        names = sorted(Path(folder).glob("*.jpg"))
        frames = np.stack([cv2.resize(cv2.imread(str(name)), (224, 224)) for name in names])
    audio = np.clip(np.rint(read_audio(Path(sound), 16000) * 32768), -32768, 32767)
    heard = mfcc(audio, 16000).T
    count = min(len(frames), len(audio) // 640) - 5
    pictures = torch.from_numpy(frames.astype(np.float32)).permute(3, 0, 1, 2)[None]
    columns = torch.from_numpy(heard.astype(np.float32))[None, None]
    lips, voices = [], []
    with torch.no_grad():
        for start in range(0, count, 20):
            batch = range(start, min(count, start + 20))
            lips.append(network.lips(torch.cat([pictures[:, :, f : f + 5] for f in batch]))[:, 0])
            voices.append(network.sound(torch.cat([columns[..., 4 * f : 4 * f + 20] for f in batch])))
    lips, voices = torch.cat(lips), torch.cat(voices)
    padded = torch.nn.functional.pad(voices, (0, 0, 15, 15))
    shifts = [torch.nn.functional.pairwise_distance(lips, padded[k : k + len(lips)]).mean() for k in range(31)]
    mean = torch.stack(shifts)
    print(f"lse_d {mean.min():.6f} lse_c {mean.median() - mean.min():.6f} offset {15 - int(mean.argmin())}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[-2], sys.argv[-1])
