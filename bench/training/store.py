"""The training store: clips as files that are mapped into memory, with every frame, landmark and sample at hand.

One file a clip, ``clips/<aa>/<digest of the name>.clip``, little-endian, in this order:

- the frames as JPEG, one after the other, padded with zeros to a multiple of 8 bytes;
- ``offsets``, int64 ``(T + 1,)``: where each JPEG begins and the last one ends;
- ``landmarks``, float32 ``(T, 478, 3)`` in frame units, NaN where no face was found;
- ``sound``, int16 ``(S,)``, sample 0 at the first frame.

``index.parquet`` lists the clips with their labels and the sizes of their files; ``store.json`` holds the settings.
`bench.training.build` makes a store.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.store import read_table, records, write_json
from bench.training.latents import read_latents

FORMAT = 1
SETTINGS_FILE = "store.json"
POINTS = 478
OPEN_FILES = 256
"""Maps that one process keeps open at most: each holds a file descriptor, of which systems grant some 1000."""

INDEX_COLUMNS = {
    "clip": "str", "speaker": "str", "emotion": "str", "level": "Int64", "file": "str", "frames": "int64",
    "present": "int64", "samples": "int64", "pictures": "int64", "bytes": "int64",
}  # fmt: skip


@dataclass(frozen=True)
class StoreSettings:
    """What a store is made with; a store is only ever read with the settings that it was made with.

    Attributes:
        size: side of the square frames in pixels.
        fps: frames a second, the model's.
        audio_rate: samples a second.
        jpeg_quality: 1..100. At 95 a frame of 256² keeps 46 dB and takes 16 kB; of 128², 43 dB and 6 kB.
    """

    size: int
    fps: float
    audio_rate: int = 22050
    jpeg_quality: int = 95

    def __post_init__(self) -> None:
        if self.size < 16 or self.fps <= 0 or self.audio_rate <= 0 or not 1 <= self.jpeg_quality <= 100:
            raise BenchError(f"training store: settings out of range: {self}")


@dataclass(frozen=True)
class StoredClip:
    """One row of the index.

    Attributes:
        clip: unique name. speaker: who is seen. emotion: one of MEAD's eight names, or None. level: 1..3, or None.
        file: of its data, relative to the store. frames: how many. present: in how many of them a face was found.
        samples: length of the sound, 0 without. pictures: bytes of the JPEGs, padded, 0 without. bytes: of the file.
    """

    clip: str
    speaker: str
    emotion: str | None
    level: int | None
    file: str
    frames: int
    present: int
    samples: int
    pictures: int
    bytes: int

    @property
    def drawn(self) -> bool:
        """Whether there are pictures; a talk has landmarks and sound only."""
        return self.pictures > 0


@dataclass(frozen=True)
class _Mapped:
    pictures: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    landmarks: NDArray[np.float32]
    sound: NDArray[np.int16]


class Store:
    """A training store, open for reading. Workers of a DataLoader may share one: each maps the files for itself.

    Args:
        root: its folder.
        settings: what the caller expects of it.

    Attributes:
        clips: all clips by name, in the order in which they were given to the build.

    Raises:
        BenchError: there is no store, it was made with other settings, or a file of it is missing or of another size.
    """

    def __init__(self, root: Path, settings: StoreSettings) -> None:
        self.root = root
        self.settings = settings
        check_settings(root, settings)
        self.clips = {row.clip: row for row in _index(root)}
        self._maps: OrderedDict[str, _Mapped] = OrderedDict()
        for row in self.clips.values():
            _check_size(root, row)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_maps": OrderedDict()}

    def frame(self, clip: str, index: int) -> NDArray[np.uint8]:
        """Frame `index` (0 .. frames - 1) as RGB ``(size, size, 3)``.

        Raises:
            BenchError: unknown clip, one without pictures, no such frame, or its JPEG is damaged.
        """
        data = self._open(clip)
        if not self.clips[clip].drawn:
            raise BenchError(f"training store {self.root}: clip {clip!r} has no pictures")
        if not 0 <= index < len(data.offsets) - 1:
            raise BenchError(
                f"training store {self.root}: clip {clip!r} has no frame {index} of {len(data.offsets) - 1}"
            )
        picture = cv2.imdecode(data.pictures[data.offsets[index] : data.offsets[index + 1]], cv2.IMREAD_COLOR_RGB)
        if picture is None or picture.shape != (self.settings.size, self.settings.size, 3):
            raise BenchError(
                f"{self.root / self.clips[clip].file}: frame {index} is damaged. Remove the file and rebuild."
            )
        return np.asarray(picture, np.uint8)

    def landmarks(self, clip: str) -> NDArray[np.float32]:
        """``(T, 478, 3)`` in frame units (the frame is -1..1), NaN where no face was found; mapped, not to be written."""
        return self._open(clip).landmarks

    def audio(self, clip: str) -> NDArray[np.int16]:
        """``(S,)`` samples at the rate of the settings, ``round(T / fps * rate)`` of them or none; mapped."""
        return self._open(clip).sound

    def latents(self, clip: str, name: str) -> NDArray[np.float32]:
        """Latent keypoints ``(T, K, 3)`` that `bench.training.latents.write_latents` kept under `name`; mapped.

        Raises:
            BenchError: they were never written, or do not fit the clip.
        """
        return read_latents(self.root, name, clip, self._row(clip).frames)

    def _row(self, clip: str) -> StoredClip:
        if clip not in self.clips:
            raise BenchError(f"training store {self.root} has no clip {clip!r}")
        return self.clips[clip]

    def _open(self, clip: str) -> _Mapped:
        if clip in self._maps:
            self._maps.move_to_end(clip)
            return self._maps[clip]
        row = self._row(clip)
        _check_size(self.root, row)
        data = np.asarray(np.memmap(self.root / row.file, np.uint8, "r"))
        offsets_end = row.pictures + 8 * (row.frames + 1)
        landmarks_end = offsets_end + 4 * row.frames * POINTS * 3
        mapped = _Mapped(
            data[: row.pictures],
            data[row.pictures : offsets_end].view("<i8"),
            data[offsets_end:landmarks_end].view("<f4").reshape(row.frames, POINTS, 3),
            data[landmarks_end:].view("<i2"),
        )
        self._maps[clip] = mapped
        if len(self._maps) > OPEN_FILES:
            self._maps.popitem(last=False)
        return mapped


def clip_file(clip: str) -> str:
    """Where a clip's data lie, relative to the store: by a digest, for names may hold what file names may not."""
    name = hashlib.sha256(clip.encode()).hexdigest()[:24]
    return f"clips/{name[:2]}/{name}.clip"


