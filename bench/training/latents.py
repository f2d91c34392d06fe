"""Latent keypoints of a store's clips, as one trained generator sees them: kept beside the clips, by its name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.store import replacing
from bench.workspace import safe


def latents_path(root: Path, name: str, clip: str) -> Path:
    """``latents/<name>/<aa>/<digest of the clip's name>.npy`` below the store."""
    digest = hashlib.sha256(clip.encode()).hexdigest()[:24]
    return root / "latents" / safe(name) / digest[:2] / f"{digest}.npy"


def write_latents(root: Path, name: str, clip: str, keypoints: NDArray[np.float32]) -> None:
    """Keep the keypoints of one clip; the file appears whole, so that an extraction can be stopped and gone on with.

    Args:
        root: the store. name: of the generator and its weights, a hash of them best; one path component.
        clip: name of the clip. keypoints: ``(T, K, 3)`` in -1..1 image coordinates, finite.

    Raises:
        BenchError: an array that is not as described, or a disk that cannot be written.
    """
    if keypoints.ndim != 3 or keypoints.shape[2] != 3 or not np.isfinite(keypoints).all():
        raise BenchError(f"latents of clip {clip!r}: expected finite (T, K, 3), found shape {keypoints.shape}")
    with replacing(latents_path(root, name, clip)) as temporary, temporary.open("wb") as stream:
        np.save(stream, keypoints.astype("<f4", copy=False), allow_pickle=False)


def read_latents(root: Path, name: str, clip: str, frames: int) -> NDArray[np.float32]:
    """``(T, K, 3)`` float32 of one clip, mapped.

    Raises:
        BenchError: they were never written, are damaged, or are not of `frames` frames.
    """
    path = latents_path(root, name, clip)
    if not path.is_file():
        raise BenchError(f"clip {clip!r} has no latents {name!r} in {root}. Extract them with that generator first.")
    try:
        keypoints: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise BenchError(f"{path} cannot be read ({error}). Remove it and extract the latents again.") from error
    if keypoints.ndim != 3 or keypoints.dtype != np.float32 or len(keypoints) != frames:
        raise BenchError(f"{path}: expected float32 ({frames}, K, 3), found {keypoints.dtype} {keypoints.shape}")
    return keypoints
