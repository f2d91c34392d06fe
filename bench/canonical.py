"""Rebuilds the canonical face that head pose is fitted with, from portraits that package wheels ship."""

from __future__ import annotations

from pathlib import Path

from bench.assets import AssetStore
from bench.errors import BenchError
from bench.puppet import portrait

SOURCES = ("astronaut", "obama_portrait", "pyfeat_single_face_image", "pyfeat_single_face_video")


def rebuild(assets: AssetStore) -> Path:
    """Derive the face and write it over the package's file.

    Raises:
        BenchError: no face is found in one of the portraits.
    """
    from metrics.features import canonical
    from metrics.features.face_mesh import locate

    faces = []
    for name in SOURCES:
        face = locate(portrait(name, assets))
        if face is None:
            raise BenchError(f"no face in the portrait {name!r}")
        faces.append(face)
    canonical.write(*canonical.derive(faces))
    return Path(canonical.__file__).with_name("canonical_face.txt")
