"""The models that the suite knows: one line a model. A factory takes ``(options, context)``."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from bench.errors import BenchError, nearest, unknown
from bench.models import cards, python_entry
from bench.models.base import AnyModel, Context, ModelError, Options
from bench.models.card import IGNORABLE
from bench.models.eamm import card as eamm_card
from bench.models.entry import Entry
from bench.models.facevid2vid import card as facevid2vid_card
from bench.models.liveportrait import card as liveportrait_card
from bench.models.makeittalk import card as makeittalk_card
from bench.models.pcavs import card as pcavs_card
from bench.models.sadtalker import card as sadtalker_card
from bench.models.wav2lip import card as wav2lip_card

_SANITY = "bench.models.sanity:"
MODELS: dict[str, Entry] = {
    "ground-truth": Entry(f"{_SANITY}ground_truth", "sanity", "the clip itself: the ceiling", cards.GROUND_TRUTH, light=True),
    "re-encoded": Entry(f"{_SANITY}re_encoded", "sanity", "the clip through the codec again: codec noise", cards.RE_ENCODED, light=True),
    "still": Entry(f"{_SANITY}still", "sanity", "the portrait, held: what doing nothing scores", cards.STILL, light=True),
    "shuffled": Entry(f"{_SANITY}shuffled", "sanity", "the clip with the sound of another", cards.SHUFFLED, light=True),
    "shifted": Entry(f"{_SANITY}shifted", "sanity", "the clip with its sound moved by k frames", cards.SHIFTED, light=True),
    "viseme": Entry("bench.models.viseme:create", "baseline", "phonemes to mouth shapes to a warped portrait; no weights", cards.VISEME),
    "space": Entry("bench.models.space:create", "model", "the reference model SPACE (and its ablations: option variant)", cards.SPACE),
    "wav2lip": Entry("bench.models.wav2lip.adapter:create", "baseline", "Wav2Lip: the mouth of a picture redrawn to fit speech", wav2lip_card.CARD),
    "pcavs": Entry("bench.models.pcavs.adapter:create", "baseline", "PC-AVS: mouth from speech, head pose from another video", pcavs_card.CARD),
    "makeittalk": Entry("bench.models.makeittalk.adapter:create", "baseline", "MakeItTalk: lips, head and face from speech and speaker", makeittalk_card.CARD),
    "eamm": Entry("bench.models.eamm.adapter:create", "baseline", "EAMM: speech and head pose, and an emotion that a video shows", eamm_card.CARD),
    "sadtalker": Entry("bench.models.sadtalker.adapter:create", "baseline", "SadTalker: speech moves a 3D face model, that moves the portrait", sadtalker_card.CARD),
    "face-vid2vid": Entry("bench.models.facevid2vid.adapter:create", "sanity", "the generator driven by the clip itself: its ceiling", facevid2vid_card.CARD),
    "liveportrait": Entry("bench.models.liveportrait.adapter:create", "sanity", "LivePortrait driven by the pose source: a ceiling", liveportrait_card.CARD),
    "command": Entry("bench.models.command.model:create", "model", "any program that writes a video a case", cards.COMMAND, light=True),
    "folder": Entry("bench.models.folder:folder", "folder", "videos that somebody already generated", cards.FOLDER, light=True),
}  # fmt: skip


COMMON = ("model", "ignores")
"""Options that every row may have: the entry behind it, and what the method does not follow (else its card says so)."""


def make(name: str, options: Options, context: Context) -> AnyModel:
    """Make a model. The option ``model`` names the entry where the row has a name of its own.

    Raises:
        BenchError: unknown model or option, or something that the model needs is absent.
        ModelError: it cannot be made for a reason that is a row of the table (``weights_missing``).
    """
    found = entry(name, options)
    ignored(name, options)
    factory: Callable[[Options, Context], AnyModel] = _load(found.factory)
    own = {key: value for key, value in options.items() if key not in COMMON}
    if factory.__module__.startswith("bench."):
        return factory(own, context)
    return _foreign(name, factory, own, context)


def kind(name: str, options: Options) -> str:
    """Name of the registry entry behind a row of ``params.yaml``, or ``module:object`` where a package brings the model.

    Raises:
        BenchError: there is none; the nearest is suggested.
    """
    found: str = options.get("model", name)
    if found not in MODELS and ":" not in found and found not in python_entry.installed():
        raise unknown("model", found, (*MODELS, *python_entry.installed()))
    return found


def entry(name: str, options: Options) -> Entry:
    """The entry behind a row of ``params.yaml``; raises as `kind` does, and where a package's code cannot be imported."""
    return lookup(kind(name, options))


def lookup(name: str) -> Entry:
    """The entry of that name; the suite's own come before those of packages."""
    if name in MODELS:
        return MODELS[name]
    return python_entry.referenced(name) if ":" in name else python_entry.loaded(python_entry.installed()[name])


def ignored(name: str, options: Options) -> frozenset[str]:
    """Inputs that do not change what a row's model makes: what its option ``ignores`` says, else its card.

    Raises:
        BenchError: the option is no list of inputs.
    """
    stated = options.get("ignores", list(entry(name, options).card.ignores))
    if not isinstance(stated, list):
        raise BenchError(f"model {name!r}: option 'ignores' must be a list of {', '.join(IGNORABLE)}, found {stated!r}")
    for item in stated:
        if item not in IGNORABLE:
            raise BenchError(f"model {name!r}: option 'ignores' has {item!r}. {nearest(str(item), IGNORABLE)}")
    return frozenset(stated)


def label(name: str, options: Options) -> str:
    """A row's name as reports print it: weights made of names are no result of the method, and the table must say so."""
    return f"{name} (random weights)" if options.get("random_weights") else name


def _load(reference: str) -> Callable[[Options, Context], AnyModel]:
    module, function = reference.split(":")
    loaded: Callable[[Options, Context], AnyModel] = getattr(import_module(module), function)
    return loaded


def _foreign(
    name: str, factory: Callable[[Options, Context], AnyModel], options: Options, context: Context
) -> AnyModel:
    """A model of somebody else's code, held to what the suite asks of it."""
    try:
        made = factory(options, context)
        whole = isinstance(made.version, str) and (hasattr(made, "animate") or hasattr(made, "animate_many"))
    except (BenchError, ModelError):
        raise
    except (Exception, SystemExit) as error:
        raise BenchError(f"model {name!r}: it cannot be made: {type(error).__name__}: {error}") from error
    if not whole:
        raise BenchError(
            f"model {name!r}: its `version` must be text, and it needs `animate` or `animate_many` (docs/models.md)"
        )
    return made
