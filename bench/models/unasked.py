"""Which metrics are not asked of a model, because it ignores what they look at: a dash in the table, no bad number."""

from __future__ import annotations

from collections.abc import Collection

from metrics.base import Labels, Metric, Status, Unscorable


def ignored_here(ignored: Collection[str], protocol: str, labels: Labels) -> frozenset[str]:
    """What a case asks for and the model ignores.

    A pose is asked for where the case gives one. An emotion is asked for under the protocol ``emotion`` alone: elsewhere the
    portrait shows the clip's emotion already, and a model that keeps it does what it should.
    """
    asked = {"pose"} if labels.pose_given else set()
    if protocol == "emotion":
        asked |= {"emotion", "intensity"}
    return frozenset(asked & set(ignored))


def not_asked(metric: Metric, ignored: Collection[str]) -> Unscorable | None:
    """Why a metric is not asked of a case of which the model ignores that much; None where it is.

    Emotion metrics need the emotion followed (``emotion_intensity*`` the intensity too). Errors of the head pose against the
    clip need the pose followed; how much a head moves, and whether it moves with speech, is asked of every model.
    """
    wants: tuple[str, ...] = ()
    if metric.group == "emotion":
        wants = ("emotion", "intensity") if metric.name.startswith("emotion_intensity") else ("emotion",)
    elif metric.group == "pose" and metric.paired and not metric.corpus:
        wants = ("pose",)
    lacking = [name for name in wants if name in ignored]
    return Unscorable(Status.NOT_APPLICABLE, f"ignores {' and '.join(lacking)}") if lacking else None
