"""``folder``: videos that somebody already generated, by case name, by a pattern or by a mapping file."""

from __future__ import annotations

import csv
import glob
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from bench.errors import BenchError, nearest
from bench.models.base import Animation, Case, Context, ModelError, Options, check_options
from bench.models.given_video import SLACK, check_video
from bench.store import digest, sha256_file
from datasets.base import DatasetError
from datasets.folder import VIDEO_SUFFIXES, clip_name, video_files

CASE = "{case}"

Find = Callable[[str], Path]
"""Case -> its video; raises `ModelError` where there is none."""


class FolderModel:
    """Takes videos as they are, once each is seen to be whole and as long as its case."""

    name = "folder"
    uses = frozenset[str]()

    def __init__(self, find: Find, version: str, fps: float | None, slack: float) -> None:
        self._find, self._version, self._fps, self._slack = find, version, fps, slack

    @property
    def version(self) -> str:
        return self._version

    def animate(self, case: Case, seed: int) -> Animation:
        """The video of a case.

        Raises:
            ModelError: ``not_generated``: there is none. Otherwise as `check_video`.
        """
        video = self._find(case.name)
        check_video(video, case, self._fps, self._slack)
        return Animation(file=video)

    def content(self, case: str) -> str:
        """Hash of the video of a case, which may be replaced under the same name, and of what is asked of it."""
        try:
            return digest([sha256_file(self._find(case)), self._fps, self._slack])
        except ModelError:
            return "absent"


def _by_name(root: Path) -> Find:
    """``<case name>.<any video ending>``, in depth."""
    videos: dict[str, list[Path]] = {}
    try:
        paths, passed_over = video_files(root)
    except DatasetError as error:
        raise BenchError(f"model 'folder': {error}") from error
    for path in paths:
        videos.setdefault(clip_name(path.relative_to(root)), []).append(path)

    def find(case: str) -> Path:
        if case not in videos:
            near = nearest(case, videos) if videos else "the folder has no video."
            told = f" ({passed_over})" if passed_over else ""
            raise ModelError("not_generated", f"no video of this name in {root.name}: {near}{told}")
        return _only(case, videos[case], root)

    return find


def _by_pattern(root: Path, pattern: str) -> Find:
    """Files that a pattern fits, ``{case}`` standing for the case's name; wildcards as in a shell, ``**`` for any depth."""

    def find(case: str) -> Path:
        asked = pattern.replace(CASE, glob.escape(case))
        found = sorted(path for path in root.glob(asked) if path.is_file())
        if not found:
            raise ModelError("not_generated", f"no file in {root.name} fits {asked}")
        return _only(case, found, root)

    return find


def _by_mapping(root: Path, mapping: Path) -> Find:
    """What a CSV file says."""
    videos = _read_mapping(mapping, root)

    def find(case: str) -> Path:
        if case not in videos:
            raise ModelError("not_generated", f"{mapping.name} has no line for it. {nearest(case, videos)}")
        if not videos[case].is_file():
            raise ModelError("not_generated", f"{mapping.name} names {videos[case].name}, which is not a file")
        return videos[case]

    return find


def _only(case: str, found: list[Path], root: Path) -> Path:
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(root)) for path in found[:3])
        raise ModelError(
            "not_generated", f"{len(found)} files could be the video of {case}: {names}; keep one or set `pattern`"
        )
    return found[0]


def _read_mapping(mapping: Path, root: Path) -> dict[str, Path]:
    try:
        with mapping.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = {"case", "video"} - set(reader.fieldnames or ())
            if missing:
                raise BenchError(
                    f"{mapping}: needs the columns case,video; found {', '.join(reader.fieldnames or ()) or 'none'}"
                )
            rows = [((row["case"] or "").strip(), (row["video"] or "").strip()) for row in reader]
    except OSError as error:
        raise BenchError(f"cannot read the mapping {mapping}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BenchError(f"the mapping {mapping} is no CSV file in UTF-8: {error}") from error
    videos: dict[str, Path] = {}
    for case, video in rows:
        if not case or not video:
            raise BenchError(f"{mapping}: a line has no {'case' if not case else f'video for the case {case!r}'}")
        if case in videos:
            raise BenchError(f"{mapping}: case {case!r} stands there twice")
        path = (root / video).resolve()
        if not path.is_relative_to(root.resolve()):
            raise BenchError(f"{mapping}: {video!r} lies outside {root}")
        videos[case] = path
    return videos


def folder(options: Options, context: Context) -> FolderModel:
    """The model for the options of ``params.yaml``.

    Options: ``root`` (the folder; ``{cases}`` stands for dataset/split/protocol); ``pattern`` or ``mapping`` (a CSV file with the
    columns case,video) where files are not named after cases; ``version``; ``fps`` (that the videos must have; any without it);
    ``slack`` (seconds by which lengths may differ).
    """
    numbers: tuple[type, ...] = (int, float)
    check_options("folder", options, {
        "root": str, "mapping": str, "pattern": str, "version": (str, int, float), "fps": numbers, "slack": numbers,
    })  # fmt: skip
    if "root" not in options:
        raise BenchError("model 'folder': set its option `root` to the folder that holds the generated videos")
    root = Path(options["root"].replace("{cases}", context.cases))
    if not root.is_dir():
        raise BenchError(
            f"model 'folder': {root} is not a folder. It should hold one video a case, named <case>.mp4 "
            f"(endings: {', '.join(sorted(VIDEO_SUFFIXES))}), or set `mapping` to a CSV file with the columns case,video."
        )
    fps, slack = options.get("fps"), float(options.get("slack", SLACK))
    if slack < 0 or (fps is not None and not 0 < fps <= 240):
        raise BenchError("model 'folder': `slack` takes seconds from 0, `fps` a rate from 0 to 240")
    return FolderModel(_finder(root, options), str(options.get("version", "1")), fps, slack)


def _finder(root: Path, options: Options) -> Find:
    if "mapping" in options and "pattern" in options:
        raise BenchError("model 'folder': set `mapping` or `pattern`, not both")
    if "mapping" in options:
        return _by_mapping(root, Path(options["mapping"]))
    pattern = options.get("pattern")
    if pattern is None:
        return _by_name(root)
    if CASE not in pattern or PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
        raise BenchError(
            f"model 'folder': `pattern` must hold {{case}} and stay in the folder, such as '{{case}}/*.mp4', found {pattern!r}"
        )
    try:
        next(root.glob(pattern.replace(CASE, "case")), None)
    except ValueError as error:
        raise BenchError(f"model 'folder': `pattern` {pattern!r}: {error}") from error
    return _by_pattern(root, pattern)
