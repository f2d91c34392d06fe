"""One landmark metric of one pair of videos, with MediaPipe's face mesh. ``python mesh_metric.py METRIC MADE REAL``.

METRIC is m_ld, f_ld, m_lvd, f_lvd or head. Each call decodes and tracks both videos, as a script for one metric does.
"""

import sys

import cv2
import mediapipe
import numpy as np

LIPS = sorted({point for pair in mediapipe.solutions.face_mesh.FACEMESH_LIPS for point in pair})


def track(path):
    video, points = cv2.VideoCapture(path), []
    with mediapipe.solutions.face_mesh.FaceMesh(refine_landmarks=True) as mesh:
        while True:
            found, frame = video.read()
            if not found:
                return np.array(points)
            faces = mesh.process(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)).multi_face_landmarks
            if faces:
                points.append([(p.x * frame.shape[1], p.y * frame.shape[0]) for p in faces[0].landmark])


def main(metric, made, real):
    one, other = track(made), track(real)
    length = min(len(one), len(other))
    one, other = one[:length], other[:length]
    if metric == "head":
        value = np.linalg.norm(one.mean(axis=1) - other.mean(axis=1), axis=-1).mean()
    else:
        chosen = LIPS if metric.startswith("m") else list(range(468))
        one, other = one[:, chosen], other[:, chosen]
        if metric.endswith("lvd"):
            one, other = np.diff(one, axis=0), np.diff(other, axis=0)
        else:
            one, other = (side - side.mean(axis=1, keepdims=True) for side in (one, other))
        value = np.linalg.norm(one - other, axis=-1).mean()
    print(f"{metric} {value:.6f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
