"""``folder``: videos that somebody already generated, by case name or by a mapping file."""

from __future__ import annotations

import csv
from pathlib import Path

from bench.errors import BenchError, nearest
from bench.models.base import Animation, Case, Context, ModelError, Options, check_options
from bench.store import sha256_file
from datasets.folder import VIDEO_SUFFIXES, clip_name, video_files


class FolderModel:
    """Takes ``<case name>.<any video ending>`` from a folder, or what a CSV file (columns ``case,video``) says."""

    name = "folder"
    uses = frozenset[str]()

    def __init__(self, root: Path, mapping: Path | None, version: str) -> None:
        self.root = root
        self._version = version
        self._videos = _read_mapping(mapping, root) if mapping else _by_name(root)

    @property
    def version(self) -> str:
        return self._version

    def animate(self, case: Case, seed: int) -> Animation:
        video = self._videos.get(case.name)
        if video is None:
            near = nearest(case.name, self._videos) if self._videos else "the folder has no video."
            raise ModelError("not_generated", f"no video of this name in {self.root.name}: {near}")
        return Animation(file=video)

    def content(self, case: str) -> str:
        """Hash of the video of a case: it may be replaced under the same name between two runs."""
        video = self._videos.get(case)
        return sha256_file(video) if video and video.is_file() else "absent"


def _by_name(root: Path) -> dict[str, Path]:
    return {clip_name(path.relative_to(root)): path for path in video_files(root)}


def _read_mapping(mapping: Path, root: Path) -> dict[str, Path]:
    try:
        with mapping.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = {"case", "video"} - set(reader.fieldnames or ())
            if missing:
                raise BenchError(
                    f"{mapping}: needs the columns case,video; found {', '.join(reader.fieldnames or ()) or 'none'}"
                )
            rows = [(row["case"].strip(), row["video"].strip()) for row in reader]
    except OSError as error:
        raise BenchError(f"cannot read the mapping {mapping}: {error.strerror}") from error
    videos: dict[str, Path] = {}
    for case, video in rows:
        if case in videos:
            raise BenchError(f"{mapping}: case {case!r} stands there twice")
        path = (root / video).resolve()
        if not path.is_relative_to(root.resolve()):
            raise BenchError(f"{mapping}: {video!r} lies outside {root}")
        videos[case] = path
    return videos


def folder(options: Options, context: Context) -> FolderModel:
    """Options: ``root`` (the folder; ``{cases}`` stands for dataset/split/protocol), ``mapping`` (CSV), ``version``."""
    check_options("folder", options, {"root": str, "mapping": str, "version": str})
    if "root" not in options:
        raise BenchError("model 'folder': set its option `root` to the folder that holds the generated videos")
    root = Path(options["root"].replace("{cases}", context.cases))
    if not root.is_dir():
        raise BenchError(
            f"model 'folder': {root} is not a folder. It should hold one video a case, named <case>.mp4 "
            f"(endings: {', '.join(sorted(VIDEO_SUFFIXES))}), or set `mapping` to a CSV file with the columns case,video."
        )
    mapping = Path(options["mapping"]) if "mapping" in options else None
    return FolderModel(root, mapping, options.get("version", "1"))
