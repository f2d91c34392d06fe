"""``space-bench validity``: writes one Markdown page. Every figure on it is computed here."""

from __future__ import annotations

from pathlib import Path

from bench.assets import AssetStore
from bench.config import Params
from bench.errors import BenchError
from bench.scoring import chosen_metrics, feature_plan
from bench.store import write_bytes
from bench.validity.damages import Scope, damage_part
from bench.validity.faces import blink_table, landmark_table, pose_table
from bench.validity.known import known_clips
from bench.validity.people import emotion_table, identity_table
from bench.validity.sanity import sanity_table
from bench.validity.voices import offset_table, phoneme_table
from bench.workspace import Workspace


def write_validity(params: Params, workspace: Workspace, assets: AssetStore, page: Path, scope: Scope) -> None:
    """Compare what is measured with what is known, spoil clips as far as `scope` says, and write the page.

    Raises:
        BenchError: the run's results are missing, or hold no clip with known truth.
    """
    chosen = chosen_metrics(params.metrics)
    planned = feature_plan(chosen, params.video.fps, params.device, assets)
    known = list(known_clips(params, workspace, planned))
    if not known:
        raise BenchError("no clip with known truth: add a puppet dataset to `cases` in params.yaml and run `make demo`")
    parts = [
        _HEAD.format(clips=len(known), speakers=len({k.speaker for k in known if k.dataset == known[0].dataset})),
        "## Landmarks\n\n", landmark_table(known), "\n## Head pose\n\n", pose_table(known), "\n## Blinks\n\n", blink_table(known),
        "\n## Audio-lip offset\n\n", offset_table(known), "\n## Phonemes\n\n", phoneme_table(known),
        "\n## Emotion classifier\n\n", emotion_table(known), "\n## Identity network\n\n", identity_table(known),
        "\n## Response to known damage\n\n", damage_part(params, workspace, assets, scope, page),
        "\n## What each metric can tell of the sanity rows\n\n", _SANITY_NOTE, sanity_table(params, workspace, chosen),
    ]  # fmt: skip
    write_bytes(page, "".join(parts).encode())


_HEAD = """# Validity

Written by `space-bench validity` from the results of `make demo`; do not edit. {clips} synthetic clips of {speakers} speakers whose truth
is known. The tracker sees the rendered, encoded, decoded and cropped video, as it would any other.

"""

_SANITY_NOTE = """Mean difference from the ground-truth row on the cases that both have, with a 95 % interval (bootstrap over speakers). **Bold**: the
interval leaves out 0. What a metric cannot tell, and why: landmarks, pose, eyes, emotion, identity and image metrics look at pictures
only, and `shuffled` and `shifted` have the very pictures of the clip, so these are exactly 0 there. Sync metrics hear and see, and do not care
about codec noise. `still` has no lip motion, so a lag is undefined for it, and identity and emotion metrics may find a still portrait perfect.

"""
