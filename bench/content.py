"""A video by what is in it: the hashes of its encoded pictures and of its encoded sound, which address its features."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from bench.features import pair_key
from bench.store import sha256_file
from datasets.media import MediaError, pictures_sha256, sound_sha256
from metrics.features.registry import PAIR_NETWORKS, SOUND_FEATURES, SYNC_LEGACY


@dataclass(frozen=True)
class Video:
    """One video to measure, with the reference that pair networks compare it with.

    Attributes:
        path: the file.
        pictures: hash of the encoded pictures alone, the key of what is seen; sound: of the encoded sound alone, the
            key of what is heard. Content is the address, not the file: the same pictures under another sound, and the
            same speech under other pictures, are measured once.
        reference, reference_pictures: the same of the reference, or None.
    """

    path: Path
    pictures: str
    sound: str
    reference: Path | None = None
    reference_pictures: str | None = None

    @classmethod
    def of(cls, path: Path, reference: Video | None = None) -> Video:
        """From a file as it lies there."""
        made = cls(path, *content_hashes(path))
        return made if reference is None else made.beside(reference)

    def beside(self, reference: Video) -> Video:
        """This video, to be compared with that one."""
        return replace(self, reference=reference.path, reference_pictures=reference.pictures)

    def key(self, name: str) -> str | None:
        """The cache key of a feature of this video; None for a comparison without reference."""
        if name in SOUND_FEATURES:
            return self.sound
        if name in SYNC_LEGACY:
            return pair_key(self.pictures, self.sound)
        if name not in PAIR_NETWORKS:
            return self.pictures
        return pair_key(self.pictures, self.reference_pictures) if self.reference_pictures else None


def content_hashes(path: Path) -> tuple[str, str]:
    """`pictures_sha256` and `sound_sha256`; the file's own hash for what cannot be read (measuring it will say why)."""
    found = []
    for kind in (pictures_sha256, sound_sha256):
        try:
            found.append(kind(path))
        except MediaError:
            found.append(_file_sha256(path))
    return found[0], found[1]


def _file_sha256(path: Path) -> str:
    """Hash of the bytes; of a file that cannot be opened (a dangling link, no permission), of its path and the reason."""
    try:
        return sha256_file(path)
    except OSError as error:
        # Not its path alone: a file that can be read some day is then measured, not answered from the cache.
        return hashlib.sha256(f"{path.absolute()}: {error.strerror}".encode(errors="surrogateescape")).hexdigest()
