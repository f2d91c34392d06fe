"""Words of the command line that carry a number under a name."""

from __future__ import annotations

from bench.errors import BenchError


def named_number(option: str, word: str, form: str) -> tuple[str, float]:
    """``m_ld=0.002`` as its name and number.

    Args:
        option: as typed, ``--margin``. form: what it should look like, with an example.

    Raises:
        BenchError: there is no number behind the ``=``.
    """
    name, _, value = word.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise BenchError(f"{option} {word!r} is not {form}") from None
