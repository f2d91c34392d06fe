"""From the feature cache back to what metrics read: `Features` of a video, with the reason for what is missing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path
from typing import Any

from bench.config import AUDIO_RATE
from bench.content import Video
from bench.features import FeatureStore, phonemes_from, track_from
from bench.plan import Plan
from datasets.base import readable
from datasets.media import MediaError, read_audio
from metrics.base import Features, Status, Unscorable

KEPT_REFERENCES, KEPT_BYTES = 64, 512 * 2**20
"""References whose features stay in memory: some megabytes each, but a hundred for ten minutes of video."""


class Loader:
    """Features of videos from the cache; what is missing is carried as its reason."""

    def __init__(self, planned: Plan, store: FeatureStore) -> None:
        self.plan = planned
        self.store = store
        self._references: OrderedDict[Path, Features] = OrderedDict()

    def reference(self, video: Video | None, names: Collection[str] | None = None) -> Features | None:
        """Features of a reference, or only those of these names. The latest whole ones are kept: models share them."""
        if video is None:
            return None
        if names is not None:
            return self.features(video, names, "reference ")
        if video.path not in self._references:
            self._references[video.path] = self.features(video, whose="reference ")
            while len(self._references) > 1 and (
                len(self._references) > KEPT_REFERENCES or sum(map(_bytes, self._references.values())) > KEPT_BYTES
            ):
                self._references.popitem(last=False)
        self._references.move_to_end(video.path)
        return self._references[video.path]

    def features(self, video: Video, names: Collection[str] | None = None, whose: str = "") -> Features:
        """Everything that was measured of one video, or only what has these names; `whose` goes before its name in reasons."""
        found: dict[str, Any] = {}
        samples: dict[str, Any] = {}
        at: dict[str, Any] = {}
        failures: dict[str, Unscorable] = {}
        for name, identity in self.plan.features.items():
            if names is not None and name not in names:
                continue
            key = video.key(name)
            if key is None:
                failures[name] = Unscorable(Status.NO_REFERENCE, "the case has no reference clip to compare with")
                continue
            try:
                arrays, meta = self.store.load(identity, key)
            except Unscorable as error:
                # The cache knows contents, which may lie under many names, and a row must say which of two videos it means.
                failures[name] = Unscorable(error.status, f"{whose}{readable(video.path.name)}: {error.detail}")
                continue
            if name == "track":
                found["track"] = track_from(arrays, meta)
            elif name == "phonemes":
                found["phonemes"] = phonemes_from(arrays, meta)
            else:
                samples[name], at[name] = arrays["values"], arrays["at"]
        if names is None or "audio" in names:
            try:
                found["audio"] = read_audio(video.path, AUDIO_RATE)
            except MediaError as error:
                failures["audio"] = Unscorable(
                    Status(error.reason), f"{whose}{readable(video.path.name)}: {error.detail}"
                )
        frames = len(found["track"]) if "track" in found else 0
        return Features(
            fps=self.plan.fps,
            frames=frames,
            samples=samples,
            sampled_at=at,
            failures=failures,
            audio_rate=AUDIO_RATE,
            **found,
        )


def _bytes(features: Features) -> int:
    """That its arrays take."""
    track = [] if features.track is None else [features.track.landmarks]
    audio = [] if features.audio is None else [features.audio]
    return sum(array.nbytes for array in (*track, *audio, *features.samples.values()))
