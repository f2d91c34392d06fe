"""From S3FD's maps to faces: boxes decoded, overlapping ones suppressed."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from metrics.features.s3fd import S3FD, FaceMaps
from metrics.features.syncnet_protocol import DetectionRule

VARIANCES = (0.1, 0.2)
STRIDES = (4, 8, 16, 32, 64, 128)
ANCHOR = 4
"""Side of a box that offsets refer to, in strides."""

Boxes = NDArray[np.float64]


def decode_boxes(maps: FaceMaps, confidence: float) -> Boxes:
    """Faces of one picture more probable than `confidence`, most probable first.

    Returns:
        ``(N, 5)``: left, top, right, bottom in pixels of the network's input, probability.
    """
    found = [np.empty((0, 5))]
    for scores, offsets, stride in zip(maps.scores, maps.offsets, STRIDES, strict=True):
        probability = torch.softmax(scores[0].double(), dim=0)[1].cpu().numpy()
        rows, columns = np.nonzero(probability > confidence)
        moved = offsets[0].double().cpu().numpy()[:, rows, columns]
        side = ANCHOR * stride
        centre = (np.stack([columns, rows]) + 0.5) * stride + moved[:2] * VARIANCES[0] * side
        half = side * np.exp(moved[2:] * VARIANCES[1]) / 2
        found.append(np.concatenate([centre - half, centre + half, probability[None, rows, columns]]).T)
    boxes = np.concatenate(found)
    return boxes[np.argsort(-boxes[:, 4], kind="stable")]


def suppress(boxes: Boxes, overlap: float) -> Boxes:
    """Non-maximum suppression: a box stays if no more probable one that stays covers it by more than `overlap` (IoU).

    Args:
        boxes: ``(N, 5)`` as of `decode_boxes`, most probable first.
    """
    kept: list[NDArray[np.float64]] = []
    for box in boxes:
        if not kept or np.all(intersection_over_union(np.stack(kept), box) <= overlap):
            kept.append(box)
    return np.stack(kept) if kept else np.empty((0, 5))


def intersection_over_union(boxes: Boxes, box: Boxes) -> NDArray[np.float64]:
    """Of each of ``(N, 4+)`` boxes with one ``(4+,)``, ``(N,)`` in 0..1; 0 where both are empty."""
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:4], box[2:4])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    joint = np.prod(boxes[:, 2:4] - boxes[:, :2], axis=1) + np.prod(box[2:4] - box[:2]) - shared
    out: NDArray[np.float64] = np.divide(shared, joint, out=np.zeros_like(shared), where=joint > 0)
    return out


def detect_faces(network: S3FD, frame: NDArray[np.uint8], rule: DetectionRule) -> Boxes:
    """Faces of one RGB frame ``(H, W, 3)``: ``(N, 5)`` boxes in its pixels with their probability, most probable first.

    A frame that the scale shrinks below one pixel has no face.
    """
    height, width = frame.shape[:2]
    if min(round(height * rule.scale), round(width * rule.scale)) < 1:
        return np.empty((0, 5))
    small = cv2.resize(frame, None, fx=rule.scale, fy=rule.scale, interpolation=cv2.INTER_LINEAR)
    parameter = network.fc6.weight
    with torch.inference_mode():
        picture = torch.from_numpy(small).to(parameter.device, parameter.dtype).permute(2, 0, 1)[None]
        maps = network(network.mean_subtracted(picture))
    boxes = suppress(decode_boxes(maps, rule.confidence), rule.overlap)
    boxes[:, :4] *= np.tile([width / small.shape[1], height / small.shape[0]], 2)
    return suppress(boxes, rule.final_overlap)
