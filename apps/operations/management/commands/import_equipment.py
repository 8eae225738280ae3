"""Import equipment from a CSV or XLSX file."""

from apps.operations.importing.command import ImportCommand


class Command(ImportCommand):
    """``manage.py import_equipment FILE --organization SLUG``."""

    help = (
        "Import equipment from a CSV or XLSX file. Prints what it did; errors with line numbers go to stderr. "
        "Exits with 1 when a row was refused."
    )
    kind = "equipment"
