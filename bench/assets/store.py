"""The cache of assets: where each one is, whether it is what it should be, and how it gets here."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock
from platformdirs import user_cache_path

from bench.assets.errors import AssetError
from bench.assets.fetch import Wheels, fetch
from bench.assets.manifest import Asset, PackageSource, UrlSource, read_manifest
from bench.errors import unknown

log = logging.getLogger(__name__)

State = Literal["here", "absent", "manual", "damaged"]


@dataclass(frozen=True)
class AssetStatus:
    """One line of ``space-bench assets list``.

    Attributes:
        state: ``here``; ``absent`` (can be pulled); ``manual`` (absent, and only a person can bring it); ``damaged``
            (a file of that name is here, but its size is wrong).
        path: where it is, or None.
        source: where it comes from.
        todo: what to do to have it; empty where it is here.
    """

    name: str
    purpose: str
    licence: str
    size: int | None
    sha256: str | None
    state: State
    path: Path | None
    source: str
    todo: str

    @property
    def present(self) -> bool:
        return self.state == "here"


def open_store() -> AssetStore:
    """The store of this installation.

    The cache is ``$SPACE_BENCH_CACHE`` or the user's cache folder; files brought by hand are looked for in
    ``$SPACE_BENCH_WEIGHTS`` or in ``weights/`` of the repository.
    """
    cache, weights = os.environ.get("SPACE_BENCH_CACHE"), os.environ.get("SPACE_BENCH_WEIGHTS")
    package = Path(__file__).resolve().parent.parent
    return AssetStore(
        cache=Path(cache).expanduser() if cache else user_cache_path("space-bench"),
        manifest=package / "assets.yaml",
        weights=Path(weights).expanduser() if weights else package.parent / "weights",
        root=package.parent,
    )


class AssetStore:
    """Assets by name.

    A file of known sha256 lies at ``<cache>/<sha256[:2]>/<sha256>/<file>``; one that a person brought lies in the
    weights folder under its name. It is verified before its first use in a process. Several processes may ask at once.

    Args:
        cache: folder of what was fetched; made when needed.
        manifest: the YAML list of assets.
        weights: folder of what people bring by hand; need not exist.
        root: of the installation, where shipped files lie.
    """

    def __init__(self, cache: Path, manifest: Path, weights: Path | None = None, root: Path | None = None) -> None:
        self.cache = cache
        self.weights = weights
        self.root = root
        self.assets = read_manifest(manifest)
        self._verified: dict[str, tuple[Path, str]] = {}

    def asset(self, name: str) -> Asset:
        """The declaration. Raises `BenchError` for an unknown name, with the nearest known one."""
        if name not in self.assets:
            raise unknown("asset", name, self.assets)
        return self.assets[name]

    def has(self, name: str) -> bool:
        """Whether a file of that asset is here, of the right size (its content is checked by `path`)."""
        return self._located(self.asset(name)) is not None

    def how_to_get(self, name: str) -> str:
        """What a person does to have that asset: a command, or a file and where it comes from; and what is wrong with a file
        of that name whose size is not the declared one."""
        asset = self.asset(name)
        wrong = self._candidates(asset) if self._located(asset) is None else []
        said = [
            f"{place} has {place.stat().st_size} bytes, expected {asset.size}; replace that file." for place in wrong
        ]
        return " ".join((*said, self._how_to_get(name, asset)))

    def fetchable(self) -> tuple[str, ...]:
        """Names of the assets that `pull` brings without being asked twice."""
        return tuple(name for name, asset in self.assets.items() if not asset.manual and asset.shipped is None)

    def path(self, name: str) -> Path:
        """The verified file.

        Raises:
            AssetError: it is not here, or is not what it should be; a damaged file in the cache is removed.
        """
        if name not in self._verified:
            self._verified[name] = self._verify(name)
        return self._verified[name][0]

    def sha256(self, name: str) -> str:
        """The sha256 of the file that `path` gives, measured where the manifest knows none."""
        self.path(name)
        return self._verified[name][1]

    def pull(
        self, names: Iterable[str], progress: Callable[[str], None] | None = None, *, allow_url: bool = False
    ) -> None:
        """Bring what is not here, and verify all.

        Args:
            names: of the assets; a wheel that holds several is downloaded once.
            progress: called with each name when it is done.
            allow_url: fetch ``manual`` assets too, from the URL of their authors.

        Raises:
            AssetError: one cannot be had. What was fetched before stays.
        """
        wanted = list(dict.fromkeys(names))
        missing = [name for name in wanted if not self._is_sound(name)]
        fetching = self._workspace() if missing else nullcontext()
        with fetching as wheels:
            for name in wanted:
                # Looked at again: another process may have fetched it while this one waited for the lock.
                if wheels is not None and name in missing and not self._is_sound(name):
                    self._fetch(name, wheels, allow_url)
                self.path(name)
                if progress is not None:
                    progress(name)

    def verify(self) -> list[str]:
        """One line for each asset that is here and is not what it should be. Damaged files in the cache are removed."""
        problems = []
        for name in self.assets:
            self._verified.pop(name, None)
            if self._candidates(self.assets[name]):
                try:
                    self.path(name)
                except AssetError as error:
                    problems.append(str(error))
        return problems

    def status(self) -> list[AssetStatus]:
        """Every asset, whether it is here or not; contents are not read."""
        lines = []
        for name, asset in self.assets.items():
            path = self._located(asset)
            state: State = "here" if path else "manual" if asset.manual else "absent"
            if path is None and self._candidates(asset):
                state = "damaged"
            todo = "" if path else self._how_to_get(name, asset)
            source = ", ".join(map(_describe, asset.sources)) or asset.shipped or asset.note
            lines.append(
                AssetStatus(name, asset.purpose, asset.licence, asset.size, asset.sha256, state, path, source, todo)
            )
        return lines

    def _cached(self, asset: Asset) -> Path | None:
        return None if asset.sha256 is None else self.cache / asset.sha256[:2] / asset.sha256 / asset.file

    def _candidates(self, asset: Asset) -> list[Path]:
        if asset.shipped is not None:
            places = [None if self.root is None else self.root / asset.shipped]
        else:
            places = [self._cached(asset), None if self.weights is None else self.weights / asset.file]
        return [place for place in places if place is not None and place.is_file()]

    def _located(self, asset: Asset) -> Path | None:
        for place in self._candidates(asset):
            if asset.size is None or place.stat().st_size == asset.size:
                return place
        return None

    def _is_sound(self, name: str) -> bool:
        if not self._candidates(self.asset(name)):
            return False
        try:
            self.path(name)
        except AssetError as error:
            log.warning("%s", error)
            return False
        return True

    def _verify(self, name: str) -> tuple[Path, str]:
        asset = self.asset(name)
        wrong: list[str] = []
        for place in self._candidates(asset):
            try:
                with place.open("rb") as stream:
                    found = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError as error:
                wrong.append(f"{place} cannot be read: {error.strerror or error}")
                continue
            if asset.sha256 is None:
                log.warning("%s: no sha256 is known for %s; taken as it is, with sha256 %s", name, place, found)
                return place, found
            if found == asset.sha256:
                return place, found
            by_hand = asset.shipped is not None or (self.weights is not None and place.parent == self.weights)
            if not by_hand:
                place.unlink(missing_ok=True)
            wrong.append(
                f"{place} has sha256 {found}, expected {asset.sha256}"
                + ("; replace that file" if by_hand else "; it was removed")
            )
        if wrong:
            raise AssetError(f"asset {name!r} is damaged: {'; '.join(wrong)}. {self._how_to_get(name, asset)}")
        raise AssetError(f"asset {name!r} ({asset.purpose}) is not here. {self._how_to_get(name, asset)}")

    def _how_to_get(self, name: str, asset: Asset) -> str:
        if asset.shipped is not None:
            return f"It comes with the suite: restore {asset.shipped} (git checkout {asset.shipped})."
        if not asset.manual:
            return f"Run `space-bench assets pull {name}`."
        folder = self.weights if self.weights is not None else "the weights folder"
        by_hand = f"put {asset.file} into {folder}" + (f" ({asset.note.rstrip('.')})" if asset.note else "")
        if not asset.sources:
            return f"No package ships it: {by_hand}."
        run = f"run `space-bench assets pull {name} --allow-url`"
        urls = [str(source.url) for source in asset.sources if isinstance(source, UrlSource)]
        if not urls:
            return f"It is fetched only when asked for: {run}."
        return f"No package ships it: {run}, or {by_hand} from {urls[0]}."

    @contextmanager
    def _workspace(self) -> Iterator[Wheels]:
        """The lock of the cache, and a folder for half-done things on the cache's own disk."""
        with ExitStack() as held:
            try:
                self.cache.mkdir(parents=True, exist_ok=True)
                held.enter_context(FileLock(self.cache / ".lock"))
                for left in self.cache.glob(".pull-*"):  # by a process that was killed: nobody else holds the lock
                    shutil.rmtree(left, ignore_errors=True)
                folder = held.enter_context(
                    tempfile.TemporaryDirectory(prefix=".pull-", dir=self.cache, ignore_cleanup_errors=True)
                )
            except OSError as error:
                reason = error.strerror or error
                raise AssetError(f"the asset cache {self.cache} cannot be written: {reason}") from error
            yield Wheels(Path(folder))

    def _fetch(self, name: str, wheels: Wheels, allow_url: bool) -> None:
        asset = self.asset(name)
        place = self._cached(asset)
        if place is None or (asset.manual and not allow_url):
            raise AssetError(f"asset {name!r} ({asset.purpose}) is not fetched. {self._how_to_get(name, asset)}")
        reasons = []
        for source in asset.sources:
            partial = wheels.folder / asset.file
            try:
                found = fetch(asset, source, wheels, partial)
                if found != asset.sha256:
                    raise AssetError(
                        f"{_describe(source)} gives sha256 {found}, expected {asset.sha256}; nothing was kept. "
                        "Either the source was changed or the way to it is not to be trusted: do not use that file"
                    )
                place.parent.mkdir(parents=True, exist_ok=True)
                partial.replace(place)
                return
            except AssetError as error:
                reasons.append(str(error))
            except OSError as error:
                raise AssetError(
                    f"asset {name!r} could not be written to {place}: {error.strerror or error}"
                ) from error
            finally:
                partial.unlink(missing_ok=True)
        raise AssetError(f"asset {name!r} cannot be had: {' / '.join(reasons)}")


def _describe(source: PackageSource | UrlSource) -> str:
    if isinstance(source, PackageSource):
        return f"{source.package}=={source.version}:{source.member}"
    return str(source.url)
