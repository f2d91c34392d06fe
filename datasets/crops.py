"""Named crop protocols: how the square of a clip is placed around its face, as data. The rules are in `crop_rules`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datasets.standardize import Border

Rule = Literal["fixed", "tube", "follow", "ffhq", "pcavs"]
Smoothing = Literal["none", "median", "hann", "recursive"]


@dataclass(frozen=True)
class CropProtocol:
    """One way to crop.

    Attributes:
        name: as in ``params.yaml``.
        rule: which function of `crop_rules` places the square.
        moves: whether the crop follows the face; else it is one square for the whole clip.
        scale: side over the longer side of the face box (extent of the face mesh); 0 where landmarks alone decide.
        shift: share of the side by which the centre is moved up; negative is down.
        smoothing, window: of the path, and over how many seconds; all but ``recursive`` are centred (no delay).
        border, fill: what is seen beyond the frame.
        whole_from: a square frame is taken whole where the side would be more than this share of it (it was cropped
            before); 1 or more: never.
        size: pixels along a side, by default.
        source: who publishes the rule. chosen: what is ours in it.
    """

    name: str
    rule: Rule
    moves: bool
    scale: float
    shift: float
    smoothing: Smoothing
    window: float
    border: Border
    fill: int
    whole_from: float
    size: int
    source: str
    chosen: str

    @property
    def recipe(self) -> dict[str, str | float]:
        """All that decides about pixels."""
        return {name: value for name, value in asdict(self).items() if name not in ("source", "chosen")}

    def scaled(self, scale: float) -> CropProtocol:
        """The same with another `scale`."""
        return replace(self, scale=scale)


_ALL = (
    CropProtocol(
        name="fixed", rule="fixed", moves=False, scale=1.9, shift=0.06, smoothing="none", window=0.0, border="inside",
        fill=0, whole_from=0.75, size=256,
        source="this suite",
        chosen="all of it: head and hair with room to move, so that head motion stays motion",
    ),
    CropProtocol(
        name="space512", rule="tube", moves=False, scale=1.2, shift=0.0, smoothing="none", window=0.0, border="inside",
        fill=0, whole_from=0.75, size=512,
        source="github.com/AliaksandrSiarohin/video-preprocessing, crop_vox.py: the union of all face boxes grown by a "
        "tenth on each side, which face-vid2vid and so SPACE build on",
        chosen="the face box is the mesh's, not a detector's; a crop that leaves the frame is moved inside, there the "
        "clip is refused; size 512 is SPACE's output; that SPACE cropped so is not confirmed",
    ),
    CropProtocol(
        name="vox224", rule="follow", moves=True, scale=1.4, shift=-1 / 7, smoothing="median", window=13 / 25,
        border="constant", fill=110, whole_from=0.75, size=224,
        source="github.com/joonson/syncnet_python, run_pipeline.py, the VoxCeleb authors' face tracks: half-side times "
        "1.4, from one half-side above the centre to 1.8 below, median of 13 frames at 25 a second, grey 110",
        chosen="the face box is the mesh's, not S3FD's; the median repeats the ends (there: zeros); positions are not "
        "rounded to pixels; a clip that was cropped before, as VoxCeleb2 ships them, is taken whole",
    ),
    CropProtocol(
        name="ffhq", rule="ffhq", moves=True, scale=0.0, shift=0.0, smoothing="hann", window=0.6, border="reflect",
        fill=0, whole_from=1.0, size=1024,
        source="github.com/NVlabs/ffhq-dataset, recreate_aligned_images in download_ffhq.py (Karras et al., CVPR 2019, "
        "appendix A): oriented square from the eyes and the corners of the mouth",
        chosen="landmarks are the face mesh's; they are smoothed over 0.6 s, for the rule is one for pictures; mirrored "
        "borders are not blurred",
    ),
    CropProtocol(
        name="pcavs", rule="pcavs", moves=True, scale=0.0, shift=0.0, smoothing="recursive", window=0.0,
        border="constant", fill=0, whole_from=1.0, size=224,
        source="github.com/Hangz-nju-cuhk/Talking-Face_PC-AVS, scripts/align_68.py: one similarity from the clip's mean "
        "eyes and mouth to (87, 59), (137, 59), (112, 120) of 224, moved in each frame so that the mouth stays, 0.8 of "
        "the new shift and 0.2 of the last",
        chosen="landmarks are the face mesh's; frames without a face are interpolated, there the clip is refused",
    ),
)  # fmt: skip
PROTOCOLS: Mapping[str, CropProtocol] = {protocol.name: protocol for protocol in _ALL}
