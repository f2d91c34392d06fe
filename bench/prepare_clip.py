"""One source clip to its standard form and renditions: decoded once, tracked on the way, cut when the track is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.config import AUDIO_RATE, VideoConfig
from bench.content import content_hashes
from bench.errors import BenchError, Unusable
from bench.quality import Shown, measure, write_thumbnail
from bench.store import sha256_file
from datasets.base import SourceClip
from datasets.crop_rules import FaceGeometry, place
from datasets.crops import PROTOCOLS, CropProtocol
from datasets.frame_buffer import FrameBuffer
from datasets.media import MediaError, read_audio, read_shown, resample, write_audio, write_video
from datasets.standardize import Crop, CropPath, as_stored, cut_audio
from metrics.base import FaceTrack
from metrics.features.regions import IBUG68

Frame = NDArray[np.uint8]
Samples = NDArray[np.float32]

MIN_SECONDS = 1.0
MIN_PRESENT = 0.5
SPARE = 1.0
"""Seconds of sound that are read beyond the end, since the last frame may reach beyond it."""


@dataclass(frozen=True)
class Output:
    """One form in which clips are written.

    Attributes:
        name: of the rendition; "" for the standard clip. folder: where its files go.
        size: side in pixels. fps: frames a second. protocol: how it is cropped.
    """

    name: str
    folder: Path
    size: int
    fps: float
    protocol: CropProtocol

    def span(self, start: float, end: float) -> tuple[int, int | None]:
        """First frame and the one after the last, counted at this rate from the first frame of the source."""
        first = round(start * self.fps)
        return first, None if math.isinf(end) else max(first + 1, round(end * self.fps))


@dataclass(frozen=True)
class Job:
    """One clip to make.

    Attributes:
        outputs: the standard form first. max_seconds: longer clips are cut there. recipe: digest of all that matters.
    """

    clip: SourceClip
    outputs: tuple[Output, ...]
    max_seconds: float
    recipe: str

    @property
    def end(self) -> float:
        """Seconds; infinite where only the source says."""
        return min(self.clip.end if self.clip.end is not None else math.inf, self.clip.start + self.max_seconds)

    @property
    def spans(self) -> list[tuple[int, int | None, float]]:
        """Of each output: first frame and the one after the last, counted from the source's first, and the rate."""
        return [(*output.span(self.clip.start, self.end), output.fps) for output in self.outputs]

    @property
    def begin(self) -> float:
        """Time in the source of the earliest first frame, in seconds."""
        return min(first / fps for first, _, fps in self.spans)


def outputs_of(video: VideoConfig, folder: Path) -> tuple[Output, ...]:
    """The standard form and the renditions that the parameters ask for."""
    standard = Output("", folder, video.size, video.fps, _protocol(video.crop))
    more = []
    for name, asked in video.renditions.items():
        protocol = _protocol(asked.crop)
        more.append(Output(name, folder / name, asked.size or protocol.size, asked.fps or video.fps, protocol))
    return standard, *more


def prepare_one(job: Job) -> dict[str, Any]:
    """Make one clip; what goes wrong with its media is its own rejected row.

    Returns:
        The journal's entry: ``clip, recipe, status, detail``, and where the status is ``ok`` the ``row`` of the clip
        table, ``renditions`` (name to row) and ``quality``.
    """
    entry: dict[str, Any] = {"clip": job.clip.clip, "recipe": job.recipe, "status": "ok", "detail": ""}
    try:
        entry.update(_made(job))
    except (MediaError, Unusable) as error:
        if isinstance(error, MediaError) and error.reason == "write_error":
            raise BenchError(f"{error.path}: {error.detail}") from error
        entry.update(status=error.reason, detail=error.detail)
    return entry


class _Reading:
    """The frames of one clip on their way from the decoder into the buffer, seen by the tracker as they pass."""

    def __init__(self, job: Job, buffer: FrameBuffer) -> None:
        self._clip, self._standard, self._buffer = job.clip, job.outputs[0], buffer
        self._end = max(math.inf if stop is None else stop / fps for _, stop, fps in job.spans)
        self._begin, self._span = job.begin, job.spans[0][:2]
        self.corner = (0, 0)
        """Left and top of the frames in the source's frame: those of the dataset's crop."""

    def frames(self) -> Iterator[Frame]:
        """Frames at the standard rate."""
        kept = self._kept()
        yield from resample(kept, self._standard.fps, *self._span)
        for _ in kept:  # another rate may end a frame later
            pass

    def _kept(self) -> Iterator[tuple[Frame, float, float]]:
        for frame, begins, until in read_shown(self._clip.video, self._begin):
            cut = self._cropped(frame)
            self._buffer.add(cut, begins, until)
            yield cut, begins, until
            if begins >= self._end:  # one frame beyond the end says how long the last one stays
                return

    def _cropped(self, frame: Frame) -> Frame:
        if self._clip.crop is None:
            return frame
        height, width = frame.shape[:2]
        part = self._clip.crop_in(width, height)
        if part is None:
            raise Unusable("bad_annotation", f"its crop {self._clip.crop} lies outside the frame of {width}x{height}")
        left, top, wide, high = part
        self.corner = left, top
        return np.ascontiguousarray(frame[top : top + high, left : left + wide])


