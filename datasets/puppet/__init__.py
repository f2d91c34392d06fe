"""Synthetic talking clips whose truth is known, in the folder layouts of MEAD and VoxCeleb2.

Portraits are put on a face mesh and moved by speech with exact phoneme times, by emotions of known strength, and by
smooth head motion, blinks and gaze. Every clip has a truth file; see `animate.Performance.truth` for what is in it.
"""

from datasets.puppet.build import MANIFEST, VERSION, build
from datasets.puppet.errors import PuppetError
from datasets.puppet.plan import ClipPlan, PuppetSpec, plan
from datasets.puppet.recipes import CAST
from datasets.puppet.renderer import PortraitMesh
from datasets.puppet.talks import Talk, talks

__all__ = [
    "CAST",
    "MANIFEST",
    "VERSION",
    "ClipPlan",
    "PortraitMesh",
    "PuppetError",
    "PuppetSpec",
    "Talk",
    "build",
    "plan",
    "talks",
]
