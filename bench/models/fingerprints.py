"""Which known network a weights file looks like: a few telling tensors of each, by name and shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Shape = tuple[int, ...]

FINGERPRINTS: Mapping[str, Mapping[str, Shape]] = {
    "Wav2Lip": {"face_encoder_blocks.0.0.conv_block.0.weight": (16, 6, 7, 7), "output_block.1.weight": (3, 32, 1, 1)},
    "Wav2Lip's lip-sync expert": {"face_encoder.0.conv_block.0.weight": (32, 15, 7, 7)},
    "Wav2Lip's visual quality discriminator": {"binary_pred.0.weight": (1, 512, 1, 1)},
    "SyncNet v2": {"netcnnlip.0.weight": (96, 3, 5, 7, 7)},
    "S3FD face detector": {"conv7_2_mbox_loc.weight": (4, 256, 3, 3)},
    "MakeItTalk content branch": {"fc_prior.0.weight": (256, 80)},
    "MakeItTalk speaker branch": {"audio_content_encoder.weight_ih_l0": (1024, 80)},
    "MakeItTalk image translation": {"model.model.0.weight": (64, 6, 3, 3)},
    "AutoVC (MakeItTalk's voice conversion)": {"postnet.convolutions.4.1.weight": (80,)},
    "PC-AVS audio encoder": {"model.attention.3.weight": (2560, 128, 1)},
    "PC-AVS identity encoder": {"fc.weight": (5830, 2048), "model.conv1.weight": (64, 3, 7, 7)},
    "PC-AVS pose encoder": {"headpose_fc.1.weight": (5830, 12)},
    "PC-AVS generator": {"style.1.weight": (2560, 2560)},
    "EAMM audio-to-motion": {"generator.noises.noise_8": (1, 1, 64, 64)},
    "EAMM emotion": {"classify.last_fc.weight": (8, 512)},
    "EAMM generator (first-order motion)": {"bottleneck.r5.conv1.weight": (256, 256, 3, 3), "final.weight": (3, 64, 7, 7)},
    "first-order motion keypoint detector": {"jacobian.weight": (40, 35, 7, 7)},
    "face-vid2vid keypoint detector": {"predictor.down_blocks.down0.conv.weight": (64, 3, 3, 3), "kp.bias": (15,)},
    "face-vid2vid head pose and expression estimator": {"block7.b7_1.conv1.weight": (512, 2048, 1, 1)},
    "face-vid2vid generator (SPADE)": {"decoder.conv_img.weight": (3, 64, 3, 3), "dense_motion_network.mask.weight": (16, 112, 7, 7, 7)},
    "face-vid2vid generator (original)": {"resblocks_2d.2dr5.conv1.weight": (256, 256, 3, 3)},
    "SadTalker mapping network": {"first.0.weight": (1024, 70, 7)},
    "SadTalker mapping network for whole pictures": {"first.0.weight": (1024, 73, 7)},
    "SadTalker expression network": {"mapping1.weight": (64, 577)},
    "SadTalker head motion network": {"decoder.classbias": (46, 64)},
    "Deep3DFaceRecon": {"final_layers.0.weight": (80, 2048, 1, 1)},
    "LivePortrait motion extractor": {"detector.fc_exp.weight": (63, 768)},
    "LivePortrait stitching and retargeting": {"retarget_shoulder.module.mlp.0.weight": (128, 126), "retarget_eye.module.mlp.0.weight": (256, 66)},
    "LivePortrait warping module": {"dense_motion_network.mask.weight": (22, 142, 7, 7, 7)},
    "LivePortrait SPADE generator": {"conv_img.0.weight": (12, 64, 3, 3)},
    "FID Inception": {"Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3)},
    "EmoNet": {"emo_fc_2.0.weight": (128, 256)},
    "Emotion-FAN": {"alpha.0.weight": (1, 512)},
    "ArcFace ResNet": {"features.running_var": (512,), "layer3.13.prelu.weight": (256,)},
}  # fmt: skip


def looks_like(shapes: Mapping[str, Shape]) -> str:
    """Names of the known networks whose telling tensors are all there, joined by commas; empty where there is none.

    Args:
        shapes: of the file's tensors, by full name. A telling name may stand behind any prefix (``generator.``, ``module.``).
    """
    ends = {(end, shape) for name, shape in shapes.items() for end in _ends(name)}
    return ", ".join(
        network for network, telling in FINGERPRINTS.items() if all(item in ends for item in telling.items())
    )


def _ends(name: str) -> Iterable[str]:
    parts = name.split(".")
    return (".".join(parts[i:]) for i in range(len(parts)))
