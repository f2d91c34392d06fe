"""The setting ``engine``: ``local``, a Dask scheduler's address, its scheduler file, or ``slurm``."""

from __future__ import annotations

import re

from bench.errors import nearest

LOCAL = "local"
SLURM = "slurm"
FILE_ENDING = ".json"
"""Of a Dask scheduler file."""

_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:]+\]|[^\s:/\[\]]+):(\d{1,5})/?")


def checked_engine(text: str) -> str:
    """The setting itself.

    Raises:
        ValueError: it is none of the four; the nearest word is suggested.
    """
    address = _ADDRESS.fullmatch(text)
    if address and not 0 < int(address[3]) < 65536:
        raise ValueError(f"engine {text!r}: {address[3]} is no port")
    if address or text in (LOCAL, SLURM) or text.endswith(FILE_ENDING):
        return text
    known = f"{LOCAL}, {SLURM}, tcp://host:port, tls://host:port, or a scheduler file that ends in {FILE_ENDING}"
    near = "" if "/" in text or ":" in text else f" {nearest(text, (LOCAL, SLURM))}"
    raise ValueError(f"engine {text!r} is not known: it takes {known}.{near}")


def host_and_port(text: str) -> tuple[str, int] | None:
    """Of a scheduler's address; None for the other settings."""
    address = _ADDRESS.fullmatch(text)
    return (address[2].strip("[]"), int(address[3])) if address else None
