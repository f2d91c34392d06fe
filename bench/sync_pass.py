"""SyncNet's part of a video's pass: lips from the frames that are decoded anyway, sound, and the legacy protocols."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.content import Video
from bench.plan import Plan, open_meter
from datasets.media import MediaError, read_audio, read_frames, read_shown
from metrics.base import FaceTrack, Status, Unscorable
from metrics.features.registry import SYNC_FEATURES, SYNC_LEGACY
from metrics.features.syncnet_layout import FPS, RATE, packed
from metrics.lse import LIPS, SOUND

if TYPE_CHECKING:
    from metrics.features.syncnet_clip import ClipSource
    from metrics.features.syncnet_meter import SyncMeter
    from metrics.features.syncnet_stream import LipStream

Found = Mapping[str, NDArray[Any]] | Unscorable


class SyncPass:
    """What is asked of SyncNet for one video. Only legacy protocols, and videos not looked at 25 times a second, are decoded again.

    Attributes:
        results: arrays ``values`` and ``at`` by feature name, or why there are none.
    """

    def __init__(self, video: Video, wanted: tuple[str, ...], plan: Plan) -> None:
        self.video = video
        self.plan = plan
        self.wanted = [name for name in wanted if name in SYNC_FEATURES]
        self.results: dict[str, Found] = {}
        self.stream: LipStream | None = None
        if self.needs_face and plan.fps == FPS:
            from metrics.features.syncnet_stream import LipStream

            self.stream = LipStream(self._meter(LIPS).embedder)

    @property
    def needs_face(self) -> bool:
        return LIPS in self.wanted

    def see(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32] | None) -> None:
        """The next frame of the pass, and the face in it."""
        if self.stream is not None:
            self.stream.add(frame, landmarks)

    def fail(self, failure: Unscorable) -> None:
        """The pictures could not be read to their end."""
        self.results.update({name: failure for name in self.wanted if name != SOUND})

    def after(self, track: FaceTrack | None) -> None:
        """What is left to do when the pass is over."""
        for name in self.wanted:
            if name in self.results:
                continue
            try:
                self.results[name] = self._measure(name, track)
            except Unscorable as error:
                self.results[name] = error
            except MediaError as error:
                self.results[name] = Unscorable(Status(error.reason), error.detail)

    def _measure(self, name: str, track: FaceTrack | None) -> Mapping[str, NDArray[Any]]:
        if name == LIPS:
            values, at = packed(self.stream.finish()) if self.stream is not None else self._again(track)
            return {"values": values, "at": at}
        audio = read_audio(self.video.path, RATE)
        if name == SOUND:
            values = self._meter(SOUND).sound(audio)
        else:
            values = self._meter(name).score(SYNC_LEGACY[name], self._source(), audio)
        return {"values": values, "at": np.arange(len(values), dtype=np.int64)}

    def _again(self, track: FaceTrack | None) -> tuple[NDArray[Any], NDArray[np.int64]]:
        if track is None:
            raise Unscorable(Status.NO_FACE, "there is no face track")
        return self._meter(LIPS).lips(self._source(), track)

    def _meter(self, name: str) -> SyncMeter:
        return open_meter(name, self.plan.assets, self.plan.device)

    def _source(self) -> ClipSource:
        from metrics.features.syncnet_clip import ClipSource

        path = self.video.path
        return ClipSource(partial(read_frames, path, FPS), partial(read_shown, path))
