"""A plan's protocol ids hold the weights, which are hashed once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.plan import plan
from bench.store import sha256_file

FER = "fer_mini_xception"


def test_weights_that_were_verified_are_not_hashed_again(asset_path: Callable[[str], Path]) -> None:
    files = {FER: asset_path(FER)}
    measured = plan(["emotion"], files, 25).features["emotion"]
    assert plan(["emotion"], files, 25, verified={FER: sha256_file(files[FER])}).features["emotion"] == measured
    # Were the file read, it would not matter what is said of it.
    assert plan(["emotion"], files, 25, verified={FER: "0" * 64}).features["emotion"] != measured
