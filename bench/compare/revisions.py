"""Results of another git revision or DVC experiment, read without touching the working tree."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.compare.scored import CannotTell

WANTED = ("scores", "cases")
"""What a comparison reads of a folder of results."""
VIDEOS = "videos"


@dataclass(frozen=True)
class Repository:
    """A git repository, by its top folder."""

    root: Path

    @classmethod
    def around(cls, path: Path) -> Repository | None:
        """The one that holds `path` (which need not exist), if any."""
        place = path.resolve()
        while not place.is_dir():
            place = place.parent
        top = _git(place, "rev-parse", "--show-toplevel")
        return None if top is None else cls(Path(top))

    def resolve(self, name: str) -> str | None:
        """Commit of a revision or experiment, or None."""
        if name.startswith("-"):
            return None
        commit = _git(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return commit or self._experiments().get(name)

    def names(self) -> list[str]:
        """Branches, tags and experiments."""
        listed = _git(self.root, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags") or ""
        return [*listed.split(), *self._experiments()]

    def _experiments(self) -> dict[str, str]:
        """Commit by name of the DVC experiments: git references of the form ``refs/exps/<2>/<38>/<name>``."""
        listed = _git(self.root, "for-each-ref", "--format=%(objectname) %(refname)", "refs/exps") or ""
        lines = [line.split(" ", 1) for line in listed.splitlines()]
        return {ref.split("/")[-1]: commit for commit, ref in lines if len(ref.split("/")) == 5}

    def bring(self, commit: str, name: str, results: Path, scratch: Path) -> Path:
        """Copy scores and cases (and links to what videos the cache has) of a commit into `scratch`.

        Raises:
            CannotTell: the commit has no results, or no cache or remote has them.
        """
        from dvc.api import DVCFileSystem
        from dvc.exceptions import DvcException, NotDvcRepoError

        try:
            folder = results.resolve().relative_to(self.root).as_posix()
        except ValueError as error:
            raise CannotTell(
                f"{results} lies outside the repository {self.root}, so {name!r} cannot have it"
            ) from error
        remedy = (
            f"to make them: `git worktree add ../{_plain(name)} {name}`, `dvc repro` there, and compare with "
            f"../{_plain(name)}/{folder} (or commit dvc.lock there, and compare with that commit)"
        )
        target = scratch / f"{_plain(name)}-{commit[:12]}"
        if target.exists():
            return target
        try:
            files = DVCFileSystem(str(self.root), rev=commit)
            for part in WANTED:
                if not files.isdir(f"{folder}/{part}"):
                    raise CannotTell(f"{name} ({commit[:9]}) has no {folder}/{part} in its dvc.lock; {remedy}")
                files.get(f"{folder}/{part}", str(target / part), recursive=True)
            self._videos(files, f"{folder}/{VIDEOS}", target / VIDEOS)
        except NotDvcRepoError as error:
            raise CannotTell(f"{name} ({commit[:9]}) is no DVC project: {error}") from error
        except (DvcException, OSError) as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise CannotTell(
                f"{name} ({commit[:9]}) names results that neither DVC's cache nor a remote has ({why}). `dvc fetch` may "
                f"bring them; {remedy}"
            ) from error
        return target

    @staticmethod
    def _videos(files: object, folder: str, target: Path) -> None:
        """Videos are for looking at: what is not at hand is left out."""
        from dvc.exceptions import DvcException

        try:
            if files.isdir(folder):  # type: ignore[attr-defined]
                files.get(folder, str(target), recursive=True)  # type: ignore[attr-defined]
        except (DvcException, OSError):
            return


def _plain(name: str) -> str:
    return "".join(char if char.isalnum() or char in "._-" else "-" for char in name).strip(".") or "revision"


def _git(folder: Path, *words: str) -> str | None:
    """What git prints, or None if it fails or is absent."""
    command: Sequence[str] = ("git", "-C", str(folder), *words)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def revision(folder: Path) -> str:
    """Short name of the commit that is checked out, ``-dirty`` where files differ; ``unknown`` outside git."""
    return _git(folder, "describe", "--always", "--dirty") or "unknown"
