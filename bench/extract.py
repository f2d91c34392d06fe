"""extract: one decode of a video feeds the face tracker and every network; networks are batched across videos.

What is already in the feature cache is not measured again. Memory is bounded by the batches, never by a clip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.config import AUDIO_RATE
from bench.content import Video
from bench.errors import BenchError
from bench.features import FeatureStore, phoneme_arrays, track_arrays, track_from
from bench.parallel import run
from bench.progress import bar
from bench.store import sha256_file
from datasets.media import MediaError, read_audio, read_frames
from metrics.base import FaceTrack, Status, Unscorable, protocol_id
from metrics.features.base import FrameNetwork, PairNetwork

BATCH = 16
GROUP = 6
LENGTH_TOLERANCE = 2
"""Frames by which two paired videos may differ in length; the common part is compared."""


@dataclass(frozen=True)
class Plan:
    """What to measure and how: the same for every video of a run.

    Attributes:
        fps: frame rate at which frames are looked at (by timestamps, where the file has another).
        features: feature name -> protocol id of its cache files.
        assets: asset name -> file, for the networks.
        device: torch device. batch: inputs a network forward.
    """

    fps: float
    features: Mapping[str, str]
    assets: Mapping[str, Path]
    device: str = "cpu"
    batch: int = BATCH


def plan(names: Sequence[str], assets: Mapping[str, Path], fps: float, device: str = "cpu", batch: int = BATCH) -> Plan:
    """The plan for these features. `assets` must hold what their networks need.

    Raises:
        BenchError: a network's weights cannot be loaded.
    """
    from metrics.features import face_mesh, phonemes

    fps = float(fps)  # 25 and 25.0 are one protocol.
    opened = _open(names, assets, device)
    tracking = {**face_mesh.PROTOCOL, "fps": fps}
    ids = {"track": protocol_id("track", tracking)}
    if "phonemes" in names:
        ids["phonemes"] = protocol_id("phonemes", phonemes.PROTOCOL)
    for name, network in opened.items():
        seen = {"fps": fps} if name in pair_names() else {"track": tracking}
        weights = {asset: sha256_file(assets[asset]) for asset in network.assets}
        ids[name] = protocol_id(
            name,
            {**network.protocol, "per_second": network.per_second, "sampling": "middle", "weights": weights, **seen},
        )
    return Plan(fps, ids, dict(assets), device, batch)


def extract(videos: Sequence[Video], plan: Plan, store: FeatureStore, workers: int, title: str = "extract") -> int:
    """Measure what is missing and return how many videos had something missing. Videos with equal content are measured once."""
    pairs = pair_names()
    todo: list[tuple[Video, tuple[str, ...]]] = []
    planned: set[tuple[str, str]] = set()
    for video in videos:
        wanted = []
        for name, identity in plan.features.items():
            key = video.key(name, pairs)
            if key is not None and (identity, key) not in planned and not store.has(identity, key):
                wanted.append(name)
                planned.add((identity, key))
        if wanted:
            todo.append((video, tuple(wanted)))
    # Small enough groups keep both cores busy to the end; large enough ones fill the batches.
    size = max(1, min(GROUP, -(-len(todo) // (2 * workers))))
    groups = [_Group(tuple(todo[start : start + size]), plan, store) for start in range(0, len(todo), size)]
    with bar(title, len(todo)) as step:
        for group, _ in run(_extract_group, groups, workers):
            step(len(group.videos))
    return len(todo)


def pair_names() -> frozenset[str]:
    """Names of the networks that compare with the reference."""
    from metrics.features.registry import PAIR_NETWORKS

    return frozenset(PAIR_NETWORKS)


@dataclass(frozen=True)
class _Group:
    videos: tuple[tuple[Video, tuple[str, ...]], ...]
    plan: Plan
    store: FeatureStore


_OPEN: dict[tuple[str, ...], dict[str, Any]] = {}


def _open(names: Sequence[str], assets: Mapping[str, Path], device: str) -> dict[str, Any]:
    """The networks of these features, made once a process."""
    from metrics.features.registry import networks
    from metrics.features.weights import WeightsError

    known = networks()
    chosen = tuple(sorted(name for name in names if name in known))
    key = (*chosen, device)
    if key not in _OPEN:
        if chosen:
            import torch

            torch.set_num_threads(1)
        try:
            _OPEN[key] = {name: known[name](assets=assets, device=device) for name in chosen}
        except WeightsError as error:
            raise BenchError(str(error)) from error
    return _OPEN[key]


@dataclass
class _Collected:
    """Outputs of one network for one video, in the order in which its frames were seen."""

    at: list[int] = field(default_factory=list)
    rows: dict[int, NDArray[Any]] = field(default_factory=dict)


class _Batcher:
    """Collects inputs of one network from all videos of a group and runs it on full batches."""

    def __init__(self, network: FrameNetwork | PairNetwork, size: int) -> None:
        self.network: Any = network  # The two kinds differ in the second argument of `prepare` only.
        self.size = size
        self.inputs: list[NDArray[Any]] = []
        self.owners: list[tuple[_Collected, int]] = []

    def add(self, owner: _Collected, frame: int, data: NDArray[Any]) -> None:
        if self.inputs and self.inputs[0].shape != data.shape:
            self.flush()  # Pairs of another size: only equal shapes stack.
        owner.at.append(frame)
        self.inputs.append(data)
        self.owners.append((owner, frame))
        if len(self.inputs) >= self.size:
            self.flush()

    def flush(self) -> None:
        if self.inputs:
            outputs = np.asarray(self.network.forward(np.stack(self.inputs)))
            for (owner, frame), row in zip(self.owners, outputs, strict=True):
                owner.rows[frame] = row
        self.inputs, self.owners = [], []


def _extract_group(group: _Group) -> None:
    """Measure a few videos: one pass over each, networks batched across them, then everything is stored."""
    plan = group.plan
    networks = _open(tuple(plan.features), plan.assets, plan.device)
    batchers = {name: _Batcher(network, plan.batch) for name, network in networks.items()}
    passes = [_Pass(video, wanted, plan, group.store, batchers) for video, wanted in group.videos]
    for item in passes:
        item.look()
    for batcher in batchers.values():
        batcher.flush()
    for item in passes:
        item.save()


class _Pass:
    """One video's way through the extractors."""

    def __init__(
        self, video: Video, wanted: tuple[str, ...], plan: Plan, store: FeatureStore, batchers: Mapping[str, _Batcher]
    ) -> None:
        pairs = pair_names()
        self.video = video
        self.plan = plan
        self.store = store
        self.wanted = wanted
        self.of_frames = {n: batchers[n] for n in wanted if n in batchers and n not in pairs}
        self.of_pairs = {n: batchers[n] for n in wanted if n in batchers and n in pairs}
        self.collected = {name: _Collected() for name in (*self.of_frames, *self.of_pairs)}
        self.failures: dict[str, Unscorable] = {}
        self.track: FaceTrack | None = None
        self.count = 0

    def look(self) -> None:
        """Decode once; feed the tracker and the networks."""
        try:
            self._look()
        except MediaError as error:
            self.failures.update(dict.fromkeys(self.wanted, _as_unscorable(error)))
        except ValueError as error:
            # The extractors' word for frames that they cannot take (a size that changes, a picture that is too small).
            self.failures.update(dict.fromkeys(self.wanted, Unscorable(Status.UNDEFINED, str(error))))
        if "phonemes" in self.wanted:
            self._listen()

    def _look(self) -> None:
        need_track = "track" in self.wanted or bool(self.of_frames)
        if not need_track and not self.of_pairs:
            return
        known = self._known_track() if need_track and "track" not in self.wanted else None
        tracker = _tracker() if need_track and known is None else None
        other = 0
        for index, (frame, reference) in enumerate(self._frames()):
            other += reference is not None
            if frame is None:
                continue
            self.count += 1
            landmarks: NDArray[np.float32] | None = None
            if known is not None:
                landmarks = known.landmarks[index] if index < len(known) and known.present[index] else None
            elif tracker is not None:
                if index == 0:
                    tracker.start(frame.shape[1], frame.shape[0], self.plan.fps)
                landmarks = tracker.step(frame)
            if landmarks is not None:
                for name, batcher in self.of_frames.items():
                    if _sampled(index, batcher.network.per_second, self.plan.fps):
                        batcher.add(self.collected[name], index, batcher.network.prepare(frame, landmarks))
            if reference is not None and self.of_pairs:
                same = _resized(frame, reference)
                for name, batcher in self.of_pairs.items():
                    if _sampled(index, batcher.network.per_second, self.plan.fps):
                        batcher.add(self.collected[name], index, batcher.network.prepare(same, reference))
        if tracker is not None:
            self.track = tracker.finish()
        if self.of_pairs and abs(self.count - other) > LENGTH_TOLERANCE:
            why = f"{self.count} frames beside the reference's {other}; at most {LENGTH_TOLERANCE} may differ"
            self.failures.update({name: Unscorable(Status.TOO_SHORT, why) for name in self.of_pairs})

    def _frames(self) -> Iterator[tuple[NDArray[np.uint8] | None, NDArray[np.uint8] | None]]:
        frames = read_frames(self.video.path, self.plan.fps)
        if not self.of_pairs or self.video.reference is None:
            for frame in frames:
                yield frame, None
            return
        yield from zip_longest(frames, self._reference_frames())

    def _reference_frames(self) -> Iterator[NDArray[np.uint8]]:
        if self.video.reference is None:
            return
        try:
            yield from read_frames(self.video.reference, self.plan.fps)
        except MediaError as error:
            why = Unscorable(Status.NO_REFERENCE, f"the reference cannot be read: {error.detail}")
            self.failures.update(dict.fromkeys(self.of_pairs, why))

    def _known_track(self) -> FaceTrack | None:
        try:
            return track_from(*self.store.load(self.plan.features["track"], self.video.pictures))
        except Unscorable:
            return None

    def _listen(self) -> None:
        from metrics.features.phonemes import recognise

        key, identity = self.video.sound, self.plan.features["phonemes"]
        try:
            phonemes = recognise(read_audio(self.video.path, AUDIO_RATE), AUDIO_RATE)
        except MediaError as error:
            self.store.save_failure(identity, key, _as_unscorable(error))
        else:
            self.store.save(identity, key, *phoneme_arrays(phonemes))

    def save(self) -> None:
        """Store what was collected, or why there is nothing."""
        pairs = pair_names()
        if "track" in self.wanted:
            self._save_track()
        for name, collected in self.collected.items():
            key, identity = self.video.key(name, pairs), self.plan.features[name]
            assert key is not None
            failure = self.failures.get(name)
            if failure is None and not collected.rows:
                failure = self._why_nothing(name)
            if failure is not None:
                self.store.save_failure(identity, key, failure)
                continue
            at = np.asarray(sorted(collected.at), np.int64)
            rows = np.stack([collected.rows[index] for index in at]).astype(np.float32)
            self.store.save(identity, key, {"values": rows, "at": at}, {})

    def _why_nothing(self, name: str) -> Unscorable:
        network = {**self.of_frames, **self.of_pairs}[name].network
        if any(_sampled(index, network.per_second, self.plan.fps) for index in range(self.count)):
            return Unscorable(Status.NO_FACE, "no face in any of the frames looked at")
        return Unscorable(
            Status.TOO_SHORT, f"{self.count} frames are too few for {network.per_second:g} samples a second"
        )

    def _save_track(self) -> None:
        key, identity = self.video.pictures, self.plan.features["track"]
        failure = self.failures.get("track")
        if failure is None and self.track is None:
            failure = Unscorable(Status.DECODE_ERROR, "the video has no frame")
        if failure is None and self.track is not None and not self.track.present.any():
            failure = Unscorable(Status.NO_FACE, f"no face in any of {len(self.track)} frames")
        if failure is not None:
            self.store.save_failure(identity, key, failure)
        elif self.track is not None:
            self.store.save(identity, key, *track_arrays(self.track))


_TRACKER: list[Any] = []


def _tracker() -> Any:
    """The process's face tracker. `start` forgets the video before: no state crosses from one to the next."""
    from metrics.features.face_mesh import FaceTracker

    if not _TRACKER:
        _TRACKER.append(FaceTracker())
    return _TRACKER[0]


def _sampled(index: int, per_second: float, fps: float) -> bool:
    """Whether a network looks at this frame: every one, or the middle one of every stretch.

    The middle, because the first frame is the portrait that the model was given and says nothing of what it made.
    """
    if per_second <= 0 or per_second >= fps:
        return True
    stride = max(1, round(fps / per_second))
    return index % stride == stride // 2


def _resized(frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The generated frame in the size of the reference: area filter down, cubic up."""
    if frame.shape == reference.shape:
        return frame
    height, width = reference.shape[:2]
    filter_ = cv2.INTER_AREA if height < frame.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(frame, (width, height), interpolation=filter_), np.uint8)


def _as_unscorable(error: MediaError) -> Unscorable:
    if error.reason == "write_error":
        raise BenchError(f"{error.path}: {error.detail}") from error
    return Unscorable(Status(error.reason), f"{error.path.name}: {error.detail}")
