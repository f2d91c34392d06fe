"""Things that happen now and then: random times that any frame can ask for without knowing what came before."""

from __future__ import annotations

import math

JITTER = 0.35
"""How far an event strays from its regular place, in intervals. Intervals are thus 0.3 to 1.7 of their mean."""

_MASK = (1 << 64) - 1


def uniform(seed: int, *counters: int) -> float:
    """A number in [0, 1) for this seed and these counters, the same on every machine.

    Counter-based: SplitMix64 (Steele, Lea & Flood 2014), once for the seed and once for each counter.
    """
    state = 0
    for word in (seed, *counters):
        state = (state ^ (word & _MASK)) + 0x9E3779B97F4A7C15 & _MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return (state >> 11) / (1 << 53)


def event_numbers(rate: float, duration: float, begin: float, end: float) -> range:
    """The events that may touch the time from `begin` to `end`; their starts come from `event_start`.

    Args:
        rate: events a minute; 0 for none. duration: seconds an event lasts. begin, end: seconds.
    """
    if rate == 0:
        return range(0)
    interval = 60 / rate
    return range(max(math.floor((begin - duration) / interval) - 1, 0), max(math.ceil(end / interval) + 1, 0))


def event_start(number: int, rate: float, seed: int, kind: int) -> float:
    """When an event starts, in seconds: the middle of its interval, strayed by `JITTER` at most.

    Args:
        number: 0, 1, 2, ... rate: events a minute, more than 0. kind: keeps the blinks and the glances of one seed apart.
    """
    stray = JITTER * (2 * uniform(seed, kind, number) - 1)
    return (number + 0.5 + stray) * 60 / rate


def check_schedule(name: str, rate: float, duration: float) -> None:
    """Raises:
    ValueError: a negative rate, a duration that is not positive, or events that could overlap.
    """
    if not 0 <= rate < math.inf:
        raise ValueError(f"{name} rate: expected 0 or more a minute, got {rate}")
    if not 0 < duration < math.inf:
        raise ValueError(f"{name} duration: expected more than 0 seconds, got {duration}")
    highest = 60 * (1 - 2 * JITTER) / duration
    if rate > highest:
        raise ValueError(
            f"{name} rate: {rate:g} a minute of {duration:g} s each would overlap: use at most {highest:g} a minute"
        )
