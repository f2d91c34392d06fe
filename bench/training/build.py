"""From clips to a training store: decoded once, tracked once. Resumable, parallel, each clip on its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError, Unusable
from bench.parallel import run
from bench.progress import bar
from bench.store import REJECTED_COLUMNS, Journal, digest, replacing, write_table
from bench.training.store import (
    FORMAT,
    INDEX_COLUMNS,
    StoreSettings,
    check_settings,
    clip_file,
    file_bytes,
    write_settings,
)
from datasets.media import MediaError, read_audio, read_frames
from datasets.standardize import cut_audio
from metrics.features.face_mesh import FaceTracker

MIN_PRESENT = 0.5


class Source(Protocol):
    """What one clip of the store is made from.

    Attributes:
        clip: unique name. speaker: who is seen. emotion: one of MEAD's eight names, or None. level: 1..3, or None.
        dataset, split, place: where it comes from, for the table of rejected clips.
    """

    @property
    def clip(self) -> str: ...
    @property
    def speaker(self) -> str: ...
    @property
    def emotion(self) -> str | None: ...
    @property
    def level(self) -> int | None: ...
    @property
    def dataset(self) -> str: ...
    @property
    def split(self) -> str: ...
    @property
    def place(self) -> str: ...

    def fingerprint(self) -> Any:
        """What the clip depends on, as JSON: another value makes it anew."""

    def write(self, stream: BinaryIO, settings: StoreSettings) -> dict[str, int]:
        """Write the file of the clip and give its sizes, as the index names them.

        Raises:
            MediaError, Unusable: the clip cannot be used.
        """


@dataclass(frozen=True)
class ClipSource:
    """One standard clip: a square crop that follows one face.

    Attributes:
        clip, speaker, emotion, level, dataset, split: as in `Source`.
        video: its pictures. audio: its sound where that lies apart, else the video's own is read.
    """

    clip: str
    speaker: str
    video: Path
    audio: Path | None = None
    emotion: str | None = None
    level: int | None = None
    dataset: str = ""
    split: str = ""

    @property
    def place(self) -> str:
        return str(self.video)

    def fingerprint(self) -> Any:
        return [_file_fingerprint(self.video), _file_fingerprint(self.audio)]

    def write(self, stream: BinaryIO, settings: StoreSettings) -> dict[str, int]:
        # Frames go to the disk as they come: memory is bounded by one frame and the landmarks.
        offsets = [0]
        tracker = FaceTracker()
        try:
            track = tracker.track(_packed(stream, self.video, settings, offsets), settings.fps)
        finally:
            tracker.close()
        present = int(track.present.sum())
        if present < MIN_PRESENT * len(track):
            raise Unusable(
                "no_face", f"a face in {present} of {len(track)} frames; at least {MIN_PRESENT:.0%} are needed"
            )
        units = track.landmarks * np.float32(2 / track.width) - np.array([1, 1, 0], np.float32)
        return finish_clip(stream, offsets, units, present, _sound(self, len(track), settings))


def finish_clip(
    stream: BinaryIO, offsets: Sequence[int], landmarks: NDArray[np.float32], present: int, sound: NDArray[np.int16]
) -> dict[str, int]:
    """Write what follows the frames of a clip's file, and give its sizes.

    Args:
        stream: behind the last frame. offsets: ``(T + 1,)``, where each frame begins and the last one ends; all 0
            without pictures. landmarks: ``(T, 478, 3)`` in frame units. present: frames with a face. sound: ``(S,)``.
    """
    pictures = -(-offsets[-1] // 8) * 8
    stream.write(bytes(pictures - offsets[-1]))
    for array, kind in ((offsets, "<i8"), (landmarks, "<f4"), (sound, "<i2")):
        stream.write(np.ascontiguousarray(array, kind).tobytes())
    return {
        "frames": len(landmarks), "present": present, "samples": len(sound), "pictures": pictures,
        "bytes": file_bytes(pictures, len(landmarks), len(sound)),
    }  # fmt: skip


def packed_sound(audio: NDArray[np.float32], frames: int, settings: StoreSettings) -> NDArray[np.int16]:
    """Sound in -1..1 at the rate of the settings, from the first frame on, as the store keeps it."""
    cut = cut_audio(audio, settings.audio_rate, 0.0, frames, settings.fps)
    return np.round(np.clip(cut, -1, 1) * 32767).astype(np.int16)


@dataclass(frozen=True)
class _Job:
    source: Source
    root: Path
    settings: StoreSettings
    recipe: str


def build_store(root: Path, clips: Sequence[Source], settings: StoreSettings, workers: int = 1) -> None:
    """Make the training store of exactly these clips at `root`; what is there and still good is kept.

    A clip that cannot be used is a row of ``rejected.parquet`` with a reason, as in data preparation. A clip without
    sound is kept (it can train the generator of frames).

    Args:
        root: folder of the store. clips: in the order that the index shall have. workers: processes.

    Raises:
        BenchError: the folder holds a store of other settings; two clips of one name; no clip is usable.
    """
    names = [source.clip for source in clips]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise BenchError(f"training store {root}: two clips are named {double!r}; names must be unique.")
    if (root / "store.json").is_file():
        check_settings(root, settings)
    else:
        write_settings(root, settings)
    journal = Journal(root / "built.jsonl", key="clip")
    jobs = []
    for source in clips:
        recipe = digest([FORMAT, *source.fingerprint()])
        if not _done(journal, source.clip, recipe, root):
            jobs.append(_Job(source, root, settings, recipe))
    with bar("training store", len(jobs)) as step:
        for _, entry in run(_build_one, jobs, workers):
            journal.add(entry)
            step()
    rows, turned_away = [], []
    for source in clips:
        entry = journal.entries[source.clip]
        labels = {"clip": source.clip, "speaker": source.speaker, "emotion": source.emotion, "level": source.level}
        if entry["status"] == "ok":
            rows.append({**labels, "file": clip_file(source.clip), **entry["sizes"]})
        else:
            turned_away.append(
                {"dataset": source.dataset, "split": source.split, "source": source.place,
                 "reason": entry["status"], "detail": entry["detail"]}
            )  # fmt: skip
    write_table(root / "rejected.parquet", turned_away, REJECTED_COLUMNS)
    if not rows:
        first = turned_away[0] if turned_away else {"source": root, "detail": "no clip was given"}
        raise BenchError(f"training store {root}: no usable clip; first: {first['source']}: {first['detail']}")
    write_table(root / "index.parquet", rows, INDEX_COLUMNS)


def _done(journal: Journal, clip: str, recipe: str, root: Path) -> bool:
    entry = journal.entries.get(clip)
    if entry is None or entry["recipe"] != recipe:
        return False
    if entry["status"] != "ok":
        return True
    path = root / clip_file(clip)
    return path.is_file() and path.stat().st_size == entry["sizes"]["bytes"]


def _file_fingerprint(path: Path | None) -> list[Any] | None:
    # Size and time instead of the content: hashing a whole dataset before each run would cost too much.
    if path is None:
        return None
    try:
        stat = path.stat()
    except OSError:
        return [path.name, "missing"]
    return [path.name, stat.st_size, stat.st_mtime_ns]


def _build_one(job: _Job) -> dict[str, Any]:
    """Write the file of one clip; what goes wrong with its media is its own rejected row."""
    entry: dict[str, Any] = {"clip": job.source.clip, "recipe": job.recipe, "status": "ok", "detail": ""}
    try:
        with replacing(job.root / clip_file(job.source.clip)) as temporary, temporary.open("wb") as stream:
            entry["sizes"] = job.source.write(stream, job.settings)
    except (MediaError, Unusable) as error:
        entry.update(status=error.reason, detail=error.detail)
    return entry


def _packed(stream: BinaryIO, video: Path, settings: StoreSettings, offsets: list[int]) -> Iterator[NDArray[np.uint8]]:
    """The frames as they are (for the tracker), while their JPEGs go to the stream and their ends to `offsets`."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, settings.jpeg_quality]
    for frame in read_frames(video, settings.fps):
        height, width = frame.shape[:2]
        if height != width:
            raise Unusable("not_square", f"its frames are {width}x{height}; the store takes standard (square) clips")
        picture = frame
        if width != settings.size:
            method = cv2.INTER_AREA if width > settings.size else cv2.INTER_CUBIC
            picture = np.asarray(cv2.resize(frame, (settings.size, settings.size), interpolation=method), np.uint8)
        encoded, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)
        if not encoded:
            raise BenchError(f"{video}: a frame of {picture.shape} could not be packed as JPEG")
        offsets.append(offsets[-1] + stream.write(data.tobytes()))
        yield frame


def _sound(source: ClipSource, frames: int, settings: StoreSettings) -> NDArray[np.int16]:
    try:
        audio = read_audio(source.audio or source.video, settings.audio_rate)
    except MediaError as error:
        if error.reason != "no_audio":
            raise
        return np.zeros(0, np.int16)
    return packed_sound(audio, frames, settings)
