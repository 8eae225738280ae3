"""``migrate`` in maintenance mode: connected directly, seeing every row, so that validation is not vacuous."""

from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connections


class Command(MigrateCommand):
    """Django's ``migrate`` with ``app.maintenance`` on for its own connection.

    Under forced row-level security the owner sees no row, so adding a foreign key would validate nothing and a data
    migration would change nothing, both silently. The setting travels as a connection option, which fails loudly
    through a transaction pooler: migrate connects to PostgreSQL directly.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        """Run migrate; restore the connection's options afterwards."""
        connection = connections[options["database"]]
        before = connection.settings_dict.get("OPTIONS", {})
        flags = f"{before.get('options', '')} -c app.maintenance=on".strip()
        connection.close()
        connection.settings_dict["OPTIONS"] = {**before, "options": flags}
        try:
            super().handle(*args, **options)
        finally:
            connection.close()
            connection.settings_dict["OPTIONS"] = before
