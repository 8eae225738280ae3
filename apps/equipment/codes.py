"""Label codes: what is printed under the QR code, and what people make of it when they type it by hand."""

import re
import secrets
import unicodedata

# Thirty characters: no 0 and O, no 1, I and L, and no U, which reads as V and spells the ruder words.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
# 30^10 is 49 bits: with a million labels in use, one guess in 590 million meets one, and the scan page is rate
# limited; among a million codes two are alike once in 1,200 draws of all of them, and the database refuses those.
LENGTH = 10
GROUP = 5

# Typed instead of the printed character: a round letter for Q, a U for V, and letters of other alphabets that look
# like ours. 1, I and L stand for nothing that is printed, so they are not guessed at.
_MEANT = str.maketrans("0OUАВСЕНКМРТХУΑΒΕΗΚΜΝΡΤΧΥΖ", "QQVABCEHKMPTXYABEHKMNPTXYZ")
_PATH = re.compile(r"/q/([^/?#\s]+)", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s\-‐‑‒–—―−_.·•:,]+|[\u200b-\u200f\u2060\ufeff]+")


def new_code() -> str:
    """Return a new unguessable code of 10 characters."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def spell(code: str) -> str:
    """The code as it is shown and read aloud: in groups of five, "K7Q2M-9FMX4"."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def normalize_code(text: str) -> str | None:
    """The code meant by what somebody typed or scanned, or None if it cannot be one.

    Takes lower case, spaces and hyphens anywhere, look-alikes, and a whole address with "/q/<code>" in it.
    """
    if len(text) > 2000:
        return None
    found = _PATH.findall(text)
    if found:
        text = found[-1]
    elif "/" in text:
        return None
    plain = unicodedata.normalize("NFKC", text).upper()
    code = _SEPARATORS.sub("", plain).translate(_MEANT)
    return code if len(code) == LENGTH and all(character in ALPHABET for character in code) else None