def file_bytes(pictures: int, frames: int, samples: int) -> int:
    """Size of a clip's file: JPEGs, offsets, landmarks, sound."""
    return pictures + 8 * (frames + 1) + 4 * frames * POINTS * 3 + 2 * samples


def write_settings(root: Path, settings: StoreSettings) -> None:
    write_json(root / SETTINGS_FILE, {"format": FORMAT, **asdict(settings)})


def check_settings(root: Path, settings: StoreSettings) -> None:
    """Raise a `BenchError` that names the first setting in which the store at `root` differs."""
    path = root / SETTINGS_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BenchError(f"{root} holds no training store: {path.name} is missing. Build it first.") from None
    except (OSError, ValueError) as error:
        raise BenchError(f"{path} cannot be read ({error}). Remove {root} and build the store again.") from error
    wanted = {"format": FORMAT, **asdict(settings)}
    for name in ("format", *(field.name for field in fields(settings))):
        if found.get(name) != wanted[name]:
            raise BenchError(
                f"training store {root}: its {name} is {found.get(name)!r}, wanted is {wanted[name]!r}. "
                "Give each setting its own folder, or remove this one and build it again."
            )


def _index(root: Path) -> list[StoredClip]:
    table = read_table(root / "index.parquet", "building the training store")
    rows = []
    for row in records(table.astype(object).where(table.notna(), None)):
        path = Path(row.file)
        if path.is_absolute() or ".." in path.parts:
            raise BenchError(f"{root / 'index.parquet'} names the path {row.file!r}, which leaves the store")
        rows.append(StoredClip(**{field.name: getattr(row, field.name) for field in fields(StoredClip)}))
    return rows


def _check_size(root: Path, row: StoredClip) -> None:
    path = root / row.file
    try:
        size = path.stat().st_size
    except OSError:
        raise BenchError(
            f"{path} is missing (clip {row.clip!r}). Build the training store again: it makes what lacks."
        ) from None
    if size != row.bytes or size != file_bytes(row.pictures, row.frames, row.samples):
        raise BenchError(
            f"{path} has {size} bytes, its index says {row.bytes} (clip {row.clip!r}): it was cut off or changed. "
            "Build the training store again: it makes the file anew."
        )
