"""Panels: how a higher room shows something on a detail page of a lower one, which may not import it.

A room registers in its ``AppConfig.ready``::

    panels.register("equipment", "main", requirements_panel)

    def requirements_panel(request, equipment):
        return "equipment/_requirements.html", {"requirements": [...]}

The detail templates render a slot with ``{% panels "equipment" equipment "main" %}``. A room may also say what
archiving would affect (``register_effect``), for the confirm page, and set attributes on the rows of a list
(``register_rows``): the list shows the columns whose attribute some room has promised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from django.http import HttpRequest

Place = Literal["facility", "area", "equipment", "requirement", "dashboard", "my_work"]
Slot = Literal["head", "actions", "main", "aside"]
Panel = Callable[[HttpRequest, Any], "tuple[str, dict[str, Any]] | None"]
Effect = Callable[[Any], "list[str]"]
Finish = Callable[["list[Any]"], None]

_panels: dict[tuple[str, str], list[tuple[int, Panel]]] = {}
_effects: dict[str, list[Effect]] = {}
_rows: dict[str, dict[str, Finish]] = {}


def register(place: Place, slot: Slot, panel: Panel, *, order: int = 50) -> None:
    """Show ``panel(request, obj) -> (template, context) or None`` on the detail page of ``place``, by ``order``.

    Registering the same function again changes nothing.
    """
    entries = _panels.setdefault((place, slot), [])
    if all(known is not panel for _, known in entries):
        entries.append((order, panel))
        entries.sort(key=lambda entry: entry[0])


def unregister(place: Place, slot: Slot, panel: Panel) -> None:
    """Take a panel away again (tests)."""
    _panels[place, slot] = [entry for entry in _panels.get((place, slot), []) if entry[1] is not panel]


def panels_for(place: str, slot: str, request: HttpRequest, obj: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return (template, context) of each panel that has something to show, in order."""
    shown = [panel(request, obj) for _, panel in _panels.get((place, slot), [])]
    return [panel for panel in shown if panel is not None]


def register_effect(place: Place, effect: Effect) -> None:
    """Name, as sentences, what archiving an object of ``place`` changes in the registering room."""
    effects = _effects.setdefault(place, [])
    if effect not in effects:
        effects.append(effect)


def effects_of(place: Place, obj: Any) -> list[str]:
    """Return every room's sentences about archiving ``obj``."""
    return [sentence for effect in _effects.get(place, []) for sentence in effect(obj)]


def register_rows(place: Place, attribute: str, finish: Finish) -> None:
    """Promise that ``finish(rows)`` sets ``attribute`` on each row of a list, in a fixed number of queries.

    The lists of facilities, areas and equipment know ``status_now`` (``.colour``, ``.words``); the first one also
    ``equipment_count``.
    """
    _rows.setdefault(place, {})[attribute] = finish


def promises(place: Place, attribute: str) -> bool:
    """Tell whether some room sets this attribute on the rows of a list."""
    return attribute in _rows.get(place, {})


def finish_rows(place: Place, rows: list[Any]) -> None:
    """Let every room set its attribute on the rows."""
    if rows:
        for finish in _rows.get(place, {}).values():
            finish(rows)
