"""The models that the suite knows: one line a model. A factory takes ``(options, context)``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from bench.errors import unknown
from bench.models.base import Context, Model, Options


@dataclass(frozen=True)
class Entry:
    """One known model.

    Attributes:
        factory: ``module:function``, imported when the model is made.
        kind: ``sanity``, ``baseline``, ``model`` or ``folder``: how reports group it.
        summary: one line for ``space-bench models``.
        assets: what must have been pulled.
        light: so little work a case that threads serve it better than processes, which cost a second to start.
    """

    factory: str
    kind: str
    summary: str
    assets: tuple[str, ...] = ()
    light: bool = False


SPACE_ASSETS = (
    "space_small_speech2landmarks",
    "space_small_pose",
    "space_small_landmarks2latents",
    "space_small_vid2vid",
)

MODELS: dict[str, Entry] = {
    "ground-truth": Entry("bench.models.sanity:ground_truth", "sanity", "the clip itself: the ceiling", light=True),
    "re-encoded": Entry(
        "bench.models.sanity:re_encoded", "sanity", "the clip through the codec again: codec noise", light=True
    ),
    "still": Entry("bench.models.sanity:still", "sanity", "the portrait, held: what doing nothing scores", light=True),
    "shuffled": Entry("bench.models.sanity:shuffled", "sanity", "the clip with the sound of another", light=True),
    "shifted": Entry("bench.models.sanity:shifted", "sanity", "the clip with its sound moved by k frames", light=True),
    "viseme": Entry(
        "bench.models.viseme:create", "baseline", "phonemes to mouth shapes to a warped portrait; no weights"
    ),
    "space": Entry(
        "bench.models.space:create",
        "model",
        "the reference model SPACE (and its ablations: option variant)",
        assets=SPACE_ASSETS,
    ),
    "folder": Entry("bench.models.folder:folder", "folder", "videos that somebody already generated", light=True),
}


def make(name: str, options: Options, context: Context) -> Model:
    """Make a model. The option ``model`` names the entry where the row has a name of its own.

    Raises:
        BenchError: unknown model or option, or something that the model needs is absent.
    """
    factory: Callable[[Options, Context], Model] = _load(entry(name, options).factory)
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


def _load(reference: str) -> Callable[[Options, Context], Model]:
    module, function = reference.split(":")
    loaded: Callable[[Options, Context], Model] = getattr(import_module(module), function)
    return loaded
