"""The model: writes the inputs, starts the program, looks at what it made."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.models.base import Animation, Case, Context, ModelError, Options, check_options
from bench.models.command.exchange import Order, orders, write_manifest
from bench.models.command.process import Outcome, start
from bench.models.command.template import NoValueError, Template, parse
from bench.models.given_video import SLACK, check_video
from bench.store import digest, write_bytes

INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")
"""Variables that a program gets from the suite's own environment; no other, so that this Python does not leak into another."""

BATCH = 100


@dataclass(frozen=True)
class Settings:
    """What may be set in ``params.yaml``.

    Attributes:
        command: the words, see `bench.models.command.template`. program: path of the first of them.
        cwd: folder in which the program runs. env: variables beside the `INHERITED` ones.
        version: of the program; raise it when its output may change.
        timeout: seconds a case; a start for many cases has as many times that. retries: further starts after a failure.
        batch: cases a start at most, with a manifest.
        fps: that the videos must have: the case's (None), or the number that is native to the model. slack: seconds by which
            their length may differ.
        sound: ``own``: the videos are taken as they are; ``case``: their pictures, under the speech of the case.
    """

    command: Template
    program: str
    cwd: Path
    env: Mapping[str, str]
    version: str
    timeout: float
    retries: int
    batch: int
    fps: float | None
    slack: float
    sound: str


class CommandModel:
    """Any program that takes files and writes a video."""

    name = "command"
    uses = frozenset({"audio", "pose", "emotion"})

    def __init__(self, settings: Settings, logs: Path | None) -> None:
        self.settings, self._logs = settings, logs

    @property
    def version(self) -> str:
        """What the options call it, and eight digits of the hash of the command line and what it is told."""
        settings = self.settings
        return f"{settings.version}-{digest([settings.command.words, dict(settings.env), settings.sound])[:8]}"

    @property
    def batch(self) -> int:
        return self.settings.batch if self.settings.command.many else 1

    def animate_many(
        self, cases: Iterable[Case], seed: int
    ) -> Generator[tuple[Case, Animation | ModelError], None, None]:
        """Make the videos of all cases in one start where there is a manifest, else one start each; again for what failed."""
        with tempfile.TemporaryDirectory(prefix="space-bench-command-", ignore_cleanup_errors=True) as scratch:
            left = list(orders(cases, Path(scratch), seed))
            for attempt in range(self.settings.retries + 1):
                if not left:
                    return
                last = attempt == self.settings.retries
                reasons = self._start(left, Path(scratch), attempt)
                missing: list[Order] = []
                for order in left:
                    found = reasons.get(order.case.name) or self._problem(order)
                    if found is None:
                        yield order.case, self._animation(order)
                    elif last:
                        yield order.case, found
                    else:
                        _remove(order.output)
                        missing.append(order)
                left = missing

    def _start(self, asked: Sequence[Order], scratch: Path, attempt: int) -> dict[str, ModelError]:
        """One start for all, or one each. What failed as a whole is said of those that have no video to look at."""
        if self.settings.command.many:
            values = write_manifest(scratch / "manifest.jsonl", asked)
            outcome = self._run(self.settings.command.fill(values), len(asked), f"from {asked[0].case.name}", attempt)
            whole = self._complaint(outcome, len(asked))
            return {order.case.name: whole for order in asked if whole and not order.output.is_file()}
        reasons: dict[str, ModelError] = {}
        for order in asked:
            try:
                words = self.settings.command.fill(order.values())
            except NoValueError as error:
                reasons[order.case.name] = ModelError(
                    "not_generated",
                    f"the command needs {{{error}}} and the case gives none; put it into a list of its own to leave it out",
                )
                continue
            if whole := self._complaint(self._run(words, 1, order.case.name, attempt), 1):
                reasons[order.case.name] = whole
        return reasons

    def _run(self, words: list[str], cases: int, name: str, attempt: int) -> Outcome:
        environment = {key: os.environ[key] for key in INHERITED if key in os.environ} | dict(self.settings.env)
        try:
            outcome = start(
                [self.settings.program, *words[1:]], self.settings.cwd, environment, self.settings.timeout * cases
            )
        except OSError as error:
            raise ModelError("not_generated", f"{words[0]} cannot be started: {error.strerror or error}") from error
        if self._logs is not None:
            code = "killed, out of time" if outcome.code is None else f"exit code {outcome.code}"
            text = (
                f"start {attempt + 1}, {outcome.seconds:.1f} s, {code}\n{words}\n\n--- stdout\n{outcome.stdout}\n"
                f"--- stderr\n{outcome.stderr}\n"
            )
            write_bytes(self._logs / f"{name}.log", text.encode())
        return outcome

    def _complaint(self, outcome: Outcome, cases: int) -> ModelError | None:
        if outcome.code is None:
            limit = self.settings.timeout * cases
            return ModelError(
                "not_generated", f"not done after {limit:g} s, and was ended; last line: {outcome.last_line}"
            )
        if outcome.code != 0:
            ended = f"exit code {outcome.code}" if outcome.code > 0 else f"ended by signal {-outcome.code}"
            return ModelError("not_generated", f"{ended}: {outcome.last_line}")
        return None

    def _problem(self, order: Order) -> ModelError | None:
        """What is wrong with the video of an order."""
        output = order.output
        if not output.is_file() or output.stat().st_size == 0:
            return ModelError("not_generated", "the program ended without complaint and wrote no file to {output}")
        try:
            check_video(output, order.case, self.settings.fps or order.case.fps, self.settings.slack)
        except ModelError as error:
            return error
        return None

    def _animation(self, order: Order) -> Animation:
        if self.settings.sound == "own":
            return Animation(file=order.output)
        audio = None if order.case.silent else order.case.audio
        return Animation(file=order.output, sound_of_its_own=True, audio=audio)