def _made(job: Job) -> dict[str, Any]:
    audio = _sound(job)
    standard = job.outputs[0]
    with FrameBuffer(standard.folder) as buffer:
        reading = _Reading(job, buffer)
        try:
            track, faces, heard = _speaker(job, reading, audio)
        except Unusable:
            if len(buffer):
                write_thumbnail(standard.folder, job.clip.clip, buffer[len(buffer) // 2])
            raise
        face = geometry(track)
        rows = {}
        for output, (first, stop, fps) in zip(job.outputs, job.spans, strict=True):
            shown = list(resample(buffer.shown(), fps, first, stop))
            own, sound = face, heard
            if fps != standard.fps:
                begins = job.spans[0][0] / standard.fps
                own = face.resampled((first + np.arange(len(shown))) / fps - begins, fps)
                sound = _cut(audio, first / fps - job.begin, len(shown), fps)
            crop = place(output.protocol, own)
            cut = (crop.cut(buffer[number], index, output.size) for index, number in enumerate(shown))
            rows[output.name] = _written(job.clip, output, cut, crop.moved(*reading.corner), sound)
            if output is standard:
                made = Shown(buffer, shown, crop, output.size)
                quality = measure(track, faces, made, sound, AUDIO_RATE)
                write_thumbnail(output.folder, job.clip.clip, made.cut(len(shown) // 2))
    return {"row": rows.pop(""), "renditions": rows, "quality": quality}


def _sound(job: Job) -> Samples | None:
    """From the earliest first frame on; None where the source has none."""
    first = round(job.begin * AUDIO_RATE)
    stop = None if math.isinf(job.end) else round((job.end + SPARE) * AUDIO_RATE)
    try:
        return read_audio(job.clip.audio or job.clip.video, AUDIO_RATE, first, stop)
    except MediaError as error:
        if error.reason != "no_audio":
            raise
        return None


def _cut(audio: Samples | None, begin: float, frames: int, fps: float) -> Samples | None:
    # From the time of the first frame, which is the clip's start rounded to the frame rate: lips and sound stay together.
    return None if audio is None else as_stored(cut_audio(audio, AUDIO_RATE, begin, frames, fps))


def _speaker(job: Job, reading: _Reading, audio: Samples | None) -> tuple[FaceTrack, int, Samples | None]:
    """The track of the face that speaks, how many faces there are, and the sound of the tracked frames."""
    from metrics.features.face_mesh import candidates
    from metrics.features.speaker import choose_speaker

    fps = job.outputs[0].fps
    counted = _Counted(reading.frames())
    tracks = [track for track in candidates(counted, fps) if track.present.mean() >= MIN_PRESENT]
    if counted.count == 0:
        raise Unusable("too_short", f"the source ends before {job.clip.start:g} s, where the clip begins")
    if not tracks:
        raise Unusable("no_face", f"no face in at least {MIN_PRESENT:.0%} of the frames")
    if counted.count < MIN_SECONDS * fps:
        raise Unusable("too_short", f"{counted.count} frames at {fps:g} fps; at least {MIN_SECONDS:g} s are needed")
    sound = _cut(audio, job.spans[0][0] / fps - job.begin, counted.count, fps)
    return tracks[choose_speaker(tracks, sound, AUDIO_RATE)], len(tracks), sound


class _Counted:
    def __init__(self, frames: Iterator[Frame]) -> None:
        self._frames, self.count = frames, 0

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._frames:
            self.count += 1
            yield frame


def geometry(track: FaceTrack) -> FaceGeometry:
    """What the crop rules need of a track."""
    points = track.landmarks[:, :, :2]
    boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    named = points[:, list(IBUG68)]
    eyes = np.stack([named[:, 36:42].mean(axis=1), named[:, 42:48].mean(axis=1)], axis=1)
    return FaceGeometry(
        boxes, eyes, named[:, [48, 54]], named[:, 60:68].mean(axis=1), track.width, track.height, track.fps
    )


def _written(
    clip: SourceClip, output: Output, cut: Iterator[Frame], crop: Crop | CropPath, sound: Samples | None
) -> dict[str, Any]:
    output.folder.mkdir(parents=True, exist_ok=True)
    video, audio = output.folder / f"{clip.clip}.mp4", output.folder / f"{clip.clip}.wav"
    frames = write_video(video, cut, output.fps, sound, AUDIO_RATE)
    if sound is not None:
        write_audio(audio, sound, AUDIO_RATE)
    pictures, heard = content_hashes(video)
    return {
        "clip": clip.clip, "speaker": clip.speaker, "emotion": clip.emotion, "level": clip.level,
        "video": video.name, "audio": audio.name if sound is not None else None, "frames": frames,
        "fps": output.fps, "seconds": frames / output.fps, "sha256": sha256_file(video), "pictures": pictures, "sound": heard,
        "crop": str(crop) if isinstance(crop, Crop) else f"{output.protocol.name}, mean side {crop.mean_side:.0f}",
    }  # fmt: skip


def _protocol(setting: float | str) -> CropProtocol:
    return PROTOCOLS[setting] if isinstance(setting, str) else PROTOCOLS["fixed"].scaled(setting)
