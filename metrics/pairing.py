"""Which frames of a generated video and of its reference are compared, and when there are too few of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import Bundle, FaceTrack, Features, Labels, Status, Unscorable

MAX_LENGTH_DIFFERENCE = 2
MAX_MISSING = 0.5

PAIRING_PROTOCOL: dict[str, Any] = {
    "frames": "by index at the same rate; lengths may differ by 2 frames, then the common length; never padded",
    "missing": "frames where either face is missing are left out; no_face if more than half are",
    "size": "generated coordinates scaled to the height of the reference frame",
}


@dataclass(frozen=True)
class PairedTracks:
    """Landmarks of the frames that both videos have.

    Attributes:
        generated, reference: ``(n, 478, 3)`` float64 in pixels of the reference frame; NaN where there is no face.
        present: ``(n,)`` whether both faces were found.
        fps: frames per second of both.
    """

    generated: NDArray[np.float64]
    reference: NDArray[np.float64]
    present: NDArray[np.bool_]
    fps: float


def paired_tracks(bundle: Bundle) -> PairedTracks:
    """Bring the two face tracks of a case together.

    Raises:
        Unscorable: ``too_short`` if the generated video ends early, ``undefined`` if it is longer or has another frame
            rate than the reference, ``no_face`` if more than half of the frames lack a face in either video.
    """
    reference: FaceTrack = bundle.need_reference().need("track")
    generated: FaceTrack = bundle.generated.need("track")
    if abs(generated.fps - reference.fps) > 0.005 * reference.fps:
        raise Unscorable(
            Status.UNDEFINED,
            f"generated at {generated.fps:g} frames a second, reference at {reference.fps:g}: bring both to one rate",
        )
    surplus = len(generated) - len(reference)
    if abs(surplus) > MAX_LENGTH_DIFFERENCE:
        status = Status.TOO_SHORT if surplus < 0 else Status.UNDEFINED
        raise Unscorable(
            status,
            f"{len(generated)} generated frames for {len(reference)} of the reference;"
            f" lengths may differ by {MAX_LENGTH_DIFFERENCE}",
        )
    count = min(len(generated), len(reference))
    if count == 0:
        raise Unscorable(Status.TOO_SHORT, "no frames to compare")
    present = generated.present[:count] & reference.present[:count]
    if np.count_nonzero(present) < (1 - MAX_MISSING) * count:
        raise Unscorable(
            Status.NO_FACE,
            f"a face in both videos in {np.count_nonzero(present)} of {count} frames; at least half are needed",
        )
    zoom = reference.height / generated.height
    return PairedTracks(
        generated.landmarks[:count].astype(np.float64) * zoom,
        reference.landmarks[:count].astype(np.float64),
        present,
        reference.fps,
    )


def usable_track(features: Features) -> FaceTrack:
    """The face track of one video, if it shows a face in at least half of its frames.

    Raises:
        Unscorable: ``no_face`` otherwise.
    """
    track: FaceTrack = features.need("track")
    found = int(np.count_nonzero(track.present))
    if found == 0 or found < (1 - MAX_MISSING) * len(track):
        raise Unscorable(Status.NO_FACE, f"a face in {found} of {len(track)} frames; at least half are needed")
    return track


def need_same_speaker(bundle: Bundle) -> None:
    """Leave the case out if its portrait shows somebody else than the reference: shapes and pixels cannot agree."""
    if not bundle.labels.same_speaker:
        raise Unscorable(Status.NOT_APPLICABLE, "the portrait shows another speaker than the reference clip")


def need_given_pose(labels: Labels) -> None:
    """Leave the case out if the model chose its own head pose."""
    if not labels.pose_given:
        raise Unscorable(Status.NOT_APPLICABLE, "the model chose its own head pose; there is none to be compared with")


def fill_gaps(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A curve ``(T,)`` or curves ``(T, D)`` with NaN rows bridged linearly; the ends repeat the nearest value.

    At least one row must be finite.
    """
    columns = values.reshape(len(values), -1)
    found = np.all(np.isfinite(columns), axis=1)
    if np.all(found):
        return values
    times = np.arange(len(values))
    filled = np.stack([np.interp(times, times[found], column[found]) for column in columns.T], axis=1)
    return filled.reshape(values.shape)
