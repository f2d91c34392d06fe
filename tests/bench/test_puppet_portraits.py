"""Where the portraits of puppets come from."""

from __future__ import annotations

import numpy as np

from bench.assets.store import open_store
from bench.puppet import portrait
from datasets.puppet import PuppetSpec


def test_every_portrait_is_an_asset_or_comes_with_a_package() -> None:
    store = open_store()
    own = [name for name in PuppetSpec(extras=6).portraits if name not in store.assets]
    assert own == ["astronaut", "grace_hopper"]
    for name in own:
        picture = portrait(name, store)
        assert picture.dtype == np.uint8 and picture.shape[2] == 3 and picture.max() > 200
