"""Starting the embedded database: its folder, its user, its programs, its data and its login."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .places import (
    HOST,
    NAME,
    START_SECONDS,
    EmbeddedDatabaseError,
    binaries_dir,
    data_dir,
    elsewhere,
    find_home,
    give_to_owner_of,
    is_root,
    locked,
    major_version,
    pointer_file,
    read_json,
    say,
    write_json,
)
from .server import Postmaster, find_running, is_alive, is_server_of, port_answers

SUPERUSER = "postgres"  # bootstraps the login and the database, and nothing else
SYSTEM_USER = "cleantrack-db"  # runs the server when root asks for one

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


@dataclass(frozen=True)
class Account:
    """The system user that runs the server; None in both fields means the present one."""

    uid: int | None = None
    gid: int | None = None

    @property
    def options(self) -> dict[str, Any]:
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}


def run(command: Sequence[str | Path], account: Account, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
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


def succeeds(command: Sequence[str | Path], account: Account) -> bool:
    try:
        return run(command, account, Path("/"), stdin=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def system_account() -> Account:
    for command in (
        ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false", SYSTEM_USER],
        ["adduser", "-S", "-D", "-H", "-s", "/bin/false", SYSTEM_USER],
        None,
    ):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(SYSTEM_USER)
            return Account(entry.pw_uid, entry.pw_gid)
        if command and shutil.which(command[0]):
            succeeds(command, Account())
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def choose_account(home: Path) -> Account:
    """Who runs the server: whoever asks; for root, the owner of the data, at first the system user."""
    if not is_root():
        return Account()
    with contextlib.suppress(OSError, KeyError):
        owner = (home / major_version()).stat().st_uid
        if owner != 0:
            return Account(owner, pwd.getpwuid(owner).pw_gid)
    return system_account()


def make_folder(path: Path, mode: int) -> None:
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(made):
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            give_to_owner_of(folder.parent, folder)
            folder.chmod(mode)


def prepare_home() -> Path:
    """Make the folder for the database, which the server's user can reach."""
    near = data_dir() / "postgres"
    try:
        make_folder(near, 0o755)
    except PermissionError as error:
        raise EmbeddedDatabaseError(
            f"{near} cannot be made. Set CLEANTRACK_DATA_DIR to a folder of your own, or set DATABASE_URL."
        ) from error
    home = find_home()
    if not is_root():
        return home
    if home == near:
        for folder in (data_dir(), near):  # a strict umask: let the server's user pass, not list
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o111)
        if succeeds(["sh", "-c", 'cd "$1"', "sh", near], choose_account(near)):
            return near
        home = elsewhere(near)
        make_folder(home, 0o755)
    about = home.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != 0:
        raise EmbeddedDatabaseError(f"{home} is not a folder of root. Remove it, or set CLEANTRACK_DATA_DIR.")
    (home / "data-of").write_text(f"{data_dir()}\n")
    if not pointer_file(near).exists() or Path(pointer_file(near).read_text().strip()) != home:
        pointer_file(near).write_text(f"{home}\n")
        say(f"PostgreSQL does not run as root, and its user cannot reach {near}: the data lies in {home}.")
    return home


def server_binaries(home: Path, account: Account) -> Path:
    """The programs of the server: the wheel's, or a copy where the server's user cannot reach the wheel."""
    wheel = binaries_dir()
    if programs_run(wheel, account):
        return wheel
    if not is_root():
        output = run([wheel / "initdb", "--version"], account, Path("/")).stdout
        raise EmbeddedDatabaseError(f"The embedded PostgreSQL does not run on this machine: {output}")
    install, package = wheel.parent, wheel.parent.parent
    about = (wheel / "postgres").stat()
    copy = home / f"server-{major_version()}-{about.st_size}-{int(about.st_mtime)}"
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
    if not programs_run(binaries, account):
        raise EmbeddedDatabaseError(f"The system user of the embedded PostgreSQL cannot run {binaries / 'postgres'}.")
    return binaries


def programs_run(binaries: Path, account: Account) -> bool:
    return all(succeeds([binaries / program, "--version"], account) for program in ("postgres", "initdb"))


def initialise(home: Path, data: Path, binaries: Path, account: Account, password: str) -> None:
    say("Making the embedded PostgreSQL database (first start: some seconds) …")
    others = sorted(path.name for path in home.glob("[1-9]*") if (path / "PG_VERSION").exists())
    if others:
        say(f"NOTE: {home} also holds data of PostgreSQL {', '.join(others)}, which this version does not read.")
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
        done = run(command, account, home, stdin=subprocess.DEVNULL)
        password_file.unlink(missing_ok=True)
        if done.returncode == 0:
            break
    else:
        raise EmbeddedDatabaseError(f"initdb failed:\n{done.stdout}")
    with (new / "postgresql.conf").open("a") as file:
        file.write("\ninclude_if_exists = 'cleantrack.conf'\n")
    new.rename(data)


