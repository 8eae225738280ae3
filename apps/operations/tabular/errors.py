"""The one exception of this package."""


class TableError(Exception):
    """The file as a whole cannot be read; the message says what it is and what to do, in words for the sender."""
