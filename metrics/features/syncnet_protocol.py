"""The protocols of LSE: everything between a video and SyncNet's embeddings that changes the number, under a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Literal

Faces = Literal["mesh", "s3fd", "whole"]
Step = Literal["mpeg4", "jpeg", "xvid-crop", "jpeg-crop"]

ENCODERS = ("av", "opencv-contrib-python")
"""Packages whose FFmpeg does the recoding."""


@dataclass(frozen=True)
class DetectionRule:
    """How faces are read off, as in syncnet_python (``conf_th=0.9``, ``scales=[0.25]``).

    Attributes:
        scale: of the picture that the network sees. confidence: a face's probability must be above.
        overlap: of two boxes of one scale whose intersection over union is above, the less probable goes.
        final_overlap: the same, once more, on what remains.
    """

    scale: float = 0.25
    confidence: float = 0.9
    overlap: float = 0.3
    final_overlap: float = 0.1


@dataclass(frozen=True)
class TrackRule:
    """How detections become tracks (``run_pipeline.py`` of syncnet_python).

    Attributes:
        overlap: intersection over union with the face before must be above. max_gap: most frames from one detection to the next.
        min_frames: a track must have more detections. min_size: pixels that its mean width or height must exceed.
        scene_threshold: mean change of hue, saturation and value, of 255, that is a cut. scene_frames: least length of a scene.
    """

    overlap: float = 0.5
    max_gap: int = 25
    min_frames: int = 100
    min_size: float = 100.0
    scene_threshold: float = 30.0
    scene_frames: int = 15


@dataclass(frozen=True)
class SyncProtocol:
    """One way from a video to the 224 x 224 crops that SyncNet sees, 25 a second.

    Attributes:
        name: as tables and documents call it.
        faces: where boxes come from: ``mesh`` (bounding box of the 468 points of the suite's face track, without irises),
            ``s3fd`` (detector and tracks of the original pipeline), ``whole`` (no box: the whole frame is the crop).
        timing: ``timestamps`` shows at k/25 s the frame on screen then; ``ffmpeg`` repeats and drops as its constant frame
            rate does, which lets up to two frames more through at the start of a 30 fps video.
        recode: lossy steps of the original chain that are repeated, in order.
        crop_scale, pad, median: margin around a box in half its sides, grey value outside the frame, frames of the median
            filter over position and size (zeros beyond the ends, as `scipy.signal.medfilt` has it).
        min_frames: of the stretch that is scored. max_gap: most frames from one with a face to the next.
        detection, tracks: of ``s3fd``. several: which of several tracks of a clip count.
        sound: whether MFCC are made of the whole sound, or of what was cut out for a track (its first column differs).
    """

    name: str
    faces: Faces
    timing: Literal["timestamps", "ffmpeg"] = "timestamps"
    recode: tuple[Step, ...] = ()
    crop_scale: float = 0.40
    pad: int = 110
    median: int = 13
    min_frames: int = 25
    max_gap: int = 25
    detection: DetectionRule | None = None
    tracks: TrackRule | None = None
    several: Literal["longest", "mean"] = "longest"
    sound: Literal["whole", "cut"] = "whole"
    network: str = "syncnet_v2"
    crop: str = "cv2.resize to 224x224, INTER_LINEAR; BGR 0..255"
    mfcc: str = "python_speech_features 0.6 defaults on 16 kHz int16"
    windows: str = "5 frames and 20 MFCC columns; min(frames, samples // 640) - 5 of them"
    distances: str = "L2 with 1e-6 added to differences, shifts -15..15, zero padding, mean over windows"

    def describe(self) -> Mapping[str, Any]:
        """All fields as plain values: what the protocol id of a feature or metric hashes.

        Where pictures are recoded the encoders' versions are among them: other ones may choose other bits.
        """
        encoders = {name: version(name) for name in ENCODERS} if self.recode else {}
        return {**asdict(self), "encoders": encoders}


_LEGACY: dict[str, Any] = {
    "faces": "s3fd",
    "timing": "ffmpeg",
    "detection": DetectionRule(),
    "tracks": TrackRule(),
    "sound": "cut",
}
_CHAIN: tuple[Step, ...] = ("mpeg4", "jpeg", "xvid-crop", "jpeg-crop")

PROTOCOLS: Mapping[str, SyncProtocol] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (
            SyncProtocol("lse", "mesh"),
            SyncProtocol("lse-joonson", min_frames=100, **_LEGACY),
            SyncProtocol("lse-joonson-recoded", recode=_CHAIN, min_frames=100, **_LEGACY),
            SyncProtocol("lse-wav2lip-real", recode=_CHAIN, min_frames=100, several="mean", **_LEGACY),
            SyncProtocol("lse-wav2lip-lrs", "whole", recode=("jpeg-crop",)),
        )
    }
)
"""By name. Numbers of different protocols must not stand in one column."""
