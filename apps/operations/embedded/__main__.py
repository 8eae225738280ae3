"""The command line; see the package's description."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from apps.operations import embedded


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m apps.operations.embedded", description=embedded.__doc__.splitlines()[0]
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--stop", action="store_true", help="stop the server")
    choice.add_argument("--status", action="store_true", help="say whether it runs; exit status 3 when it does not")
    choice.add_argument("--destroy", action="store_true", help="stop the server and delete its data")
    choice.add_argument("--binaries", action="store_true", help="print the folder with psql, pg_dump and so on")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.stop:
            print("stopped" if embedded.stop() else "was not running")
        elif chosen.destroy:
            embedded.destroy()
            print("deleted")
        elif chosen.binaries:
            print(embedded.binaries_dir())
        elif chosen.status:
            text = embedded.status()
            print(text)
            return 0 if text.startswith("running") else 3
        else:
            print(embedded.database_url())
    except embedded.EmbeddedDatabaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
