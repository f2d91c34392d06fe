"""An index of a dataset: what its reader found, kept as a table, so that an unchanged tree is not read again.

The table has one row for each thing that the reader yields, in its order: the fields of `SourceClip`, ``bytes`` and
``audio_bytes`` (sizes of the files), and ``reason`` and ``detail`` for what was turned away. A tree is unchanged
while names, sizes and times of its files are, and while the readers' code is.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datasets.base import DatasetError, Reader, Rejected, SourceClip, with_name
from datasets.media import MediaError, atomic_file
from datasets.splits import Labelled, Split
from datasets.tree_state import TreeState

LABELS = ("split", "speaker", "emotion", "level")
"""Columns by which rows can be chosen."""
_STATE = b"tree"
_OUTSIDE = "//"
"""Before the path of a file that is not under the root; no path of the readers begins so."""
_SIMPLE: dict[type, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


@dataclass(frozen=True)
class Index:
    """What a reader found under a root.

    Attributes:
        table: see the module. Paths are relative to the root; ``//`` stands before those that are not under it.
        reused: whether it was kept from before.
    """

    root: Path
    table: pa.Table
    reused: bool

    @property
    def clips(self) -> pa.Table:
        """The rows that are clips."""
        return self.table.filter(pc.is_null(self.table["reason"]))

    @property
    def rejected(self) -> list[Rejected]:
        """What was turned away."""
        rows = self.table.filter(pc.is_valid(self.table["reason"]))
        columns = (rows[name].to_pylist() for name in ("video", "reason", "detail"))
        return [
            Rejected(_restored(source, str, self.root), reason, _restored(detail, str, self.root))
            for source, reason, detail in zip(*columns, strict=True)
        ]

    def path(self, stored: str) -> Path:
        """The file that a cell of the table names."""
        path: Path = _restored(stored, Path, self.root)
        return path

    def items(self) -> Iterator[SourceClip | Rejected]:
        """What the reader yielded, in its order."""
        fields = _fields()
        columns = (self.table[name].to_pylist() for name in (*fields, "reason", "detail"))
        for *values, reason, detail in zip(*columns, strict=True):
            if reason is None:
                pairs = zip(fields.items(), values, strict=True)
                yield SourceClip(**{name: _restored(value, kind, self.root) for (name, kind), value in pairs})
            else:
                source = values[list(fields).index("video")]
                yield Rejected(_restored(source, str, self.root), reason, _restored(detail, str, self.root))


class _Row(NamedTuple):
    clip: str
    speaker: str
    emotion: str | None
    level: int | None
    split: str


def open_index(reader: Reader, root: Path, folder: Path) -> Index:
    """The index of a root; made where it is missing, or where anything changed.

    Args:
        folder: where indexes are kept; apart from the root, which may be read-only.

    Raises:
        DatasetError: the root does not hold this dataset, or the index cannot be written.
    """
    root = with_name(root)
    # A root spelled in another way has its own index: paths outside of it are kept as the reader spells them.
    place = hashlib.sha256(f"{root}\0{root.resolve()}".encode(errors="surrogateescape")).hexdigest()[:12]
    path = folder / f"{reader.name}-{place}.parquet"
    # The truth of synthetic clips lies beside the root.
    tree = TreeState(root, root.parent / "truth" / root.name)
    state = hashlib.sha256(f"{tree.digest} {_reader_state(reader)}".encode()).hexdigest().encode()
    kept = _kept(path, state)
    if kept is not None:
        return Index(root, kept, reused=True)
    table = _table(reader.read(root), root, tree).replace_schema_metadata({_STATE: state})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as beside:
            pq.write_table(table, beside)
    except (OSError, MediaError) as error:
        raise DatasetError(f"cannot write the index {path}: {error}. Is the disk full or read-only?") from error
    return Index(root, table, reused=False)


def select(
    source: pa.Table | Path, columns: Sequence[str] | None = None, **wanted: str | int | Iterable[str | int]
) -> pa.Table:
    """Rows of an index or of a ``clips.parquet`` by their labels: ``select(path, split="test", level=[2, 3])``.

    Args:
        source: a table, or its file, of which only the columns and groups of rows that are needed are read.
        columns: which to give; None for all. wanted: for each of `LABELS`, one value or several.

    Raises:
        DatasetError: a label that does not exist.
    """
    condition: pc.Expression | None = None
    for label, value in wanted.items():
        if label not in LABELS:
            raise DatasetError(f"rows cannot be chosen by {label!r}, only by {', '.join(LABELS)}.")
        values = [value] if isinstance(value, str | int) else list(value)
        term = pc.field(label).isin(pa.array(values, pa.int64() if label == "level" else pa.string()))
        condition = term if condition is None else condition & term
    if isinstance(source, Path):
        return pq.read_table(source, columns=columns, filters=condition)
    chosen = source if condition is None else source.filter(condition)
    return chosen if columns is None else chosen.select(list(columns))


def with_splits(clips: pa.Table, split: Split) -> pa.Table:
    """The clips that a split names, their column ``split`` set to what it says.

    Raises:
        DatasetError: as `Split.assign`.
    """
    found = pa.array(split.assign(labelled(clips)), pa.string())
    place = clips.column_names.index("split")
    return clips.set_column(place, "split", found).filter(pc.is_valid(found))


def labelled(clips: pa.Table) -> list[Labelled]:
    """The clips as splits look at them."""
    columns = [clips[name].to_pylist() for name in _Row._fields]
    return [_Row(*row) for row in zip(*columns, strict=True)]


def _kept(path: Path, state: bytes) -> pa.Table | None:
    if not path.is_file():
        return None
    try:
        metadata = pq.read_schema(path).metadata or {}
        return pq.read_table(path) if metadata.get(_STATE) == state else None
    except (OSError, pa.ArrowException):
        return None  # damaged: it is made anew


def _reader_state(reader: Reader) -> str:
    """Changes with the reader's options and with the code that reads."""
    digest = hashlib.sha256(f"{reader.name} {sorted(vars(reader).items())!r}".encode())
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()


