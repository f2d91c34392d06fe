"""Every extractor network by its feature name. Importing this module imports none of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from metrics.features.syncnet_protocol import PROTOCOLS, SyncProtocol
from metrics.lse import LIPS, SOUND, legacy_feature

_WHERE: Mapping[str, tuple[str, str]] = {
    "arcface_antelope": ("metrics.features.arcface", "ArcFaceAntelope"),
    "arcface_buffalo": ("metrics.features.arcface", "ArcFaceBuffalo"),
    "arcface_r100": ("metrics.features.arcface", "ArcFaceR100"),
    "arcface_r50": ("metrics.features.arcface", "ArcFaceR50"),
    "arcface_vico": ("metrics.features.arcface", "ArcFaceVico"),
    "blur": ("metrics.features.sharpness", "Blur"),
    "cpbd": ("metrics.features.cpbd", "Cpbd"),
    "dlib68": ("metrics.features.dlib_landmarks", "DlibLandmarks"),
    "efficientnet": ("metrics.features.efficientnet_lite0", "EfficientNetFeatures"),
    "emonet_5": ("metrics.features.emonet", "EmoNet5"),
    "emonet_8": ("metrics.features.emonet", "EmoNet8"),
    "emotion": ("metrics.features.mini_xception", "EmotionProbabilities"),
    "emotion_fan": ("metrics.features.emotion_fan", "EmotionFan"),
    "hsemotion": ("metrics.features.hsemotion", "HSEmotion"),
    "i3d": ("metrics.features.i3d", "I3DFeatures"),
    "identity": ("metrics.features.dlib_identity", "DlibIdentity"),
    "inception": ("metrics.features.inception", "InceptionFeatures"),
    "inception_5": ("metrics.features.inception", "FewInceptionFeatures"),
    "lpips_alex": ("metrics.features.lpips_networks", "LpipsAlex"),
    "lpips_squeeze": ("metrics.features.lpips_networks", "LpipsSqueeze"),
    "lpips_vgg": ("metrics.features.lpips_networks", "LpipsVgg"),
    "psnr": ("metrics.features.pixels", "Psnr"),
    "ssim": ("metrics.features.pixels", "Ssim"),
    "stlpips": ("metrics.features.stlpips", "ShiftTolerantDistance"),
}

SYNC_LEGACY: Mapping[str, SyncProtocol] = MappingProxyType(
    {legacy_feature(protocol): protocol for name, protocol in PROTOCOLS.items() if name != "lse"}
)
"""Features that `syncnet_meter.SyncMeter` makes of pictures and sound together, and their protocols."""

SPEECH = "speech"
"""What `voice_activity.VoiceActivity` hears."""

SYNC_FEATURES = (LIPS, SOUND, *SYNC_LEGACY)
"""All that `SyncMeter` makes."""

ASSETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "arcface_antelope": ("arcface_antelope",),
        "arcface_buffalo": ("arcface_buffalo",),
        "arcface_r100": ("arcface_r100",),
        "arcface_r50": ("arcface_r50",),
        "arcface_vico": ("arcface_r100",),
        "blur": (),
        "cpbd": (),
        "dlib68": ("dlib_landmarks_68",),
        "efficientnet": ("efficientnet_lite0",),
        "emonet_5": ("emonet_5",),
        "emonet_8": ("emonet_8",),
        "emotion": ("fer_mini_xception",),
        "emotion_fan": ("emotion_fan",),
        "hsemotion": ("hsemotion_b0",),
        "i3d": ("i3d_rgb_imagenet",),
        "identity": ("dlib_face_resnet",),
        "inception": ("inception_fid",),
        "inception_5": ("inception_fid",),
        "lpips_alex": ("lpips_alexnet",),
        "lpips_squeeze": ("lpips_squeezenet",),
        "lpips_vgg": ("lpips_vgg16",),
        "psnr": (),
        "ssim": (),
        "stlpips": ("stlpips_alex",),
        SPEECH: ("silero_vad",),
        LIPS: ("syncnet_v2",),
        SOUND: ("syncnet_v2",),
        **{
            feature: ("syncnet_v2", "sfd_face") if protocol.faces == "s3fd" else ("syncnet_v2",)
            for feature, protocol in SYNC_LEGACY.items()
        },
    }
)
"""Asset names whose files each feature needs; of a network, the same as its class's ``assets``."""

SAME_NETWORK: Mapping[str, str] = MappingProxyType({"arcface_vico": "arcface_r100", "inception_5": "inception"})
"""Features whose network is that of another feature on other pictures (their classes have `over`): loaded once."""

PAIR_NETWORKS = frozenset({"lpips_alex", "lpips_squeeze", "lpips_vgg", "psnr", "ssim", "stlpips"})
"""Those that look at a generated frame beside the reference frame (`PairNetwork`); the others are `FrameNetwork`."""

SOUND_FEATURES = frozenset({"phonemes", SPEECH, SOUND})
"""What is heard: the same for every video with that sound."""


class _Networks(Mapping[str, type]):
    """Classes by name; a class's module is imported when it is asked for."""

    def __getitem__(self, name: str) -> type:
        module, attribute = _WHERE[name]
        found: type = getattr(import_module(module), attribute)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_WHERE)

    def __len__(self) -> int:
        return len(_WHERE)

    def __contains__(self, name: object) -> bool:
        return name in _WHERE


def networks() -> Mapping[str, type]:
    """Network classes by feature name; each takes ``(assets: Mapping[str, Path], device: str = "cpu")``."""
    return _Networks()


def looks_at_faces(feature: str) -> bool:
    """Whether measuring that feature needs the face track."""
    kind: Any = networks()[feature] if feature in networks() and feature not in PAIR_NETWORKS else None
    return feature == LIPS or (kind is not None and bool(kind.needs_face))
