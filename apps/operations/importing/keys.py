"""Rows of one file that mean the same thing, found before anything is planned, in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator


class KeyRows:
    """Collects keys with their lines as numbers only: 17 bytes a key, whatever the size of the file."""

    def __init__(self) -> None:
        self._keys = array("q")
        self._lines = array("L")
        self._weak = array("b")

    def add(self, key: tuple[str, ...], line: int, *, weak: bool = False) -> None:
        """Note a key. Weak keys (a name) clash with any equal key; strong ones among which no weak one is, do not.

        Keys that must always differ (a code) are added weak.
        """
        self._keys.append(hash(key))
        self._lines.append(line)
        self._weak.append(weak)

    def clashes(self) -> dict[int, int]:
        """Return for each line that clashes the first other line it clashes with."""
        repeated = set(self._repeated(sorted(self._keys)))
        if not repeated:
            return {}
        groups: dict[int, list[int]] = {}
        weak: set[int] = set()
        for key, line, is_weak in zip(self._keys, self._lines, self._weak, strict=True):
            if key in repeated:
                groups.setdefault(key, []).append(line)
                if is_weak:
                    weak.add(key)
        found: dict[int, int] = {}
        for key, lines in groups.items():
            if key in weak:
                for line in lines:
                    found.setdefault(line, lines[1] if line == lines[0] else lines[0])
        return found

    @staticmethod
    def _repeated(keys: Iterable[int]) -> Iterator[int]:
        before: int | None = None
        for key in keys:
            if key == before:
                yield key
            before = key
