"""A GPU draws what a CPU draws. Measured on one H200: within 1 of 255, in bfloat16 within 4."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bench.space.pretrained import load_space
from bench.space.run import Engine, animate, make_source, prepare
from metrics.features.canonical import canonical_face
from space_ref.animator import Direction

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")
SIDE, FRAMES, FPS, RATE = 256, 25, 25.0, 16000


def frames(device: str, engine: Engine) -> NDArray[np.int64]:
    space = prepare(load_space("small", device=device).space, engine)
    coarse = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    picture = np.asarray(cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)
    face = (canonical_face() * (SIDE / 4.5) + [SIDE / 2, SIDE * 0.45, 0]).astype(np.float32)
    sound = np.random.default_rng(0).normal(size=round(FRAMES / FPS * RATE)).astype(np.float32) * 0.1
    asked = Direction(torch.tensor([0.0, 0, 0, 0, 0.8, 0, 0, 0]))
    made = animate(space, make_source(space, picture, face), [sound], RATE, FRAMES, FPS, asked, engine)
    return np.stack(list(made)).astype(int)


@pytest.mark.parametrize(
    ("engine", "most"),
    [(Engine(), 1), (Engine(batch=25), 1), (Engine(precision="fp16"), 1), (Engine(precision="bf16"), 4)],
)
def test_a_gpu_draws_what_a_cpu_draws(engine: Engine, most: int) -> None:
    assert np.abs(frames("cuda", engine) - frames("cpu", Engine())).max() <= most


def test_a_gpu_draws_the_same_twice() -> None:
    assert (frames("cuda", Engine()) == frames("cuda", Engine())).all()
