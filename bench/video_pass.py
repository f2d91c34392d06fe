"""One video's way through the extractors: decoded once, whatever is asked of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import zip_longest
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.batcher import Batcher, Collected
from bench.config import AUDIO_RATE
from bench.content import Video
from bench.errors import BenchError
from bench.features import FeatureStore, phoneme_arrays, track_arrays, track_from
from bench.few_frames import FewFrames
from bench.pair_size import in_size_of
from bench.plan import Plan, open_listener
from bench.sync_pass import SyncPass
from datasets.media import MediaError, read_audio, read_frames
from metrics.base import FaceTrack, Status, Unscorable
from metrics.features.base import FewFramesNetwork, WindowNetwork
from metrics.features.registry import PAIR_NETWORKS, SPEECH

LENGTH_TOLERANCE = 2
"""Frames by which two paired videos may differ in length; the common part is compared."""


class VideoPass:
    """Feeds tracker and networks, keeps what they say, and stores it or the reason why there is nothing.

    Args:
        wanted: features to measure. batchers: of the networks among them, shared with other videos.
    """

    def __init__(
        self, video: Video, wanted: tuple[str, ...], plan: Plan, store: FeatureStore, batchers: Mapping[str, Batcher]
    ) -> None:
        self.video = video
        self.plan = plan
        self.store = store
        self.wanted = wanted
        self.of_frames = {n: batchers[n] for n in wanted if n in batchers and n not in PAIR_NETWORKS}
        self.of_pairs = {n: batchers[n] for n in wanted if n in batchers and n in PAIR_NETWORKS}
        self.networks = {n: b.network for n, b in (*self.of_frames.items(), *self.of_pairs.items())}
        self.few: dict[str, FewFrames] = {}
        self.windows: dict[str, list[NDArray[Any]]] = {}
        self.sync = SyncPass(video, wanted, plan)
        self.collected = {name: Collected() for name in self.networks}
        self.failures: dict[str, Unscorable] = {}
        self.track: FaceTrack | None = None
        self.count = 0

    def look(self) -> None:
        """Decode once; feed the tracker and the networks."""
        try:
            self._look()
        except MediaError as error:
            self._fail(as_unscorable(error))
        except ValueError as error:
            # The tracker's word for frames that it cannot take (a size that changes).
            self._fail(Unscorable(Status.UNDEFINED, str(error)))
        if "phonemes" in self.wanted:
            self._listen()
        if SPEECH in self.wanted:
            self._hear_speech()
        self.sync.after(self.track)

    def _fail(self, failure: Unscorable) -> None:
        self.failures.update(dict.fromkeys(self.wanted, failure))
        self.sync.fail(failure)

    def _look(self) -> None:
        needs_face = any(batcher.network.needs_face for batcher in self.of_frames.values())
        need_track = "track" in self.wanted or needs_face or self.sync.needs_face
        if not need_track and not self.of_pairs and not self.of_frames:
            return
        for name, batcher in self.of_frames.items():
            if isinstance(batcher.network, FewFramesNetwork):
                self.few[name] = FewFrames(self.video.path, self.plan.fps, batcher.network.per_video)
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
                landmarks = _found(tracker, frame, index)
            self._feed_frame(index, frame, landmarks)
            if reference is not None and self.of_pairs:
                self._feed_pair(index, frame, reference)
        self.track = known if tracker is None else tracker.finish()
        self._feed_few()
        if self.of_pairs and abs(self.count - other) > LENGTH_TOLERANCE:
            why = f"{self.count} frames beside the reference's {other}; at most {LENGTH_TOLERANCE} may differ"
            status = Status.TOO_SHORT if self.count < other else Status.UNDEFINED
            self.failures.update({name: Unscorable(status, why) for name in self.of_pairs})

    def _feed_frame(self, index: int, frame: NDArray[np.uint8], landmarks: NDArray[np.float32] | None) -> None:
        self.sync.see(frame, landmarks)
        for name, batcher in tuple(self.of_frames.items()):
            if name in self.few:
                self.few[name].see(index, frame)
            elif landmarks is None and batcher.network.needs_face:
                continue
            elif isinstance(batcher.network, WindowNetwork):
                self._feed_window(name, index, frame, batcher.network)
            elif _sampled(index, batcher.network.per_second, self.plan.fps):
                self._add(name, index, partial(batcher.network.prepare, frame, landmarks))

    def _feed_window(self, name: str, index: int, frame: NDArray[np.uint8], network: Any) -> None:
        window = self.windows.setdefault(name, [])
        window.append(network.prepare(frame, None))
        if len(window) == network.window:
            self._add(name, index, partial(np.stack, tuple(window)))
            window.clear()

    def _feed_pair(self, index: int, frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> None:
        try:
            frame = in_size_of(frame, reference)
        except Unscorable as error:
            self.failures.update(dict.fromkeys(self.of_pairs, error))
            self.of_pairs.clear()
        for name, batcher in tuple(self.of_pairs.items()):
            if _sampled(index, batcher.network.per_second, self.plan.fps):
                self._add(name, index, partial(batcher.network.prepare, frame, reference))

    def _feed_few(self) -> None:
        for name, few in self.few.items():
            try:
                for index, frame in few.chosen(self.count):
                    self._add(name, index, partial(self.networks[name].prepare, frame, None))
            except MediaError as error:
                self.failures[name] = as_unscorable(error)

    def _add(self, name: str, index: int, prepare: Callable[[], NDArray[Any]]) -> None:
        """One input for one network. What it cannot take (a picture that is too small) ends that network's part alone."""
        batchers = self.of_pairs if name in self.of_pairs else self.of_frames
        if name not in batchers:
            return
        try:
            batchers[name].add(self.collected[name], index, prepare())
        except (ValueError, cv2.error) as error:
            self.failures[name] = Unscorable(Status.UNDEFINED, str(error).strip())
            del batchers[name]

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
            self._store("phonemes", as_unscorable(error))
        else:
            self.store.save(identity, key, *phoneme_arrays(phonemes))

    def _hear_speech(self) -> None:
        try:
            values = open_listener(self.plan.assets).probabilities(read_audio(self.video.path, AUDIO_RATE))
        except MediaError as error:
            self._store(SPEECH, as_unscorable(error))
        except Unscorable as error:
            self._store(SPEECH, error)
        else:
            self._store(SPEECH, {"values": values, "at": np.arange(len(values), dtype=np.int64)})

    def save(self) -> None:
        """Store what was collected, or why there is nothing."""
        if "track" in self.wanted:
            self._save_track()
        for name, collected in self.collected.items():
            failure = self.failures.get(name)
            if failure is None and not collected.rows:
                failure = self._why_nothing(name)
            self._store(name, failure or collected.arrays())
        for name, found in self.sync.results.items():
            self._store(name, found)

    def _store(self, name: str, found: Mapping[str, NDArray[Any]] | Unscorable) -> None:
        key, identity = self.video.key(name), self.plan.features[name]
        assert key is not None
        if not isinstance(found, Unscorable):
            self.store.save(identity, key, found, {})
        elif not all(os.access(path, os.R_OK) for path in (self.video.path, self.video.reference) if path is not None):
            # Says nothing of the content, by which failures are kept: the same file may be well at the next run.
            self.store.save_lost(identity, key, found)
        else:
            self.store.save_failure(identity, key, found)

    def _why_nothing(self, name: str) -> Unscorable:
        network = self.networks[name]
        if isinstance(network, WindowNetwork):
            return Unscorable(
                Status.TOO_SHORT, f"{self.count} frames are fewer than the {network.window} of one window"
            )
        if any(_sampled(index, network.per_second, self.plan.fps) for index in range(self.count)):
            return Unscorable(Status.NO_FACE, "no face in any of the frames looked at")
        return Unscorable(
            Status.TOO_SHORT, f"{self.count} frames are too few for {network.per_second:g} samples a second"
        )

    def _save_track(self) -> None:
        failure = self.failures.get("track")
        if failure is None and self.track is None:
            failure = Unscorable(Status.DECODE_ERROR, "the video has no frame")
        if failure is None and self.track is not None and not self.track.present.any():
            failure = Unscorable(Status.NO_FACE, f"no face in any of {len(self.track)} frames")
        if failure is not None:
            self._store("track", failure)
        elif self.track is not None:
            self.store.save(self.plan.features["track"], self.video.pictures, *track_arrays(self.track))


