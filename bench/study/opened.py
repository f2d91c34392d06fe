"""The folder of a study, opened: the file, the salt, and media that are as they were designed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError
from bench.store import sha256_file
from reports.study.files import STUDY_FILE, StudyError, read_study
from reports.study.schema import Study, fingerprint
from reports.study.sheet import media_of
from reports.study.texts import Texts, read_texts

SALT, MEDIA, DATABASE, PAGE = "salt", "media", "answers.sqlite", "page"

StudyArgument = Annotated[Path, typer.Argument(help="folder of the study, as `space-bench study design` wrote it")]
TextsOption = Annotated[str, typer.Option("--texts", help="words of the page: en, de or a file like texts.en.yaml")]
ContactOption = Annotated[str, typer.Option("--contact", help="whom raters may ask, shown with the consent")]
ReturnOption = Annotated[
    str, typer.Option("--return-url", help="where raters go at the end; {code} in it is the completion code")
]


@dataclass(frozen=True)
class StudyFolder:
    """A study and where it lies. Raises `BenchError` for everything that is not as it should be."""

    path: Path
    study: Study
    salt: str

    @classmethod
    def open(cls, path: Path) -> StudyFolder:
        path = path.parent if path.name == STUDY_FILE else path
        try:
            study = read_study(path)
        except StudyError as error:
            raise BenchError(str(error)) from error
        return cls(path, study, _salt(path / SALT))

    @property
    def media(self) -> Path:
        return self.path / MEDIA

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.study)

    def texts(self, named: str) -> Texts:
        try:
            return read_texts(named, self.study.questions)
        except StudyError as error:
            raise BenchError(str(error)) from error

    def check_media(self) -> list[str]:
        """Names of all media, after each was found with the content that the study states."""
        found = media_of(self.study)
        for name, sha256 in found.items():
            path = self.media / name
            if Path(name).name != name:
                raise BenchError(f"{self.path / STUDY_FILE}: media {name!r} must be a name, not a path")
            if not path.is_file():
                raise BenchError(f"{path} is missing. Copy the whole folder of the study, or design it again.")
            if sha256 and sha256_file(path) != sha256:
                raise BenchError(f"{path} is not the video that was designed (its sha256 differs): copy it again")
        return sorted(found)


def check_address(option: str, value: str) -> str:
    """An absolute http(s) address, or empty. Raises `BenchError`."""
    if value and not re.match(r"^https?://[^\s/'\";,]+(/[^\s'\";,]*)?$", value):
        raise BenchError(f"{option} {value!r}: an address begins with https:// and has no spaces or quotes")
    return value


def _salt(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(
            f"cannot read {path}: without the salt raters cannot be told apart. Take it from where the study was designed."
        ) from error
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise BenchError(f"{path} must hold 64 hex digits. Take it from where the study was designed.")
    return text
