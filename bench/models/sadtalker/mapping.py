"""SadTalker's mapping network: 3DMM coefficients around a frame -> head pose and expression of face-vid2vid's keypoints."""

from __future__ import annotations

from torch import Tensor, nn

from space_ref.vid2vid import HeadEstimate

COEFFICIENTS = 70
"""Expression 64, rotation 3, translation 3."""
PLACED = 73
"""The same, and scale and place of the face in its picture: what the network for whole pictures sees."""
RADIUS = 13
WINDOW = 2 * RADIUS + 1
"""Frames that the network sees, its own in the middle."""
FEATURES = 1024
LAYERS = 3
SLOPE = 0.1
DILATION = 3


class MappingNetwork(nn.Module):
    """Coefficients ``(B, 70 or 73, 27)`` of a window -> `HeadEstimate` of its middle frame, with 15 keypoints.

    State-dict compatible with the entry ``mapping`` of ``mapping_00229-model.pth.tar`` (70 coefficients) and
    ``mapping_00109-model.pth.tar`` (73).
    """

    def __init__(self, coefficients: int = COEFFICIENTS) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv1d(coefficients, FEATURES, 7))
        for i in range(LAYERS):
            layer = nn.Sequential(nn.LeakyReLU(SLOPE), nn.Conv1d(FEATURES, FEATURES, 3, dilation=DILATION))
            self.add_module(f"encoder{i}", layer)
        for name, outputs in {"roll": 66, "pitch": 66, "yaw": 66, "t": 3, "exp": 45}.items():
            self.add_module(f"fc_{name}", nn.Linear(FEATURES, outputs))

    def forward(self, coefficients: Tensor) -> HeadEstimate:
        x = self.first(coefficients)
        for i in range(LAYERS):
            # Without padding a layer loses three frames at both ends; so does what is added.
            x = self.get_submodule(f"encoder{i}")(x) + x[..., DILATION:-DILATION]
        x = x.mean(dim=-1)
        # Here yaw comes from fc_yaw: only face-vid2vid's own estimator has the two swapped.
        return HeadEstimate(*(self.get_submodule(f"fc_{name}")(x) for name in HeadEstimate._fields))