def candidate_ports(home: Path, secret: dict[str, Any]) -> Iterator[int]:
    """The port used last, then the ones that belong to this folder."""
    if isinstance(secret.get("port"), int):
        yield secret["port"]
    for attempt in range(20):
        digest = hashlib.sha256(os.fsencode(home) + bytes([attempt])).digest()
        yield 15000 + int.from_bytes(digest[:4], "big") % 15000  # below the range of outgoing connections


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def log_since(log: Path, position: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(position)
            return file.read().decode(errors="replace")[-4000:]
    except OSError:
        return ""


def spawn(command: Sequence[str | Path], log: Path, account: Account, cwd: Path) -> int:
    """Start a process that is not our child and not in our session: neither our end nor Ctrl-C reaches it."""
    # The arguments stay arguments: a path may hold any character.
    script = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
    started = run(["sh", "-c", script, "sh", log, *command], account, cwd, start_new_session=True)
    if started.returncode != 0 or not started.stdout.strip().isdigit():
        raise EmbeddedDatabaseError(f"The embedded PostgreSQL could not be started: {started.stdout}")
    return int(started.stdout)


def launch(home: Path, data: Path, binaries: Path, account: Account, secret: dict[str, Any]) -> Postmaster:
    """Start the server, on the first free port; or wait for one that is just starting, recovering or stopping."""
    log = home / "server.log"
    if not log.exists():
        log.touch(mode=0o600)
    elif log.stat().st_size > 20_000_000:
        os.truncate(log, 0)
    if account.uid is not None and account.gid is not None:
        os.chown(log, account.uid, account.gid)
    ports = candidate_ports(home, secret)
    port = next(ports)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        present = Postmaster.read(data)
        if present and is_server_of(present.pid, data):
            if present.ready and port_answers(present.port):
                return present
            time.sleep(0.1)
            continue
        if present and is_alive(present.pid):
            (data / "postmaster.pid").unlink(missing_ok=True)
        while not port_is_free(port):
            port = next(ports, 0) or refuse_ports()
        configuration = data / "cleantrack.conf"
        configuration.unlink(missing_ok=True)
        configuration.write_text(CONFIGURATION.format(host=HOST, port=port))
        configuration.chmod(0o644)
        position = log.stat().st_size
        pid = spawn([binaries / "postgres", "-D", data], log, account, home)
        while is_alive(pid) and time.monotonic() < deadline:
            present = Postmaster.read(data)
            if present and present.pid == pid and present.ready and port_answers(present.port):
                return present
            time.sleep(0.02)
        said = log_since(log, position)
        if is_alive(pid):
            break
        if "could not bind" in said or "could not create any TCP/IP sockets" in said:
            port = next(ports, 0) or refuse_ports()
        elif "shared memory block" in said or "lock file" in said:
            time.sleep(0.2)  # what a killed server left is still on its way out
        else:
            raise EmbeddedDatabaseError(f"The embedded PostgreSQL did not start:\n{said}")
    raise EmbeddedDatabaseError(
        f"The embedded PostgreSQL was not ready in {START_SECONDS} seconds; see {log}:\n{log_since(log, 0)[-1500:]}"
    )


def refuse_ports() -> int:
    raise EmbeddedDatabaseError("No free port for the embedded PostgreSQL was found.")


def bootstrap(home: Path, port: int, secret: dict[str, Any]) -> None:
    done = run(
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


def start() -> dict[str, Any]:
    binaries_dir()  # say so at once when the wheel is missing
    home = prepare_home()
    with locked(home):
        if known := find_running(home):
            return known  # another process was quicker
        account = choose_account(home)
        binaries = server_binaries(home, account)
        data = home / major_version()
        secret = read_json(home / "secrets.json")
        if not (data / "PG_VERSION").exists():
            if data.exists():
                raise EmbeddedDatabaseError(f"{data} is no PostgreSQL data. Move it away.")
            secret = {"superuser_password": secrets.token_urlsafe(32), "password": secrets.token_urlsafe(32)}
            write_json(home / "secrets.json", secret)
            initialise(home, data, binaries, account, secret["superuser_password"])
        if not {"superuser_password", "password"} <= secret.keys():
            raise EmbeddedDatabaseError(
                f"{home / 'secrets.json'} is lost or damaged, and without it nobody can log in to {data}.\n"
                "'make reset' deletes the local database and begins anew."
            )
        postmaster = launch(home, data, binaries, account, secret)
        bootstrap(home, postmaster.port, secret)
        if secret.get("port") != postmaster.port:
            secret["port"] = postmaster.port
            write_json(home / "secrets.json", secret)
        known = {
            "identity": postmaster.identity,
            "major": major_version(),
            "port": postmaster.port,
            "password": secret["password"],
        }
        write_json(home / "running.json", known)
        return known
