"""Published lists of VoxCeleb2's utterances, as papers, challenges and training code write them.

What is read, one or more utterances a line, wherever they stand in it [public lists and the code that reads them]:

    id00017/5MkXgwdrmJw/00001.mp4                 (also .m4a, .wav, .txt, or no suffix; \\ instead of /)
    test/mp4/id00017/5MkXgwdrmJw/00001.mp4        (any folders before)
    id00017 id00017/5MkXgwdrmJw/00001.wav         (speaker first, as in train_list.txt)
    1 id00017/5MkXgwdrmJw/00001.wav id00018/...   (pairs, as in veri_test.txt)
    "id00017/5MkXgwdrmJw/00001.mp4",0             (csv, with or without a heading)
    id00017-5MkXgwdrmJw-00001                     (a clip's name in the suite)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from datasets.base import DatasetError, readable

SUFFIXES = (".txt", ".lst", ".list", ".csv")
_PATH = re.compile(r"(?<![A-Za-z0-9])(id[0-9]{5})[/\\]+([A-Za-z0-9_-]+)[/\\]+([0-9]{5})(?![A-Za-z0-9])")
_NAME = re.compile(r"(?<![A-Za-z0-9])(id[0-9]{5})-([A-Za-z0-9_-]+)-([0-9]{5})(?![A-Za-z0-9_-])")


def read_list(path: Path) -> frozenset[str]:
    """Names of the clips that a list names. A byte-order mark, CRLF, blank lines and comments after ``#`` do no harm.

    Raises:
        DatasetError: the file cannot be read, holds no utterance, or has a line without one. (A first line without
            a digit is a heading.)
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"the list {path} cannot be read as text: {error}.") from error
    names: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.partition("#")[0].strip()
        found = list(_utterances(content))
        if content and not found and (number > 1 or any(c.isdigit() for c in content)):
            raise DatasetError(
                f"{path}: line {number} names no utterance: {readable(content[:80])!r}; "
                "expected something like id00017/5MkXgwdrmJw/00001.mp4."
            )
        names.update(found)
    if not names:
        raise DatasetError(f"{path} names no utterance: expected lines like id00017/5MkXgwdrmJw/00001.mp4.")
    return frozenset(names)


def _utterances(line: str) -> Iterator[str]:
    for form in (_PATH, _NAME):
        yield from ("-".join(match.groups()) for match in form.finditer(line))
