"""Find Chromium for the browser journeys, or install it where that is possible.

    python -m tests.browser      what 'make test' runs first: exit status 1 only in CI, when there is no browser

A test asks ``find_chromium()`` and gives the answer to Playwright as ``executable_path``, with ``LAUNCH_ARGUMENTS``.
``CHROMIUM`` names a browser; ``CLEANTRACK_BROWSER_INSTALL=0`` forbids installing one.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "chrome-headless-shell",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
DOWNLOADED = (  # below Playwright's cache; a later version sorts last
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium_headless_shell-*/chrome-*/headless_shell",
    "chromium_headless_shell-*/chrome-*/chrome-headless-shell",
)
# Chromium's own sandbox does not run as root, and /dev/shm is small in containers.
LAUNCH_ARGUMENTS = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
INSTALL_SECONDS = 420


def _candidates() -> Iterator[str]:
    for name in NAMES:
        if path := shutil.which(name):
            yield path
    yield from PLACES
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    caches = [Path(chosen)] if chosen not in ("", "0") else []
    caches += [Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright"]
    for cache in caches:
        for pattern in DOWNLOADED:
            yield from map(str, sorted(cache.glob(pattern), reverse=True))


def _works(path: str) -> bool:
    """Some distributions have a 'chromium' that only says where to get it, and a download may lack system libraries."""
    if not (Path(path).is_file() and os.access(path, os.X_OK)):
        return False
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and any(word in answer.stdout for word in ("Chrom", "Edge"))


@functools.cache
def find_chromium() -> str | None:
    """The path of a Chromium that starts, or None. ``CHROMIUM`` is taken or nothing."""
    if chosen := os.environ.get("CHROMIUM"):
        path = shutil.which(chosen)
        return path if path and _works(path) else None
    return next((path for path in _candidates() if _works(path)), None)


def _attempt(command: list[str], deadline: float) -> bool:
    seconds = deadline - time.monotonic()
    if seconds < 1:
        return False
    print(f"  trying: {' '.join(command)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except subprocess.TimeoutExpired:
        print("  … took too long", flush=True)
        return False
    except OSError as error:
        print(f"  … {error}", flush=True)
        return False
    if done.returncode != 0:
        print("  … failed: " + " | ".join(done.stdout.strip().splitlines()[-2:]), flush=True)
    return done.returncode == 0


def ensure_chromium(seconds: float = INSTALL_SECONDS) -> str | None:
    """The path of a Chromium, installed if need be and possible in that time; otherwise None."""
    path = find_chromium()
    if path or os.environ.get("CHROMIUM") or os.environ.get("CLEANTRACK_BROWSER_INSTALL") == "0":
        return path
    print("No Chromium found: installing one.", flush=True)
    deadline = time.monotonic() + seconds
    if os.geteuid() == 0 and shutil.which("apt-get"):
        apt = ["apt-get", "-y", "-q", "-o", "Acquire::http::Timeout=20", "-o", "DPkg::Lock::Timeout=60"]
        install = [*apt, "install", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
        if not _attempt(install, deadline) and _attempt([*apt, "update"], deadline):
            _attempt(install, deadline)
        find_chromium.cache_clear()
        if path := find_chromium():
            return path
    if importlib.util.find_spec("playwright"):
        _attempt([sys.executable, "-m", "playwright", "install", "chromium"], deadline)
    find_chromium.cache_clear()
    return find_chromium()


def main() -> int:
    if path := ensure_chromium():
        print(f"Browser journeys use {path}", flush=True)
        return 0
    chosen = os.environ.get("CHROMIUM")
    reason = f"CHROMIUM={chosen} does not start" if chosen else "no Chromium was found, and none could be installed"
    frame = "!" * 100
    if os.environ.get("CI"):
        print(f"{frame}\n!! {reason}. In CI the browser journeys must run.\n{frame}", file=sys.stderr, flush=True)
        return 1
    print(
        f"{frame}\n!! SKIPPED: every browser journey (tests marked 'browser'): {reason}.\n"
        "!! To run them, install Chromium, or set CHROMIUM=/path/to/chromium.\n" + frame,
        file=sys.stderr,
        flush=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
