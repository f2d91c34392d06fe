from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from metrics import registry
from metrics.base import Bundle, Features, Phoneme, Unscorable, protocol_id
from metrics.features.registry import ASSETS

NAMED = (
    "m_ld", "m_lvd", "f_ld", "f_lvd", "m_ld_px", "m_lvd_px", "f_ld_px", "f_lvd_px", "f_lvd_px_published",
    "m_ld_dlib", "m_lvd_dlib", "f_ld_dlib", "f_lvd_dlib", "f_lvd_dlib_published", "m_ld_vico", "m_ld_vico_dlib",
    "pose_pitch", "pose_yaw", "pose_roll", "pose_mae", "pose_translation",
    "pose_diversity", "pose_fd", "beat_align", "blink_rate", "gaze_mae", "lip_corr", "lip_offset", "lip_lag",
    "closure", "lse_c", "lse_d", "av_offset", "lse_c_joonson", "lse_d_joonson", "av_offset_joonson",
    "lse_c_joonson_recoded", "lse_d_joonson_recoded", "av_offset_joonson_recoded", "lse_c_wav2lip_real",
    "lse_d_wav2lip_real", "av_offset_wav2lip_real", "lse_c_wav2lip_lrs", "lse_d_wav2lip_lrs",
    "av_offset_wav2lip_lrs", "emotion_accuracy", "emotion_intensity", "emotion_f1_fer",
    "emotion_accuracy_hsemotion", "emotion_f1_hsemotion", "emotion_intensity_hsemotion",
    "emotion_accuracy_emonet_8", "emotion_f1_emonet_8", "emotion_intensity_emonet_8",
    "emotion_accuracy_emonet_5", "emotion_f1_emonet_5", "emotion_intensity_emonet_5",
    "emotion_accuracy_emotion_fan", "emotion_f1_emotion_fan", "emotion_intensity_emotion_fan", "id_cos_ref",
    "id_consistency", "csim", "csim_vico", "csim_source", "csim_r50", "csim_buffalo", "csim_antelope", "psnr",
    "ssim", "stlpips", "lpips_alex", "lpips_vgg", "lpips_squeeze", "blur", "cpbd", "fd_efficientnet", "kd_efficientnet",
    "fid", "fid_5", "kid", "kid_5", "fvd", "theval_lip_dynamics", "theval_eyebrow_dynamics", "theval_head_motion_mesh",
    "theval_silent_lip_stability", "theval_lip_sync", "m_ld_dtw", "m_lvd_dtw", "f_ld_dtw", "f_lvd_dtw",
    "pose_pitch_dtw", "pose_yaw_dtw", "pose_roll_dtw", "pose_mae_dtw", "pose_translation_dtw", "gaze_mae_dtw",
    "csim_vico_dtw",
)  # fmt: skip


def test_every_metric_is_there_and_says_what_it_is() -> None:
    metrics = registry.all_metrics()
    assert tuple(metrics) == NAMED
    for name, metric in metrics.items():
        assert metric.name == name
        assert metric.title and metric.group and metric.source and metric.protocol
        assert metric.summary.endswith(".") and len(metric.summary) < 140
        assert metric.needs
        assert metric.needs != ("track",) or not metric.weights


def test_metrics_on_networks_name_the_weights_of_those_networks() -> None:
    for metric in registry.all_metrics().values():
        wanted = dict.fromkeys(asset for need in metric.needs for asset in ASSETS.get(need, ()))
        assert metric.weights == tuple(wanted)


def test_protocol_ids_differ_between_metrics_and_change_with_the_protocol() -> None:
    metrics = registry.all_metrics()
    assert len({metric.protocol_id for metric in metrics.values()}) == len(metrics)
    metric = metrics["m_ld"]
    assert protocol_id("m_ld", {**metric.protocol, "points": "other"}) != metric.protocol_id


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(KeyError) as caught:
        registry.get("lip_cor")
    assert str(caught.value) == "unknown metric 'lip_cor'; did you mean 'lip_corr'?"


@pytest.mark.parametrize("name", NAMED)
def test_no_metric_lets_a_missing_feature_pass(name: str, make_bundle: Callable[..., Bundle]) -> None:
    labels = {"emotion": "happy", "intensity": 1.0}
    with pytest.raises(Unscorable):
        registry.get(name).per_clip(make_bundle(Features(25, 50), Features(25, 50), **labels))


@pytest.mark.parametrize(
    "name", [name for name, metric in registry.all_metrics().items() if metric.needs and metric.needs[0] == "track"]
)
def test_values_do_not_depend_on_what_was_scored_before(
    name: str, make_talker: Callable[..., Features], make_bundle: Callable[..., Bundle]
) -> None:
    phonemes = (Phoneme("P", 1.0, 1.1), Phoneme("AA", 1.1, 1.4))
    turned = np.cumsum(np.random.default_rng(0).normal(scale=0.5, size=(100, 3)), axis=0)
    speech = np.repeat([0.1, 0.9, 0.1], [30, 60, 35])[:, None].astype(np.float32)
    one = replace(make_talker(seed=1, angles=turned, phonemes=phonemes), samples={"speech": speech})
    other = replace(make_talker(seed=2, phonemes=phonemes), samples={"speech": speech})
    per_clip = registry.get(name).per_clip
    first = per_clip(make_bundle(one, other))
    per_clip(make_bundle(other, one))
    again = per_clip(make_bundle(replace(one), other))
    for before, after in zip(np.atleast_1d(first), np.atleast_1d(again), strict=True):
        np.testing.assert_array_equal(before, after)


def test_listing_metrics_loads_no_network_library() -> None:
    code = "import sys, metrics.registry as r; r.all_metrics(); print([m for m in sys.modules if m in %r])"
    heavy = ("torch", "mediapipe", "dlib", "pandas", "sklearn", "scipy.signal", "scipy.stats")
    done = subprocess.run([sys.executable, "-c", code % (heavy,)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_documentation_shows_the_registered_metrics() -> None:
    page = Path(__file__).parents[2] / "docs" / "metrics.md"
    assert registry.describe() in page.read_text(encoding="utf-8")