def _remove(path: Path) -> None:
    """Whatever a program left there: a folder, too."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def create(options: Options, context: Context) -> CommandModel:
    """The model for the options of ``params.yaml``, checked before anything is started.

    Raises:
        BenchError: an option is unknown or out of range, the program or its folder does not exist, or the command line has a
            mistake (see `parse`).
    """
    numbers: tuple[type, ...] = (int, float)
    check_options("command", options, {
        "command": object, "cwd": str, "env": dict, "version": (str, int, float), "timeout": numbers, "retries": int, "batch": int,
        "fps": numbers, "slack": numbers, "sound": str,
    })  # fmt: skip
    if "command" not in options:
        raise BenchError(
            "model 'command': set its option `command` to the list of words that starts your program (docs/models.md)"
        )
    cwd = Path(options.get("cwd", ".")).expanduser().resolve()
    if not cwd.is_dir():
        raise BenchError(f"model 'command': the folder {cwd} of option 'cwd' does not exist")
    env = _environment(options.get("env", {}))
    settings = Settings(
        command=parse(options["command"]),
        program=_program(options["command"][0], cwd, env),
        cwd=cwd,
        env=env,
        version=str(options.get("version", "1")),
        timeout=float(options.get("timeout", 600)),
        retries=options.get("retries", 0),
        batch=options.get("batch", BATCH),
        fps=options.get("fps"),
        slack=float(options.get("slack", SLACK)),
        sound=options.get("sound", "own"),
    )
    _check(settings, options)
    return CommandModel(settings, context.logs)


def _environment(given: Mapping[object, object]) -> dict[str, str]:
    for key, value in given.items():
        if (
            not isinstance(key, str)
            or not key
            or "=" in key
            or not isinstance(value, str | int | float)
            or isinstance(value, bool)
        ):
            raise BenchError(
                f"model 'command': option 'env' takes names with texts or numbers, found {key!r}: {value!r}"
            )
    return {str(key): str(value) for key, value in given.items()}


def _check(settings: Settings, options: Options) -> None:
    ranges = {"timeout": 0 < settings.timeout < 1e7, "retries": 0 <= settings.retries <= 10, "batch": settings.batch >= 1,
              "fps": settings.fps is None or 0 < settings.fps <= 240, "slack": settings.slack >= 0}  # fmt: skip
    for name, fine in ranges.items():
        if not fine:
            raise BenchError(f"model 'command': option {name!r} is out of range: {options[name]!r}")
    if "batch" in options and not settings.command.many:
        raise BenchError(
            "model 'command': option 'batch' needs {manifest} in 'command', which tells the program of many cases"
        )
    if settings.sound not in ("own", "case"):
        raise BenchError(f"model 'command': option 'sound' must be own or case, found {settings.sound!r}")


def _program(word: str, cwd: Path, env: Mapping[str, str]) -> str:
    """The program's path: a name is looked up in PATH, a path counts from `cwd`."""
    searched = env.get("PATH", os.environ.get("PATH", ""))
    found = shutil.which(str(cwd / Path(word).expanduser()) if "/" in word else word, path=searched)
    if found is None:
        where = f"is no executable file, seen from {cwd}" if "/" in word else "is not in PATH"
        raise BenchError(f"model 'command': the program {word!r} {where}")
    return found
