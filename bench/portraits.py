"""Source portraits: measured once a picture, for metrics that compare a video with the portrait it was made from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.features import FeatureStore
from bench.plan import Plan, open_network
from bench.progress import watched
from bench.store import sha256_file
from metrics.base import Features, Status, Unscorable


def measure_portraits(portraits: Iterable[Path], plan: Plan, store: FeatureStore) -> None:
    """Measure what `plan.portraits` asks for and the cache lacks. A picture without a face is a failure in the cache."""
    todo: dict[str, Path] = {}
    for path in dict.fromkeys(portraits) if plan.portraits else ():
        key = sha256_file(path)
        if not all(store.has(identity, key) for identity in plan.portraits.values()):
            todo[key] = path
    for key, path in watched(todo.items(), "portraits", len(todo)) if todo else ():
        _measure(key, path, plan, store)


def portrait_features(path: Path, plan: Plan, store: FeatureStore) -> Features:
    """What was measured of one portrait."""
    key = sha256_file(path)
    samples, failures = {}, {}
    for name, identity in plan.portraits.items():
        try:
            samples[name] = store.load(identity, key)[0]["values"]
        except Unscorable as error:
            failures[name] = error
    return Features(fps=plan.fps, frames=1, samples=samples, failures=failures)


def _measure(key: str, path: Path, plan: Plan, store: FeatureStore) -> None:
    from metrics.features.face_mesh import locate

    try:
        picture: NDArray[np.uint8] = np.asarray(Image.open(path).convert("RGB"), np.uint8)
        landmarks = locate(picture)
        failure = None
    except (OSError, ValueError) as error:
        failure = Unscorable(Status.DECODE_ERROR, f"{path.name}: {error}")
    for name, identity in plan.portraits.items():
        network = open_network(name, plan.assets, plan.device)
        if failure is not None:
            store.save_failure(identity, key, failure)
            continue
        if landmarks is None and network.needs_face:
            why = f"no face in the source portrait {path.name}"
            store.save_failure(identity, key, Unscorable(Status.NO_FACE, why))
            continue
        values = np.asarray(network.forward(network.prepare(picture, landmarks)[None]), np.float32)
        store.save(identity, key, {"values": values, "at": np.zeros(1, np.int64)}, {})
