"""Sizes of the face-vid2vid networks; the defaults are the public configuration ``vox-256``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

Decoder = Literal["resblocks", "spade"]


@dataclass(frozen=True)
class KeypointConfig:
    """Canonical keypoint detector.

    Attributes:
        block_expansion: channels before the first halving of the picture; they double with each, up to `max_features`.
        num_blocks: halvings on the way in, doublings (of height and width) on the way out.
        reshape_depth: depth of the volume that the deepest channels are folded into.
        scale_factor: the picture is shrunk by this first; 1, 1/2, 1/3, ...
        temperature: of the softmax over the volume.
    """

    block_expansion: int = 32
    max_features: int = 1024
    num_blocks: int = 5
    reshape_depth: int = 16
    scale_factor: float = 0.25
    temperature: float = 0.1

    def __post_init__(self) -> None:
        _check_counts(self, reshape_depth=2)
        if not 0 < self.scale_factor <= 1 or abs(1 / self.scale_factor - round(1 / self.scale_factor)) > 1e-6:
            raise ValueError(f"KeypointConfig.scale_factor is {self.scale_factor}; use 1 or 1/2, 1/3, 1/4, ...")
        if self.temperature <= 0:
            raise ValueError(f"KeypointConfig.temperature is {self.temperature}; use a positive number")

    @property
    def shrink(self) -> int:
        """``1 / scale_factor``."""
        return round(1 / self.scale_factor)


@dataclass(frozen=True)
class HeadConfig:
    """Estimator of head pose and expression, a bottleneck ResNet.

    Attributes:
        block_expansion: channels of the stem.
        max_features: channels of the last of the four stages; each stage before has half as many.
        depths: residual blocks of the four stages.
        num_bins: bins of 3 degrees a pose angle.
    """

    block_expansion: int = 64
    max_features: int = 2048
    depths: tuple[int, int, int, int] = (3, 4, 6, 3)
    num_bins: int = 66

    def __post_init__(self) -> None:
        _check_counts(self, num_bins=2)
        if len(self.depths) != 4 or min(self.depths) < 1:
            raise ValueError(f"HeadConfig.depths is {self.depths}; use four positive numbers")
        if self.max_features % 32:
            raise ValueError(
                f"HeadConfig.max_features is {self.max_features}; use a multiple of 32 (8 stages' widths, by 4)"
            )


@dataclass(frozen=True)
class MotionConfig:
    """Dense motion network: a 3D hourglass over the feature volume as each keypoint would move it.

    Attributes:
        block_expansion, max_features, num_blocks: of the hourglass; depth is never halved.
        compress: channels of the feature volume that the hourglass sees.
        kp_variance: of the Gaussian around a keypoint.
        mask_kernel: of the convolution that makes the mask, in 3D.
        plane_kernel: of the convolutions that make 2D maps (occlusion, surface) of the hourglass's output.
        stride: the motion grid has this many times fewer rows and columns than the feature volume. 1 is the paper's;
            more is chosen here, for speed.
        out_features: channels that the hourglass ends with; None, as published, for those of its last block and of
            its input together.
    """

    block_expansion: int = 32
    max_features: int = 1024
    num_blocks: int = 5
    compress: int = 4
    kp_variance: float = 0.01
    mask_kernel: int = 7
    plane_kernel: int = 7
    stride: int = 1
    out_features: int | None = None

    def __post_init__(self) -> None:
        _check_counts(self)
        _check_odd(self, "mask_kernel", "plane_kernel")
        if self.kp_variance <= 0:
            raise ValueError(f"MotionConfig.kp_variance is {self.kp_variance}; use a positive number")


@dataclass(frozen=True)
class GeneratorConfig:
    """Appearance encoder and decoder.

    Attributes:
        decoder: ``resblocks`` (the public original) or ``spade``.
        block_expansion: channels of the encoder before the first halving; they double with each, up to `max_features`.
        num_down_blocks: halvings of the picture before the feature volume.
        num_resblocks_3d: residual blocks over the feature volume.
        num_resblocks_2d: residual blocks of the decoder (SPADE blocks before the first doubling, if it is that one).
        edge_kernel: of the first and the last convolution. Published: 7, and 3 with the SPADE decoder.
        composite: the decoder's picture is laid over the source, moved as the motion says. Chosen, not in the paper:
            a small network keeps the person's own sharp pixels and makes only what the source does not show.
        anchor: with `composite`, how far around a keypoint the source moves exactly as that keypoint does, in [-1, 1]
            units; 0: as the networks say. For keypoints that are points of the picture (`space_ref.vid2vid.anchor`).
        anchored: numbers of the keypoints of which that is true; empty: all. Not of an outline, whose points slide over
            the skin when a head turns, nor of irises, which lids cover.
        seams: with `anchor`, pairs of keypoints above and below a line where two parts of the face meet, lips or lids: the
            flow may break there. upward: with `seams`, two keypoints, from the first to the second a face's up.
        eyes: with `anchor`, of each eye the keypoint in its iris and behind it those around the lids' opening, in order: there
            the source moves as the iris does, whatever the lids do (`space_ref.vid2vid.anchor.with_eyes`).
        openings: with `anchor`, outlines of keypoints; what the source does not show inside of them is painted and never
            moved there (`space_ref.vid2vid.openings`).
        cues: with `anchor`, channels by which the decoder is told where keypoints are and how the source was moved
            (`space_ref.vid2vid.cues`); 0: not at all.
    """

    decoder: Decoder = "resblocks"
    block_expansion: int = 64
    max_features: int = 512
    num_down_blocks: int = 2
    num_resblocks_3d: int = 6
    num_resblocks_2d: int = 6
    edge_kernel: int = 7
    composite: bool = False
    anchor: float = 0.0
    anchored: tuple[int, ...] = ()
    seams: tuple[tuple[int, int], ...] = ()
    upward: tuple[int, int] = (0, 0)
    eyes: tuple[tuple[int, ...], ...] = ()
    openings: tuple[tuple[int, ...], ...] = ()
    cues: int = 0

    def __post_init__(self) -> None:
        _check_counts(self, num_resblocks_3d=0, num_resblocks_2d=0, cues=0)
        if self.anchor < 0 or (self.anchor and not self.composite):
            raise ValueError(f"GeneratorConfig.anchor is {self.anchor}; use 0, or a positive number with composite")
        if self.cues and not (self.anchor and self.decoder == "resblocks" and self.num_down_blocks > 1):
            raise ValueError(
                f"GeneratorConfig.cues is {self.cues}; use 0, or a positive number with anchor, decoder 'resblocks' "
                "and at least 2 num_down_blocks"
            )
        if (self.seams or self.eyes or self.openings) and not self.anchor:
            raise ValueError(
                "GeneratorConfig.seams, eyes and openings need an anchor: without it keypoints move no pixels"
            )
        if bool(self.seams) != (self.upward[0] != self.upward[1]):
            raise ValueError(
                f"GeneratorConfig.upward is {self.upward}; with seams use two keypoints, the lower of the face first, "
                "and leave it out without"
            )
        if any(len(set(outline)) < 3 for outline in self.openings):
            raise ValueError(f"GeneratorConfig.openings is {self.openings}; an outline has at least three keypoints")
        if any(len(set(eye)) < 4 for eye in self.eyes):
            raise ValueError(
                f"GeneratorConfig.eyes is {self.eyes}; an eye has an iris and at least three keypoints around it"
            )
        _check_odd(self, "edge_kernel")
        if self.decoder not in ("resblocks", "spade"):
            raise ValueError(f"GeneratorConfig.decoder is {self.decoder!r}; use 'resblocks' or 'spade'")

    def check_keypoints(self, count: int) -> None:
        """All numbers are those of `count` keypoints, and a seam lies between anchored ones.

        Raises:
            ValueError: naming the setting.
        """
        anchored = set(self.anchored or range(count))
        for name in ("anchored", "upward", "seams", "eyes", "openings"):
            value = getattr(self, name)
            flat = [n for part in value for n in (part if isinstance(part, tuple) else (part,))]
            if any(not 0 <= number < count for number in flat):
                raise ValueError(f"generator.{name} is {value}; use numbers below num_kp {count}")
            if name == "seams" and not anchored.issuperset(flat):
                raise ValueError(f"generator.seams is {value}; use keypoints that are anchored: {sorted(anchored)}")


@dataclass(frozen=True)
class Vid2VidConfig:
    """All networks of face-vid2vid.

    Attributes:
        image_size: side of the square pictures that the networks see.
        num_kp: keypoints K. (The paper has 20, the public checkpoints 15.)
        feature_channel, reshape_depth: channels C and depth D of the feature volume.
    """

    image_size: int = 256
    num_kp: int = 15
    feature_channel: int = 32
    reshape_depth: int = 16
    keypoints: KeypointConfig = field(default_factory=KeypointConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    motion: MotionConfig = field(default_factory=MotionConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)

    def __post_init__(self) -> None:
        _check_counts(self, reshape_depth=2)
        self.generator.check_keypoints(self.num_kp)
        for needed, part in (
            (self.side_multiple, "generator.num_down_blocks, motion.stride and motion.num_blocks"),
            (self.keypoints.shrink * 2**self.keypoints.num_blocks, "keypoints.scale_factor and keypoints.num_blocks"),
        ):
            if self.image_size % needed:
                raise ValueError(
                    f"Vid2VidConfig.image_size is {self.image_size}, which {part} cannot halve evenly; "
                    f"use a multiple of {needed}"
                )

    @property
    def side_multiple(self) -> int:
        """The generator takes pictures whose sides are multiples of this."""
        return 2 ** (self.generator.num_down_blocks + self.motion.num_blocks) * self.motion.stride


def vox_256() -> Vid2VidConfig:
    """Public configuration ``vox-256``."""
    return Vid2VidConfig()


def vox_256_beta() -> Vid2VidConfig:
    """Public configuration ``vox-256-beta``: keypoints are sought in the picture's full size."""
    return Vid2VidConfig(keypoints=KeypointConfig(scale_factor=1))


def vox_256_spade() -> Vid2VidConfig:
    """Public configuration ``vox-256-spade``: ``vox-256`` with the SPADE decoder."""
    return replace(Vid2VidConfig(), generator=GeneratorConfig(decoder="spade", edge_kernel=3))


def _check_counts(config: Any, **least: int) -> None:
    """Every whole number of a configuration is at least 1, or what `least` says of it."""
    for name in (f.name for f in fields(config)):
        value, floor = getattr(config, name), least.get(name, 1)
        if isinstance(value, int) and not isinstance(value, bool) and value < floor:
            raise ValueError(f"{type(config).__name__}.{name} is {value}; use at least {floor}")


def _check_odd(config: Any, *names: str) -> None:
    for name in names:
        if getattr(config, name) % 2 == 0:
            raise ValueError(f"{type(config).__name__}.{name} is {getattr(config, name)}; a kernel has an odd size")
