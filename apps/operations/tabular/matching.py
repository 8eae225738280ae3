"""Guess which column of a file is meant by which field."""

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# A column about somebody else's name or a former address is a poor guess for the name or the address.
OTHERS = frozenset({"parent", "previous", "old", "former", "alternative", "billing", "contact", "owner", "group"})
# Near in spelling, different in meaning.
FALSE_FRIENDS = frozenset({frozenset({"county", "country"}), frozenset({"area", "areas"})})
SAME_WORD = {"organisation": "organization", "organisations": "organizations", "no": "number", "num": "number"}
ALIKE = 0.86


@dataclass(frozen=True, slots=True)
class Target:
    """A field to be filled from a column: its name, its label on the page, other names people use for it."""

    name: str
    label: str
    aliases: tuple[str, ...] = ()
    required: bool = False


def match_columns(columns: Sequence[str], targets: Sequence[Target]) -> dict[str, str | None]:
    """Guess a column for each target, or None. Each column is used once; exact beats alias beats likeness."""
    words = {column: _words(column) for column in columns}
    guesses = []
    for order, target in enumerate(targets):
        own = [_words(target.name), _words(target.label)]
        others = [_words(alias) for alias in target.aliases]
        for position, column in enumerate(columns):
            if (quality := _quality(words[column], own, others)) is not None:
                guesses.append((quality, order, position))
    matched: dict[str, str | None] = {target.name: None for target in targets}
    used: set[int] = set()
    for _, order, position in sorted(guesses):
        if position not in used and matched[targets[order].name] is None:
            matched[targets[order].name] = columns[position]
            used.add(position)
    return matched


def _quality(
    column: tuple[str, ...], own: list[tuple[str, ...]], others: list[tuple[str, ...]]
) -> tuple[int, float] | None:
    """How well a column fits, smaller is better: exactly, by an alias (earlier ones first), or by likeness."""
    if not column:
        return None
    key = "".join(column)
    if any(key == "".join(name) for name in own):
        return (0, 0.0)
    for place, alias in enumerate(others):
        if key == "".join(alias):
            return (1, float(place))
    best = max((_likeness(column, name) for name in own + others), default=0.0)
    return (2, round(1 - best, 6)) if best >= 0.4 else None


def _likeness(column: tuple[str, ...], name: tuple[str, ...]) -> float:
    """From 0 to 1: the name as the beginning or the end of the column's words, or a slip of spelling."""
    if not name:
        return 0.0
    if column[-len(name) :] == name or column[: len(name)] == name:
        strange = 0.3 if OTHERS & set(column) - set(name) else 0.0
        ending = 0.05 if column[-len(name) :] == name else 0.0
        return 0.6 + 0.3 * len(name) / len(column) + ending - strange
    left, right = "".join(column), "".join(name)
    if min(len(left), len(right)) < 5 or frozenset({left, right}) in FALSE_FRIENDS:
        return 0.0
    ratio = difflib.SequenceMatcher(None, left, right, autojunk=False).ratio()
    return ratio - 0.1 if ratio >= ALIKE else 0.0


def _words(text: str) -> tuple[str, ...]:
    """Words of a name, lower case, without accents and punctuation: "OrganisationName" is organization, name."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    split = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)", " ", plain)
    found = re.findall(r"[^\W_]+", split.casefold())
    return tuple(SAME_WORD.get(word, word) for word in found)
