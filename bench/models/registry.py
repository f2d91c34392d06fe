"""The models that the suite knows: one line a model. A factory takes ``(options, context)``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from bench.errors import unknown
from bench.models import cards
from bench.models.base import AnyModel, Context, Options
from bench.models.card import ModelCard


@dataclass(frozen=True)
class Entry:
    """One known model.

    Attributes:
        factory: ``module:function``, imported when the model is made.
        kind: ``sanity``, ``baseline``, ``model`` or ``folder``: how reports group it.
        summary: one line for ``space-bench models``.
        card: what is to be known of it, see `ModelCard`.
        light: so little work a case that threads serve it better than processes, which cost a second to start.
    """

    factory: str
    kind: str
    summary: str
    card: ModelCard
    light: bool = False

    @property
    def assets(self) -> tuple[str, ...]:
        """What must be here, by name."""
        return self.card.weights


_SANITY = "bench.models.sanity:"
MODELS: dict[str, Entry] = {
    "ground-truth": Entry(f"{_SANITY}ground_truth", "sanity", "the clip itself: the ceiling", cards.GROUND_TRUTH, light=True),
    "re-encoded": Entry(f"{_SANITY}re_encoded", "sanity", "the clip through the codec again: codec noise", cards.RE_ENCODED, light=True),
    "still": Entry(f"{_SANITY}still", "sanity", "the portrait, held: what doing nothing scores", cards.STILL, light=True),
    "shuffled": Entry(f"{_SANITY}shuffled", "sanity", "the clip with the sound of another", cards.SHUFFLED, light=True),
    "shifted": Entry(f"{_SANITY}shifted", "sanity", "the clip with its sound moved by k frames", cards.SHIFTED, light=True),
    "viseme": Entry("bench.models.viseme:create", "baseline", "phonemes to mouth shapes to a warped portrait; no weights", cards.VISEME),
    "space": Entry("bench.models.space:create", "model", "the reference model SPACE (and its ablations: option variant)", cards.SPACE),
    "folder": Entry("bench.models.folder:folder", "folder", "videos that somebody already generated", cards.FOLDER, light=True),
}  # fmt: skip


def make(name: str, options: Options, context: Context) -> AnyModel:
    """Make a model. The option ``model`` names the entry where the row has a name of its own.

    Raises:
        BenchError: unknown model or option, or something that the model needs is absent.
    """
    factory: Callable[[Options, Context], AnyModel] = _load(entry(name, options).factory)
    return factory({key: value for key, value in options.items() if key != "model"}, context)


def kind(name: str, options: Options) -> str:
    """Name of the registry entry behind a row of ``params.yaml``.

    Raises:
        BenchError: there is none; the nearest is suggested.
    """
    found: str = options.get("model", name)
    if found not in MODELS:
        raise unknown("model", found, MODELS)
    return found


def entry(name: str, options: Options) -> Entry:
    """The registry entry behind a row of ``params.yaml``; raises as `kind` does."""
    return MODELS[kind(name, options)]


def _load(reference: str) -> Callable[[Options, Context], AnyModel]:
    module, function = reference.split(":")
    loaded: Callable[[Options, Context], AnyModel] = getattr(import_module(module), function)
    return loaded
