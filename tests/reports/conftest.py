"""Invented but complete results: seeded, with everything that real results do badly."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from reports.data import COLUMNS, ReportData
from tests.reports.invented import findings

METRICS = (
    ("fd_efficientnet", "FD", "distribution", "", "lower", 20.0, 8.0),
    ("fid", "FID", "distribution", "", "lower", None, None),
    ("m_ld", "M-LD", "landmarks", "iod", "lower", 0.0, 0.045),
    ("m_lvd", "M-LVD", "landmarks", "iod", "lower", 0.0, 0.021),
    ("f_ld", "F-LD", "landmarks", "iod", "lower", 0.0, 0.032),
    ("f_lvd", "F-LVD", "landmarks", "iod", "lower", 0.0, 0.011),
    ("lip_corr", "Lip corr.", "sync", "", "higher", 0.55, -0.22),
    ("lip_offset", "Offset", "sync", "frames", "lower", 1.2, 3.1),
    ("emotion_accuracy", "Emo. acc.", "emotion", "", "higher", 0.71, -0.25),
    ("pose_mae", "Pose", "pose", "deg", "lower", 0.0, 2.4),
    ("pose_diversity", "Pose div.", "pose", "deg", "none", 4.0, -1.5),
    ("id_cos_ref", "ID cos", "identity", "", "higher", 0.99, -0.06),
)
MODELS = (
    ("space", "1.2.0", "SPACE", "model", 0.55),
    ("viseme", "0.3", "Viseme", "baseline", 1.0),
    ("folder", "a1b2c3", "Their videos", "folder", 0.8),
    ("ground_truth", "1", "Ground truth", "sanity", 0.0),
    ("reencoded", "1", "Re-encoded", "sanity", 0.04),
    ("still", "1", "Still image", "sanity", 1.6),
    ("shuffled", "1", "Shuffled audio", "sanity", 1.3),
)
EMOTIONS = ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
CONTEXTS = (("sample", "test", "self"), ("puppet", "test", "self"), ("puppet", "test", "emotion"))


def frame(name: str, rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(COLUMNS[name]))


def metric_table(extra: int = 0) -> pd.DataFrame:
    rows = []
    more = tuple((f"extra_{k}", f"Extra {k}", "extra", "", "lower", 0.1, 0.2) for k in range(extra))
    for name, title, group, unit, better, base, _ in (*METRICS, *more):
        weights = "inception_fid" if base is None else ""
        protocol = json.dumps({"points": 478, "fps": 25, "of": name})
        summary = f"What {title} measures, in one sentence for a newcomer."
        corpus = group == "distribution"
        rows.append((name, title, group, unit, better, summary, "a paper", f"id{name}"[:12], protocol, corpus, weights))
    return frame("metrics", rows)


def build(
    seed: int = 0,
    cases: int = 12,
    models: Sequence[tuple[str, str, str, str, float]] = MODELS,
    contexts: Sequence[tuple[str, str, str]] = CONTEXTS,
    extra: int = 0,
    videos: Callable[[str], Path] | None = None,
    beside: str = "",
) -> ReportData:
    """Results of `models` that are worse the larger their last field; every ninth case fails somewhere.

    With `beside`, a path as seen from the page, all videos are said to lie below it as ``<context>/<model>/<case>.mp4``.
    """
    rng = np.random.default_rng(seed)
    metrics = metric_table(extra)
    known = {name: (base, slope) for name, *_, base, slope in METRICS}
    scores, summary, all_cases, curves, emotions, sizes, envelopes, files = [], [], [], [], [], [], [], {}
    for context in contexts:
        names = [f"{context[0]}_{k:03d}" for k in range(cases)]
        for k, case in enumerate(names):
            emotion, level = EMOTIONS[k % 8], 1 + k % 3
            all_cases.append(
                (*context, case, f"{case}_clip", f"S{k % 5}", emotion, level, level / 3, 2.4, 9.0 * (k % 5))
            )
        for model, version, _, _, badness in models:
            for row in metrics.itertuples():
                base, slope = known.get(row.metric, (0.1, 0.2))
                if base is None or slope is None:
                    values, status = np.full(cases, np.nan), ["weights_missing"] * cases
                else:
                    values = base + slope * badness + abs(slope) * 0.25 * rng.standard_normal(cases) * (badness > 0)
                    status = ["no_face" if k % 9 == 4 and badness > 0.5 else "ok" for k in range(cases)]
                    if row.metric == "emotion_accuracy":
                        status = ["not_applicable" if k % 8 == 1 else s for k, s in enumerate(status)]
                values = np.where([s == "ok" for s in status], values, np.nan)
                detail = {"no_face": "found a face in 3 of 60 frames, at least half are needed", "ok": ""}
                for case, value, reason in zip(names, values, status, strict=True):
                    missing = "needs inception_fid: put it into weights/ or run space-bench assets pull inception_fid"
                    words = missing if reason == "weights_missing" else detail.get(reason, "")
                    entry = (*context, case, model, version, row.metric, row.protocol_id, value, reason, words)
                    scores.append(entry)
                asked = sum(s != "not_applicable" for s in status)
                done = np.isfinite(values)
                if done.any():
                    mean, half = float(np.nanmean(values)), 0.6 * abs(slope) / np.sqrt(cases) * (badness > 0)
                    numbers = (mean, mean - half, mean + half, int(done.sum()), asked, 5, "ok", "")
                else:
                    numbers = (np.nan, np.nan, np.nan, 0, asked, 5, status[0], "put inception_fid into weights/")
                summary.append((*context, model, row.metric, *numbers))
            for clips in sorted({max(1, cases // 4), max(1, cases // 2), cases}):
                value = 20 + 8 * badness + 30 / clips
                sizes.append((*context, model, "fd_efficientnet", clips, value, 0.5, 20 + 8 * badness))
            for k, case in enumerate(names):
                asked = EMOTIONS[k % 8]
                right = rng.random() < 0.85 - 0.4 * badness
                predicted = asked if right else EMOTIONS[int(rng.integers(8))]
                probability = float(np.clip(0.2 + 0.2 * (1 + k % 3) - 0.15 * badness, 0, 1))
                emotions.append((*context, case, model, "FER", asked, predicted, probability))
                if asked != "fear":
                    emotions.append((*context, case, model, "HSE", asked, asked, 0.9))
            time = np.arange(60) / 25
            for case in names:
                phase = 0.3 * badness
                for t in time:
                    wave = 0.12 * abs(np.sin(7 * (t - phase))) * (0 if model == "still" else 1)
                    pose = (4 * np.sin(2 * t), 6 * np.cos(1.5 * t + phase), 2 * np.sin(t))
                    curves.append((*context, case, model, t, wave, *pose))
                if videos is not None:
                    files[(*context, case, model)] = videos(model)
        for case in names[:2]:
            envelopes += [(case, t, abs(np.sin(7 * t)) * 0.4) for t in np.arange(60) / 25]
    moving = frame("curves", curves)
    first = {(*context, f"{context[0]}_{k:03d}") for context in contexts for k in range(2)}
    is_first = [tuple(row) in first for row in moving[["dataset", "split", "protocol", "case"]].itertuples(index=False)]
    score_table, case_table = frame("scores", scores), frame("cases", all_cases)
    competing = [name for name, _, _, kind, _ in models if kind != "sanity"]
    media = [
        (*context, case, model, f"{beside}/{'/'.join(context)}/{model}/{case}.mp4")
        for *context, case in case_table[["dataset", "split", "protocol", "case"]].itertuples(index=False)
        for model, *_ in models
        if beside
    ]
    return ReportData(
        title="Four ways to move a face",
        created="2026-07-01",
        environment={"python": "3.11.7", "torch": "2.13.0", "cpu": "2 cores", "space-bench": "0.1.0", "git": "abc1234"},
        metrics=metrics,
        models=frame("models", [(*model[:4], "") for model in models]),
        summary=frame("summary", summary),
        scores=score_table,
        cases=case_table,
        curves=moving[is_first],
        all_curves={
            key: part[["case", "time", "aperture", "pitch", "yaw", "roll"]]
            for key, part in moving.groupby(["dataset", "split", "protocol", "model"], sort=False)
        },
        media=frame("media", media),
        **findings(score_table, case_table, metrics, competing),
        emotions=frame("emotions", emotions),
        sizes=frame("sizes", sizes),
        envelopes=frame("envelopes", dict.fromkeys(envelopes)),
        rejected=frame("rejected", [("sample", "clip.mp4", "no_face", "found a face in 0 of 50 frames")]),
        videos=files,
    )


@pytest.fixture(scope="session")
def make_data() -> Callable[..., ReportData]:
    return build


@pytest.fixture(scope="session")
def make_table() -> Callable[..., pd.DataFrame]:
    return frame


def write_clip(path: Path, hue: int, seconds: float = 1.0) -> Path:
    """A small H.264 clip with sound: a disc that opens and closes on a plain ground."""
    size, fps, rate = 128, 25, 16000
    with av.open(str(path), "w") as out:
        picture = out.add_stream("libx264", rate=fps, options={"threads": "1"})
        picture.width = picture.height = size
        picture.pix_fmt = "yuv420p"
        sound = out.add_stream("aac", rate=rate, layout="mono")
        y, x = np.mgrid[:size, :size] - size / 2
        for k in range(round(seconds * fps)):
            pixels = np.full((size, size, 3), (40 + hue, 90, 200 - hue), np.uint8)
            pixels[np.hypot(x, y * (1.2 + np.sin(k / 2))) < size / 4] = (240, 200, 170)
            for packet in picture.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                out.mux(packet)
        tone = (0.2 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)
        block = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
        block.sample_rate = rate
        for stream, frame_or_end in ((sound, block), (sound, None), (picture, None)):
            for packet in stream.encode(frame_or_end):
                out.mux(packet)
    return path


@pytest.fixture(scope="session")
def clip_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A one-second video for each model, made once."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[str, Path] = {}

    def clip(model: str) -> Path:
        if model not in made:
            made[model] = write_clip(folder / f"{len(made)}.mp4", hue=20 * len(made))
        return made[model]

    return clip
