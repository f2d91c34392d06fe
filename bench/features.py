"""The feature cache: what was measured once from one video, addressed by its content and the protocol.

``features/<protocol id>/<aa>/<sha256>.safetensors``: shared by all models and runs, never keyed by path or name.
A failure to measure is cached like a measurement: a file without tensors whose metadata say why.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from bench.store import write_bytes, write_json
from metrics.base import FaceTrack, Phoneme, Status, Unscorable

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class FeatureStore:
    """Reads and writes feature files below one root."""

    root: Path

    def path(self, protocol_id: str, key: str) -> Path:
        return self.root / protocol_id / key[:2] / f"{key}.safetensors"

    def has(self, protocol_id: str, key: str) -> bool:
        return self.path(protocol_id, key).is_file()

    def save(self, protocol_id: str, key: str, arrays: Arrays, meta: Mapping[str, Any]) -> None:
        tensors = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        write_bytes(
            self.path(protocol_id, key), save(tensors, {name: json.dumps(value) for name, value in meta.items()})
        )
        self._lost(protocol_id, key).unlink(missing_ok=True)

    def save_failure(self, protocol_id: str, key: str, failure: Unscorable) -> None:
        self.save(protocol_id, key, {}, {"status": failure.status.value, "detail": failure.detail})

    def save_lost(self, protocol_id: str, key: str, failure: Unscorable) -> None:
        """Why nothing was measured this time. Beside the cache, not in it: the next run tries again."""
        write_json(self._lost(protocol_id, key), {"status": failure.status.value, "detail": failure.detail})

    def was_lost(self, protocol_id: str, key: str) -> bool:
        return self._lost(protocol_id, key).is_file()

    def ended_worker(self, protocol_id: str, key: str) -> bool:
        """Whether it was lost because workers died over it."""
        if not self.was_lost(protocol_id, key):
            return False
        lost = json.loads(self._lost(protocol_id, key).read_text(encoding="utf-8"))
        return bool(lost["status"] == Status.ERROR)

    def _lost(self, protocol_id: str, key: str) -> Path:
        return self.path(protocol_id, key).with_suffix(".lost.json")

    def load(self, protocol_id: str, key: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and metadata of one feature.

        Raises:
            Unscorable: the feature could not be measured (its recorded reason), or its file is absent or damaged.
        """
        path = self.path(protocol_id, key)
        try:
            with safe_open(path, framework="numpy") as stream:
                meta = {name: json.loads(text) for name, text in (stream.metadata() or {}).items()}
                arrays = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        except FileNotFoundError:
            if self.was_lost(protocol_id, key):
                lost = json.loads(self._lost(protocol_id, key).read_text(encoding="utf-8"))
                raise Unscorable(Status(lost["status"]), lost["detail"]) from None
            raise Unscorable(
                Status.ERROR, f"feature file {path.name} is missing; run `space-bench score` again"
            ) from None
        except (SafetensorError, OSError) as error:
            path.unlink(missing_ok=True)
            raise Unscorable(Status.ERROR, f"feature file {path.name} was damaged and is removed; run again") from error
        if "status" in meta:
            raise Unscorable(Status(meta["status"]), meta["detail"])
        return arrays, meta


def pair_key(first: str, second: str) -> str:
    """The cache key of what is measured of two contents together (a video and its reference, pictures and sound)."""
    return hashlib.sha256(f"{first}:{second}".encode()).hexdigest()


def track_arrays(track: FaceTrack) -> tuple[Arrays, dict[str, Any]]:
    """A face track as arrays and metadata."""
    meta = {"width": track.width, "height": track.height, "fps": track.fps}
    return {"landmarks": track.landmarks.astype(np.float32), "present": track.present.astype(np.uint8)}, meta


def track_from(arrays: Arrays, meta: Mapping[str, Any]) -> FaceTrack:
    """The inverse of `track_arrays`."""
    return FaceTrack(arrays["landmarks"], arrays["present"].astype(bool), meta["width"], meta["height"], meta["fps"])


def phoneme_arrays(phonemes: list[Phoneme]) -> tuple[Arrays, dict[str, Any]]:
    """Recognised phonemes as arrays and metadata."""
    times = np.array([(p.start, p.end) for p in phonemes], np.float64).reshape(-1, 2)
    return {"times": times}, {"symbols": [p.symbol for p in phonemes]}


def phonemes_from(arrays: Arrays, meta: Mapping[str, Any]) -> list[Phoneme]:
    """The inverse of `phoneme_arrays`."""
    return [Phoneme(s, float(a), float(b)) for s, (a, b) in zip(meta["symbols"], arrays["times"], strict=True)]
