"""``space-bench study serve``: the page, with a database behind it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from bench.errors import BenchError
from bench.progress import console, out
from bench.study.opened import (
    DATABASE,
    ContactOption,
    ReturnOption,
    StudyArgument,
    StudyFolder,
    TextsOption,
    check_address,
)  # fmt: skip

if TYPE_CHECKING:
    from reports.study.server.storage import Storage

DatabaseOption = Annotated[
    str, typer.Option("--database", help="postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE; none: STUDY/answers.sqlite")
]  # fmt: skip
EXTRA = "pip install 'space-bench[study]' brings what a study's server needs"


def serve(
    study: StudyArgument,
    host: Annotated[str, typer.Option(help="address to listen on; 0.0.0.0 for all")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    database: DatabaseOption = "", texts: TextsOption = "en", contact: ContactOption = "", return_url: ReturnOption = "",
    return_after: Annotated[
        float, typer.Option(min=1, help="minutes after which a block that nobody goes on with is given again")
    ] = 60,
) -> None:  # fmt: skip
    """Put the study before raters. Stops on Ctrl-C or TERM after the requests under way; answers are on the disk at once."""
    folder = StudyFolder.open(study)
    words, leave = folder.texts(texts), check_address("--return-url", return_url)
    folder.check_media()
    storage = open_storage(folder, database)
    try:
        import uvicorn

        from reports.study.files import StudyError
        from reports.study.server.app import study_app
    except ModuleNotFoundError as error:
        raise BenchError(f"{error.name} is not installed: {EXTRA}") from error
    try:
        storage.claim(folder.fingerprint)
    except StudyError as error:
        raise BenchError(f"{folder.path}: {error}") from error
    token = secrets.token_urlsafe(24)
    app = study_app(
        folder.study, folder.salt, folder.media, storage, words, token, contact, leave, round(return_after * 60)
    )
    if not contact:
        console.print("no --contact: raters are not told whom to ask", highlight=False)
    # No access log: it would hold addresses of raters, and their ids of recruiting services.
    # Connections stay open while a rater watches, else each answer would begin with a new one.
    config = uvicorn.Config(
        app, host=host, port=port, access_log=False, server_header=False, log_level="warning", timeout_graceful_shutdown=10,
        timeout_keep_alive=75,
    )  # fmt: skip
    try:
        socket = config.bind_socket()
    except SystemExit as error:
        raise BenchError(f"cannot listen on {host}:{port}: is it in use? Name another --port.") from error
    socket.listen(config.backlog)  # from here on who comes waits, instead of being turned away while the server starts
    where = f"http://{host}:{socket.getsockname()[1]}/"
    out.print(
        f"Study: {where}   progress: {where}admin   token: {token}", soft_wrap=True, highlight=False, markup=False
    )
    uvicorn.Server(config).run(sockets=[socket])


def open_storage(folder: StudyFolder, database: str) -> Storage:
    """The database of a study: the one named, or its own SQLite file."""
    try:
        from reports.study.files import StudyError
        from reports.study.server.storage import Storage
    except ModuleNotFoundError as error:
        raise BenchError(f"{error.name} is not installed: {EXTRA}") from error
    try:
        return Storage(database or f"sqlite:///{(folder.path / DATABASE).resolve()}")
    except StudyError as error:
        raise BenchError(str(error)) from error
