"""Model cards, and the dash where a metric is not asked of a model that ignores what it looks at."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.assets import open_store
from bench.errors import BenchError
from bench.features import FeatureStore
from bench.loader import Loader
from bench.model_card import model_card
from bench.models import registry
from bench.models.card import IGNORABLE, INPUTS, PROTOCOLS
from bench.models.unasked import ignored_here
from bench.plan import Plan
from bench.progress import out
from bench.scoring import Item, chosen_metrics, score_items
from metrics.base import Labels, Status, Unscorable


@pytest.mark.parametrize("name", registry.MODELS)
def test_cards_are_whole_and_name_assets_that_exist(name: str) -> None:
    card = registry.MODELS[name].card
    assert card.name == name and card.title
    assert set(card.takes) <= {*INPUTS, "clip"} and set(card.ignores) <= set(IGNORABLE)
    assert not set(card.takes) & set(card.ignores)
    assert set(card.protocols) <= set(PROTOCOLS)
    store = open_store()
    with out.capture() as shown:
        out.print(model_card(name, store))
    assert card.title in shown.get()
    for asset in card.weights:
        assert store.asset(asset).file in shown.get()


def test_an_unknown_model_is_suggested() -> None:
    with pytest.raises(BenchError, match="Did you mean 'viseme'"):
        model_card("visem", open_store())


@pytest.mark.parametrize(
    ("stated", "said"),
    [({"ignores": "emotion"}, "must be a list"), ({"ignores": ["emotions"]}, "Did you mean 'emotion'")],
)
def test_a_mistake_in_what_a_row_ignores_is_explained(stated: dict[str, object], said: str) -> None:
    with pytest.raises(BenchError, match=said):
        registry.ignored("folder", stated)


def test_a_row_of_random_weights_says_so_in_its_name() -> None:
    assert registry.label("mine", {"random_weights": True}) == "mine (random weights)"
    assert registry.label("mine", {}) == "mine"


def test_an_emotion_is_asked_for_under_its_protocol_and_a_pose_where_it_is_given() -> None:
    everything = frozenset(IGNORABLE)
    given, free = Labels(emotion="sad", pose_given=True), Labels(emotion="sad", pose_given=False)
    assert ignored_here(everything, "emotion", given) == everything
    assert ignored_here(everything, "self", given) == {"pose"}
    assert ignored_here(everything, "self-free", free) == set()
    assert ignored_here({"emotion"}, "self", given) == set()


def test_what_is_ignored_is_a_dash_and_not_counted(tmp_path: Path) -> None:
    names = ["emotion_accuracy", "emotion_intensity", "pose_mae", "pose_diversity", "psnr"]
    lost = Unscorable(Status.NOT_GENERATED, "no video")
    loader = Loader(Plan(25.0, {}, {}), FeatureStore(tmp_path))

    def statuses(ignored: set[str]) -> dict[str, tuple[str, int]]:
        item = Item("a", Labels(emotion="sad"), lost, None, ignored=frozenset(ignored))
        scores = score_items([item], chosen_metrics(names), loader, open_store(), 0)
        return {name: (entry["status"], entry["asked"]) for name, entry in scores.summary.items()}

    nothing = statuses(set())
    assert set(nothing.values()) == {("not_generated", 1)}
    emotion = statuses({"emotion"})
    assert emotion == nothing | dict.fromkeys(names[:2], ("not_applicable", 0))
    assert statuses({"intensity"}) == nothing | {"emotion_intensity": ("not_applicable", 0)}
    assert statuses({"pose"}) == nothing | {"pose_mae": ("not_applicable", 0)}
