"""A PostgreSQL server of one's own, in a temporary folder, for as long as a block of code runs."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

USER = "postgres"


class NoPostgres(Exception):
    """There is no PostgreSQL here that could be started; says why."""


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a fresh, empty database; it listens on a socket in its folder, on no port.

    Debian's package ``postgresql`` brings the programs. They refuse to run as root: then they run as the user that the
    package makes.

    Raises:
        NoPostgres: the programs or that user are not here, or the server does not start.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not found:
        raise NoPostgres("PostgreSQL is not installed (Debian: postgresql)")
    programs = found[-1].parent
    become: list[str | Path] = []
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if os.getuid() == 0:
            try:
                account = pwd.getpwnam(USER)
            except KeyError as error:
                raise NoPostgres(f"PostgreSQL does not run as root, and there is no user {USER}") from error
            os.chown(folder, account.pw_uid, account.pw_gid)
            become = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        data = folder / "data"
        _run([*become, programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"])
        start = [*become, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
        _run([*start, "-o", f"-c listen_addresses='' -k {folder}", "start"])
        try:
            yield f"postgresql://{USER}@/{USER}?host={folder}"
        finally:
            _run([*start, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: Sequence[str | Path]) -> None:
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", timeout=120)
    if done.returncode:
        raise NoPostgres(f"{Path(command[-1]).name}: {done.stderr.strip()[-300:]}")
