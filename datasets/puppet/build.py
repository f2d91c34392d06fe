"""Making the data set: in parallel, only what is missing, the same bits however it is run."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.media import atomic_file
from datasets.puppet.animate import perform
from datasets.puppet.errors import PuppetError
from datasets.puppet.plan import ClipPlan, PuppetSpec, plan, randomness
from datasets.puppet.speakers import Locate, Speaker, make_speaker
from datasets.puppet.write import write_clip

VERSION = 4
"""Grows when the same specification would give other clips."""
MANIFEST = "puppet.json"


def build(
    root: Path,
    spec: PuppetSpec,
    portraits: Mapping[str, NDArray[np.uint8]],
    locate: Locate,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
    splits: Sequence[str] = ("train", "test"),
) -> list[Path]:
    """Make the data set under `root`, or what is missing of it.

    Args:
        root: folder, made if need be. It gets ``mead/``, ``voxceleb2/``, ``truth/`` and ``puppet.json``.
        spec: what to make.
        portraits: uint8 RGB pictures ``(H, W, 3)`` by the names in `spec.portraits`.
        locate: finds MediaPipe's 478 points ``(478, 3)`` in pixels of any picture, or None; the same for the same
            picture, whatever it saw before. Called in this process only, and only where something is missing.
        workers: processes that draw; the result does not depend on it.
        progress: called with clips done (those found included) and clips in all.
        splits: make the clips of these only; the others can be made later, and come out the same.

    Returns:
        The video of every clip, in a fixed order.

    Raises:
        PuppetError: a portrait is missing or unfit; `root` holds data of another specification.
        MediaError: a file cannot be written.
    """
    cast = spec.cast
    clips = [clip for clip in plan(spec) if cast[clip.speaker].split in splits]
    _claim(root, _manifest(spec, portraits))
    missing = [clip for clip in clips if not all(path.is_file() for path in clip.files(root))]
    done = len(clips) - len(missing)
    if progress is not None:
        progress(done, len(clips))
    if missing:
        speakers = {number: make_speaker(cast[number], portraits, locate) for number in {c.speaker for c in missing}}
        for _ in _run(root, spec, missing, speakers, workers):
            done += 1
            if progress is not None:
                progress(done, len(clips))
    return [root / clip.video for clip in clips]


def _manifest(spec: PuppetSpec, portraits: Mapping[str, NDArray[np.uint8]]) -> dict[str, Any]:
    absent = [name for name in spec.portraits if name not in portraits]
    if absent:
        given = ", ".join(sorted(portraits)) or "none"
        raise PuppetError(f"portraits are missing: {', '.join(absent)}; given: {given}")
    return {
        "version": VERSION,
        "seed": spec.seed,
        "spec": asdict(spec),
        "portraits": {
            name: hashlib.sha256(repr(portraits[name].shape).encode() + portraits[name].tobytes()).hexdigest()
            for name in spec.portraits
        },
        "speakers": [
            {
                "mead": recipe.mead,
                "voxceleb2": recipe.voxceleb2,
                "split": recipe.split,
                "portrait": recipe.portrait,
                "voice": recipe.voice.name,
            }
            for recipe in spec.cast
        ],
    }


def _claim(root: Path, manifest: dict[str, Any]) -> None:
    """Mark the folder as holding this specification, or refuse one that holds another."""
    path = root / MANIFEST
    if path.is_file():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            found = {}
        if found != manifest:
            other = ", ".join(key for key in manifest if found.get(key) != manifest[key])
            raise PuppetError(f"{root} holds puppet data of another make ({other}): delete it or choose another folder")
        return
    root.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as beside:
        beside.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _run(
    root: Path, spec: PuppetSpec, clips: Sequence[ClipPlan], speakers: Mapping[int, Speaker], workers: int
) -> Iterator[None]:
    if workers <= 1 or len(clips) == 1:
        work = _Work(root, spec, speakers)
        for clip in clips:
            work.make(clip)
            yield None
        return
    # Spawned, not forked: the caller may hold threads (a face tracker's, say) that a fork would leave broken.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(workers, len(clips)), mp_context=context, initializer=_start, initargs=(root, spec, speakers)
    ) as pool:
        futures = [pool.submit(_make, clip) for clip in clips]
        try:
            for future in as_completed(futures):
                future.result()
                yield None
        finally:
            for future in futures:
                future.cancel()


class _Work:
    """What a process needs to make clips; meshes are built once a speaker and size."""

    def __init__(self, root: Path, spec: PuppetSpec, speakers: Mapping[int, Speaker]) -> None:
        self._root, self._spec, self._speakers = root, spec, speakers
        self._stage: dict[tuple[int, int], Any] = {}

    def make(self, clip: ClipPlan) -> None:
        speaker, key = self._speakers[clip.speaker], (clip.speaker, clip.size)
        if key not in self._stage:
            self._stage[key] = speaker.at(clip.size)
        mesh, placement = self._stage[key]
        performance = perform(clip, speaker, placement, randomness(self._spec, clip.name))
        write_clip(performance, mesh, self._root)


_work: _Work | None = None


def _start(root: Path, spec: PuppetSpec, speakers: Mapping[int, Speaker]) -> None:
    global _work
    # One process is one core's work.
    cv2.setNumThreads(1)
    _work = _Work(root, spec, speakers)


def _make(clip: ClipPlan) -> None:
    if _work is None:
        raise RuntimeError("the worker was not started with its speakers")
    _work.make(clip)
