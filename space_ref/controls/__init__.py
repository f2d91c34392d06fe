"""What a person can set: blinks, gaze, mouth opening and head placement, as edits between the stages of the model.

Every edit looks at one frame, its number and a seed: a sequence that is edited piece by piece is the same sequence.
"""

from space_ref.controls.bundle import Controls, Placement
from space_ref.controls.eyes import Blink, Gaze, LookAway, close_lids, turn_eyes
from space_ref.controls.mouth import open_mouth

__all__ = ["Blink", "Controls", "Gaze", "LookAway", "Placement", "close_lids", "open_mouth", "turn_eyes"]
