"""Blinks and gaze: edits of the lids and irises of normalized landmarks."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from space_ref.controls.events import check_schedule, event_numbers, event_start, uniform
from space_ref.landmarks import positions
from space_ref.rotation import rotation_matrix

CLOSING, OPENING = 0.35, 0.5
"""Shares of a blink: the lids close up to the first, rest until the second, then open: slower than they closed. The
rest lasts longer than a frame at 25 fps in a blink of 1/3 s, so no blink falls between two frames."""
LOWER_LID = 0.15
"""Share of the opening that the lower lid closes."""

EYE_WIDTHS_PER_RADIUS = 2.4
"""Width of the opening between the eye corners over the radius of the eyeball: about 29 mm over 12 mm."""
LID_FOLLOWS = 0.5
"""How much of the vertical way of the iris the upper lid goes with it."""
LID_LOWERS, LID_RAISES = 0.6, 0.4
"""At most so much of the opening of the eye."""
GAZE_LIMIT = 30.0
AWAY_LIMIT = 20.0
AWAY_RAMP = 0.12
"""Seconds from rest to the end of a glance, and back: a saccade of 20 degrees as video shows it."""

_BLINK, _AWAY, _AWAY_ANGLE, _AWAY_DIRECTION = range(4)
_CONTOURS = torch.tensor([positions("right_eye"), positions("left_eye")])
_IRISES = torch.tensor([positions("right_iris"), positions("left_iris")])
_OUTER, _INNER = _CONTOURS[:, 0], _CONTOURS[:, 8]
_UPPER, _LOWER = _CONTOURS[:, 1:8], _CONTOURS[:, 9:].flip(1)


@dataclass(frozen=True)
class Blink:
    """When the eyes blink. The default is that of a public cousin: six a minute, ten frames at 30 fps.

    Attributes:
        rate: blinks a minute at random times; 0 for none.
        duration: seconds from open to open.
        times: when further blinks start, in seconds of the film.

    Raises:
        ValueError: negative or overlapping; see `check_schedule`.
    """

    rate: float = 6.0
    duration: float = 1 / 3
    times: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        check_schedule("blink", self.rate, self.duration)
        if any(not 0 <= time < math.inf for time in self.times):
            raise ValueError(f"blink times: expected seconds from 0 on, got {self.times}")

    def closure(self, times: Tensor, seed: int) -> Tensor:
        """How far the lids are closed at these times ``(T,)`` in seconds: ``(T,)`` in 0..1."""
        numbers = event_numbers(self.rate, self.duration, *_span(times))
        starts = [event_start(number, self.rate, seed, _BLINK) for number in numbers]
        begin = times.new_tensor([*starts, *self.times])
        part = (times[:, None] - begin) / self.duration
        shut = torch.minimum(_ease(part / CLOSING), _ease((1 - part) / (1 - OPENING)))
        return torch.cat([shut, torch.zeros_like(times)[:, None]], dim=1).amax(dim=1)


@dataclass(frozen=True)
class LookAway:
    """Glances to a random side and back. Off by default.

    Attributes:
        rate: glances a minute at random times; 0 for none.
        duration: seconds of a glance, at least 0.24.
        angle: the widest glance in degrees, 0..20; each one goes at least half as far.

    Raises:
        ValueError: a value is out of range, or glances could overlap.
    """

    rate: float = 0.0
    duration: float = 1.0
    angle: float = AWAY_LIMIT

    def __post_init__(self) -> None:
        check_schedule("look-away", self.rate, self.duration)
        if self.duration < 2 * AWAY_RAMP:
            raise ValueError(f"look-away duration: expected at least {2 * AWAY_RAMP:g} s, got {self.duration}")
        if not 0 <= self.angle <= AWAY_LIMIT:
            raise ValueError(f"look-away angle: expected 0 to {AWAY_LIMIT:g} degrees, got {self.angle}")

    def angles(self, times: Tensor, seed: int) -> Tensor:
        """Pitch and yaw in degrees at these times ``(T,)`` in seconds: ``(T, 2)``."""
        away = times.new_zeros(len(times), 2)
        for number in event_numbers(self.rate, self.duration, *_span(times)):
            begin = event_start(number, self.rate, seed, _AWAY)
            size = self.angle * (1 + uniform(seed, _AWAY_ANGLE, number)) / 2
            side = 2 * math.pi * uniform(seed, _AWAY_DIRECTION, number)
            course = _ease((times - begin) / AWAY_RAMP) * _ease((begin + self.duration - times) / AWAY_RAMP)
            away = away + course[:, None] * times.new_tensor([size * math.sin(side), size * math.cos(side)])
        return away


@dataclass(frozen=True)
class Gaze:
    """How far the eyes turn from where the landmarks have them.

    Attributes:
        angles: rows of pitch (up > 0) and yaw (towards the right edge of the image > 0) within the head, in degrees,
            -30..30 each. Row k holds at ``k / fps``; linear between rows; the last one stays. One row: a constant.
        fps: rows a second.
        away: glances, on top.

    Raises:
        ValueError: no rows, an angle out of range, or fps not positive.
    """

    angles: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    fps: float = 30.0
    away: LookAway = field(default_factory=LookAway)

    def __post_init__(self) -> None:
        if not self.angles or any(len(row) != 2 for row in self.angles):
            raise ValueError("gaze angles: expected at least one row of pitch and yaw")
        for number, row in enumerate(self.angles):
            if not all(abs(angle) <= GAZE_LIMIT for angle in row):
                raise ValueError(f"gaze angles, row {number}: expected -30 to 30 degrees, got {tuple(row)}")
        if not 0 < self.fps < math.inf:
            raise ValueError(f"gaze fps: expected more than 0, got {self.fps}")

    def at(self, times: Tensor, seed: int) -> Tensor:
        """Pitch and yaw in degrees at these times ``(T,)`` in seconds: ``(T, 2)``."""
        place = (times * self.fps).clamp(0, len(self.angles) - 1)
        before = place.long()
        # Only the rows that are needed: a long course is asked for a few frames at a time.
        first, last = (int(before.min()), int(before.max()) + 2) if len(times) else (0, 1)
        rows = times.new_tensor(self.angles[first:last])
        before = before - first
        after = (before + 1).clamp(max=len(rows) - 1)
        share = (place - place.floor())[:, None]
        return torch.lerp(rows[before], rows[after], share) + self.away.angles(times, seed)


def close_lids(landmarks: Tensor, closure: Tensor) -> Tensor:
    """Close the eyes: the lids of each frame move towards where they meet; the irises stay.

    Args:
        landmarks: ``(T, P, 3)`` normalized. closure: ``(T,)`` in 0..1; 0 leaves them as they are, 1 shuts them.
    """
    if not closure.any():
        return landmarks
    share = closure.to(landmarks)[:, None, None, None]
    upper, lower = landmarks[:, _UPPER], landmarks[:, _LOWER]
    gap = lower - upper
    edited = landmarks.clone()
    edited[:, _UPPER] = upper + (1 - LOWER_LID) * share * gap
    edited[:, _LOWER] = lower - LOWER_LID * share * gap
    return edited


def turn_eyes(landmarks: Tensor, angles: Tensor) -> Tensor:
    """Turn the eyes within the head: irises move on the eyeball, upper lids go a little with them.

    The centre of the eyeball lies straight behind the iris, by its radius: exact for eyes that look ahead, and within
    a tenth of the way for eyes that are turned by 20 degrees already.

    Args:
        landmarks: ``(T, P, 3)`` normalized. angles: ``(T, 2)`` pitch and yaw in degrees, signs as in `Gaze`.
    """
    if not angles.any():
        return landmarks
    turn = rotation_matrix(torch.nn.functional.pad(angles, (0, 1))).to(landmarks) - torch.eye(3).to(landmarks)
    radius = torch.linalg.vector_norm(landmarks[:, _OUTER] - landmarks[:, _INNER], dim=-1) / EYE_WIDTHS_PER_RADIUS
    irises, upper = landmarks[:, _IRISES], landmarks[:, _UPPER]
    from_centre = irises - irises[:, :, :1] - radius[..., None, None] * landmarks.new_tensor([0.0, 0.0, 1.0])
    # Only the way is added, so that eyes that do not turn stay exactly where they are.
    way = from_centre @ turn.mT[:, None]
    gap = landmarks[:, _LOWER] - upper
    opening = torch.linalg.vector_norm(gap[:, :, 3], dim=-1).clamp(min=1e-6)
    share = (LID_FOLLOWS * way[:, :, 0, 1] / opening).clamp(-LID_RAISES, LID_LOWERS)
    edited = landmarks.clone()
    edited[:, _IRISES] = irises + way
    edited[:, _UPPER] = upper + share[..., None, None] * gap
    return edited


def _ease(part: Tensor) -> Tensor:
    """From 0 at 0 to 1 at 1 with no slope at either end; constant outside."""
    part = part.clamp(0, 1)
    return part * part * (3 - 2 * part)


def _span(times: Tensor) -> tuple[float, float]:
    return (float(times.min()), float(times.max())) if len(times) else (0.0, 0.0)
