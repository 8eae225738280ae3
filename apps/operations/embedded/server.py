"""The server that runs: asking for its address, its state, and stopping it. None of this needs the wheel."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .places import HOST, NAME, EmbeddedDatabaseError, belongs_to_another, data_dir, find_home, locked, read_json


@dataclass(frozen=True)
class Postmaster:
    """What PostgreSQL itself says in postmaster.pid."""

    pid: int
    started: int
    port: int
    ready: bool

    @classmethod
    def read(cls, data: Path) -> Postmaster | None:
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
            return cls(int(lines[0]), int(lines[2]), int(lines[3]), len(lines) > 7 and lines[7].strip() == "ready")
        except PermissionError as error:
            raise EmbeddedDatabaseError(belongs_to_another(data)) from error
        except (OSError, ValueError, IndexError):
            return None

    @property
    def identity(self) -> list[int]:
        return [self.pid, self.started, self.port]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    with contextlib.suppress(OSError):  # a zombie, where nobody reaps the dead (a container without init), is dead
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def port_answers(port: int) -> bool:
    """Does a PostgreSQL listen there? It answers the question for encryption with one letter, and logs nothing."""
    try:
        with socket.create_connection((HOST, port), timeout=2) as connection:
            connection.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
            return connection.recv(1) in (b"N", b"S")
    except OSError:
        return False


def make_url(port: int, password: str, synchronous_commit: bool) -> str:
    options = "" if synchronous_commit else "?options=-csynchronous_commit%3Doff"
    return f"postgres://{NAME}:{password}@{HOST}:{port}/{NAME}{options}"


def find_running(home: Path) -> dict[str, Any] | None:
    """The server of running.json, if it is still that server and answers."""
    known = read_json(home / "running.json")
    if not known:
        return None
    postmaster = Postmaster.read(home / str(known.get("major")))
    if postmaster is None or not postmaster.ready or postmaster.identity != known.get("identity"):
        return None
    return known if is_alive(postmaster.pid) and port_answers(postmaster.port) else None


def database_url(*, synchronous_commit: bool = True) -> str:
    """The address of the embedded database, which runs when this returns.

    Tests may pass ``synchronous_commit=False``: their sessions, and theirs only, do not wait for the disk.
    """
    known = find_running(find_home())
    if known is None:
        from .start import start

        known = start()
    return make_url(known["port"], known["password"], synchronous_commit)


def is_server_of(pid: int, data: Path) -> bool:
    """Is that process the server of this data, or has its number gone to another since a crash or reboot?"""
    if not is_alive(pid):
        return False
    with contextlib.suppress(OSError):
        if Path(f"/proc/{pid}/cwd").samefile(data):
            return True
    listing = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "postgres" in listing.stdout and str(data) in listing.stdout


def stop() -> bool:
    """Stop the server ("fast": sessions end, data is flushed); needs no wheel. True if one ran."""
    home = find_home()
    if not home.exists():
        return False
    stopped = False
    with locked(home):
        for data in home.glob("[1-9]*"):
            postmaster = Postmaster.read(data)
            if postmaster is None or not is_server_of(postmaster.pid, data):
                continue
            for sent, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 20)):
                os.kill(postmaster.pid, sent)
                deadline = time.monotonic() + seconds
                while is_alive(postmaster.pid) and time.monotonic() < deadline:
                    time.sleep(0.02)
                if not is_alive(postmaster.pid):
                    break
            else:
                raise EmbeddedDatabaseError(f"Process {postmaster.pid} does not stop; see {home / 'server.log'}.")
            stopped = True
        (home / "running.json").unlink(missing_ok=True)
    return stopped


def destroy() -> None:
    """Stop the server and delete all its data."""
    stop()
    for folder in {find_home(), data_dir() / "postgres"}:
        if folder.exists():
            shutil.rmtree(folder)


def status() -> str:
    home = find_home()
    known = find_running(home)
    if known is None:
        return f"not running; data in {home}"
    return f"running: PostgreSQL {known['major']}, process {known['identity'][0]}, port {known['port']}; data in {home}"