_TRACKER: list[Any] = []


def _tracker() -> Any:
    """The process's face tracker. `start` forgets the video before: no state crosses from one to the next."""
    from metrics.features.face_mesh import FaceTracker

    if not _TRACKER:
        _TRACKER.append(FaceTracker())
    return _TRACKER[0]


def _found(tracker: Any, frame: NDArray[np.uint8], index: int) -> NDArray[np.float32] | None:
    """The face in a frame. A fault of the libraries below is this video's, not the end of the other two thousand."""
    try:
        landmarks: NDArray[np.float32] | None = tracker.step(frame)
    except (cv2.error, RuntimeError) as error:
        why = f"the face tracker failed at frame {index}: {type(error).__name__}: {str(error).strip()}"
        raise ValueError(why) from error
    return landmarks


def _sampled(index: int, per_second: float, fps: float) -> bool:
    """Whether a network looks at this frame: every one, or the middle one of every stretch.

    The middle, because the first frame is the portrait that the model was given and says nothing of what it made.
    """
    if per_second <= 0 or per_second >= fps:
        return True
    stride = max(1, round(fps / per_second))
    return index % stride == stride // 2


def as_unscorable(error: MediaError) -> Unscorable:
    """A file's fault as a failure to keep by content, hence without a name; `BenchError` where it is ours (a disk that is full)."""
    if error.reason == "write_error":
        raise BenchError(f"{error.path}: {error.detail}") from error
    return Unscorable(Status(error.reason), error.detail)
