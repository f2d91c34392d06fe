"""First of SyncNet's two processes a clip: find the face in every frame, follow it, write what is around it.

``python sync_crop.py VIDEO FOLDER WEIGHTS`` leaves ``crop.avi`` and ``crop.wav``. S3FD looks at a quarter of the frame, as in
syncnet_python; its layers and boxes are taken from this repository, since its authors publish no package.
"""

import sys
import wave
from pathlib import Path

import cv2
import numpy as np
from scipy.signal import medfilt

from datasets.media import read_audio
from metrics.features.s3fd import load_s3fd
from metrics.features.s3fd_boxes import detect_faces
from metrics.features.syncnet_protocol import DetectionRule


def main(path, folder, weights):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    detector, video, frames, boxes = load_s3fd(Path(weights), "cpu"), cv2.VideoCapture(path), [], []
    while True:
        found, frame = video.read()
        if not found:
            break
        frames.append(frame)
        faces = detect_faces(detector, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), DetectionRule())
        height, width = frame.shape[:2]
        # Untrained weights find no face: then the middle of the frame is cut, and the time is the same.
        boxes.append(faces[0][:4] if len(faces) else (width * 0.2, height * 0.2, width * 0.8, height * 0.8))
    left, top, right, bottom = np.array(boxes).T
    half = medfilt(np.maximum(right - left, bottom - top) / 2, 13)
    x, y = medfilt((left + right) / 2, 13), medfilt((top + bottom) / 2, 13)
    out = cv2.VideoWriter(str(folder / "crop.avi"), cv2.VideoWriter_fourcc(*"XVID"), 25, (224, 224))
    for frame, cx, cy, size in zip(frames, x, y, half, strict=True):
        pad = int(size * 1.8)
        grown = np.pad(frame, ((pad, pad), (pad, pad), (0, 0)), constant_values=110)
        cx, cy = cx + pad, cy + pad
        cut = grown[int(cy - size) : int(cy + size * 1.8), int(cx - size * 1.4) : int(cx + size * 1.4)]
        out.write(cv2.resize(cut if cut.size else frame, (224, 224)))
    out.release()
    with wave.open(str(folder / "crop.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((read_audio(Path(path), 16000) * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