def _table(items: Iterable[SourceClip | Rejected], root: Path, tree: TreeState) -> pa.Table:
    fields = _fields()
    schema = pa.schema(
        [(name, _SIMPLE.get(kind, pa.string())) for name, kind in fields.items()]
        + [("bytes", pa.int64()), ("audio_bytes", pa.int64()), ("reason", pa.string()), ("detail", pa.string())]
    )
    columns: dict[str, list[Any]] = {name: [] for name in schema.names}
    sizes = tree.sizes[root]
    prefix = f"{root.as_posix().rstrip('/')}/"
    for item in items:
        row: dict[str, Any]
        if isinstance(item, Rejected):
            row = {"video": _text(item.source), "reason": item.reason, "detail": _text(item.detail)}
        else:
            row = {name: _stored(getattr(item, name), prefix) for name in fields}
            row["bytes"] = _size(item.video, row["video"], sizes)
            if item.audio is not None:
                row["audio_bytes"] = _size(item.audio, row["audio"], sizes)
        for name, column in columns.items():
            column.append(row.get(name))
    return pa.table(columns, schema=schema)


def _size(path: Path, stored: str, sizes: Mapping[str, int]) -> int:
    try:
        return sizes[stored] if stored in sizes else path.stat().st_size
    except OSError:
        return -1


def _fields() -> dict[str, type]:
    """The fields of `SourceClip` and their types, "or None" left out."""
    found = {}
    for name, hint in get_type_hints(SourceClip).items():
        kinds = [kind for kind in get_args(hint) if kind is not NoneType]
        kind = kinds[0] if get_origin(hint) in (Union, UnionType) else hint
        found[name] = str if get_origin(kind) is Literal else kind
    return found


def _stored(value: Any, prefix: str) -> Any:
    """A field as its column holds it: paths as text (relative where they begin with `prefix`), tuples as JSON."""
    if isinstance(value, Path):
        # Text is compared instead of paths: with a million paths that would take a minute.
        text = value.as_posix()
        return _text(text[len(prefix) :] if text.startswith(prefix) else _OUTSIDE + text)
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value) if isinstance(value, tuple) else value


def _restored(value: Any, kind: type, root: Path) -> Any:
    if value is None or kind in (int, float, bool):
        return value
    if kind is str or kind is Path:
        text = os.fsdecode(bytes.fromhex(value[1:])) if value.startswith("\0") else value
        if kind is str:
            return text
        return Path(text.removeprefix(_OUTSIDE)) if text.startswith(_OUTSIDE) else root / text
    return tuple(json.loads(value))


def _text(text: str) -> str:
    """The text, where it is valid; a name of bytes that are no UTF-8 as NUL (no name holds it) and their hex digits."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "\0" + os.fsencode(text).hex()
    return text
