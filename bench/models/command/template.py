"""The command line of a program, with places for what a case gives. A list of words: no shell ever sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

from bench.errors import BenchError, nearest

PLACES = ("image", "audio", "pose", "emotion", "intensity", "output", "fps", "frames", "seed", "case")
MANIFEST = "manifest"
WITH_MANIFEST = (MANIFEST, "seed")
"""All that a start for many cases can be told on its command line; the rest stands in the manifest."""

Values = Mapping[str, str | None]


class NoValueError(Exception):
    """A case does not give what the command line needs; the message is the place's name."""


@dataclass(frozen=True)
class Template:
    """A checked command line.

    Attributes:
        words: each a text with places, or a group of texts that is left out whole where a case does not give one of its
            places (no pose source, no emotion).
        many: whether one start makes many videos, told by a manifest.
    """

    words: tuple[str | tuple[str, ...], ...]
    many: bool

    def fill(self, values: Values) -> list[str]:
        """The words of one start.

        Raises:
            NoValueError: a word outside a group has a place without a value.
        """
        filled: list[str] = []
        for word in self.words:
            if isinstance(word, str):
                filled.append(_filled(word, values))
            elif all(values[name] is not None for part in word for name in _places(part)):
                filled += [_filled(part, values) for part in word]
        return filled


def parse(command: Any) -> Template:
    """Check the option ``command``.

    Raises:
        BenchError: it is no list of texts and groups of texts, has an unknown place (the nearest is suggested), no place for
            the output, or places of a single case beside ``{manifest}``.
    """
    if not isinstance(command, list) or not command or not isinstance(command[0], str):
        raise BenchError(
            f"model 'command': option 'command' must be a list of words that begins with the program, found {command!r}. "
            "No shell reads it, so each word is one entry."
        )
    words = tuple(tuple(word) if isinstance(word, list) else word for word in command)
    texts = [text for word in words for text in (word if isinstance(word, tuple) else (word,))]
    for text in texts:
        if not isinstance(text, str) or "\0" in text:
            raise BenchError(f"model 'command': each word of 'command' must be text (quote numbers), found {text!r}")
    named = {name: text for text in texts for name in _places(text)}
    for name, text in named.items():
        if name not in (*PLACES, MANIFEST):
            raise BenchError(
                f"model 'command': unknown placeholder {{{name}}} in {text!r}. {nearest(name, (*PLACES, MANIFEST))}"
            )
    many = MANIFEST in named
    single = [name for name in named if many and name not in WITH_MANIFEST]
    if single:
        raise BenchError(
            f"model 'command': {{{single[0]}}} is of one case; with {{manifest}} the program reads it there"
        )
    if not many and "output" not in named:
        raise BenchError(
            "model 'command': 'command' has no {output}, so the program cannot know where to write its video"
        )
    return Template(words, many)


def _places(text: str) -> Sequence[str]:
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        raise BenchError(
            f"model 'command': {text!r}: {error}. A brace of your own is written twice: {{{{ or }}}}"
        ) from error
    for _, name, form, conversion in parsed:
        if name is not None and (form or conversion):
            raise BenchError(
                f"model 'command': {text!r}: a placeholder is a name in braces and no more, such as {{fps}}"
            )
    return [name for _, name, _, _ in parsed if name is not None]


def _filled(text: str, values: Values) -> str:
    parts: list[str] = []
    for literal, name, _, _ in Formatter().parse(text):
        parts.append(literal)
        if name is not None:
            value = values[name]
            if value is None:
                raise NoValueError(name)
            parts.append(value)
    return "".join(parts)
