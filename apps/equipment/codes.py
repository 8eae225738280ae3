"""Label codes."""

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_code() -> str:
    """Return a new unguessable code of 10 characters."""
    return "".join(secrets.choice(ALPHABET) for _ in range(10))
