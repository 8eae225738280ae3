"""Areas from a file: matched by facility and external code, else by facility and path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from apps.facilities.actions import MAX_DEPTH, SEPARATOR, bulk_save_areas
from apps.facilities.models import Area, Facility
from apps.operations.importing.places import Areas, Facilities, tidy_path
from apps.operations.importing.planning import Parsed, Planned, Planner, RowError
from apps.operations.importing.targets import KINDS
from apps.operations.models import Outcome

LONGEST_NAME = Area._meta.get_field("name").max_length or 0
LONGEST_PATH = Area._meta.get_field("path").max_length or 0


def join(parent: Area | None, name: str) -> str:
    """Return the path of something inside ``parent``."""
    return f"{parent.path}{SEPARATOR}{name}" if parent is not None else name


class AreaPlanner(Planner):
    """Plans areas. The area around another one must exist, or stand further up in the file."""

    kind = KINDS["areas"]
    noun = "area"
    key_fields: ClassVar[frozenset[str]] = frozenset({"facility", "external_code", "name", "parent"})
    claims_new = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # What earlier chunks would have made, had they been written: the path behind each code and each folded path.
        self.planned_paths: dict[tuple[int, str], str] = {}
        self.planned_codes: dict[tuple[int, str], str] = {}
        self.facilities = Facilities(())
        self.areas = Areas(())
        self.asked: set[tuple[int, str]] = set()
        super().__init__(*args, **kwargs)

    def keys(self, parsed: Parsed) -> Iterator[tuple[tuple[str, ...], bool]]:
        """A code stands once in its facility, and so does a path."""
        facility, code, name = parsed.text("facility"), parsed.text("external_code"), parsed.text("name")
        if code:
            yield ("code", facility, code), True
        if name:
            parent = tidy_path(parsed.text("parent"))
            path = f"{parent}{SEPARATOR}{tidy_path(name)}" if parent else tidy_path(name)
            yield ("path", facility, path.casefold()), True

    def row_name(self, parsed: Parsed) -> str:
        """Return the path as it was written, or the code."""
        return tidy_path(parsed.text("name")) or parsed.text("external_code")

    def load(self, rows: Sequence[Parsed]) -> None:
        """Look up facilities; then codes, parents and whole paths; then the paths that follow from the parents."""
        self.facilities = Facilities(row.text("facility") for row in rows)
        placed: list[tuple[int, Parsed]] = []
        for row in rows:
            try:
                placed.append((self.facilities.find(row.text("facility")).pk, row))
            except RowError:
                continue
        first = set()
        for pk, row in placed:
            name = tidy_path(row.text("name"))
            around = SEPARATOR.join(name.split(SEPARATOR)[:-1])
            first |= {(pk, text) for text in (row.text("external_code"), row.text("parent"), name, around) if text}
        self.areas = Areas(first, with_parents=True)
        second = set()
        for pk, row in placed:
            parent = self.areas.find(pk, row.text("parent")) if row.text("parent") else None
            known = self.areas.by_code.get((pk, row.text("external_code")))
            name = tidy_path(row.text("name")).split(SEPARATOR)[-1] or (known.name if known else "")
            if parent is None and known is not None:
                parent = known.parent
            if parent is not None and name:
                second.add((pk, join(parent, name)))
        self.areas.add(second)
        self.asked = {(pk, text.casefold()) for pk, text in first | second}

    def decide(self, parsed: Parsed) -> Planned:
        """Match, then compare or make anew."""
        self.need(parsed, "facility")
        facility = self.facilities.find(parsed.text("facility"))
        if facility.archived_at is not None:
            raise RowError(_("Facility: “%s” is archived. Restore it first.") % facility)
        code = parsed.text("external_code")
        known = self.areas.by_code.get((facility.pk, code)) if code else None
        if known is None and "name" not in parsed.values:
            self.need(parsed, "name")
        parent, says_parent = self._parent(parsed, facility)
        if known is not None and not says_parent:
            parent = known.parent
        name = tidy_path(parsed.text("name")).split(SEPARATOR)[-1] or (known.name if known else "")
        path = self._path(parent, name)
        self._look_again(facility, parent, path)
        if known is None:
            known = self._by_path(facility, path, code)
        self._refuse_twin(parsed, facility, known, path)
        values = {key: value for key, value in parsed.values.items() if key not in ("facility", "parent", "name")}
        values["name"] = name
        if known is None:
            area = Area(facility=facility, parent=parent, path=path, **values)
            self._remember(parsed, area, path)
            return Planned(parsed, Outcome.CREATE, path, obj=area)
        if says_parent:
            self._refuse_circle(known, parent)
            values["parent"] = parent
        planned = self.compared(parsed, known, values, name=path)
        self.areas.note(known, path)
        if code:
            self.areas.by_code[(facility.pk, code)] = known
        return planned

    def _parent(self, parsed: Parsed, facility: Facility) -> tuple[Area | None, bool]:
        """Return the area around this row, and whether the row says so at all."""
        around = SEPARATOR.join(tidy_path(parsed.text("name")).split(SEPARATOR)[:-1])
        reference = parsed.text("parent")
        found = self._find(facility, reference) if reference else None
        if around:
            inside = self._find(facility, around)
            if found is not None and found.path.casefold() != inside.path.casefold():
                raise RowError(
                    _("Inside: “%(one)s” and the path “%(other)s” are different places.")
                    % {"one": reference[:60], "other": around[:60]}
                )
            found = inside
        return found, bool(around or reference)

    def _find(self, facility: Facility, reference: str) -> Area:
        area = self.areas.find(facility.pk, reference)
        if area is not None:
            return area
        path = self.planned_codes.get((facility.pk, reference)) or self.planned_paths.get(
            (facility.pk, tidy_path(reference).casefold())
        )
        if path is None:
            raise RowError(
                _("Inside: “%(area)s” is not an area of %(facility)s. Put its row above this one, or add it first.")
                % {"area": reference[:60], "facility": facility}
            )
        return Area(facility=facility, name=path.split(SEPARATOR)[-1], path=path)

    def _path(self, parent: Area | None, name: str) -> str:
        if len(name) > LONGEST_NAME:
            raise RowError(
                _("Name: has %(length)s characters; at most %(longest)s are allowed.")
                % {"length": len(name), "longest": LONGEST_NAME}
            )
        path = join(parent, name)
        if path.count(SEPARATOR) >= MAX_DEPTH:
            raise RowError(_("Areas can be %s deep at most.") % MAX_DEPTH)
        if len(path) > LONGEST_PATH:
            raise RowError(_("The whole path is longer than %s characters.") % LONGEST_PATH)
        return path

    def _look_again(self, facility: Facility, parent: Area | None, path: str) -> None:
        """Look up a path that could not be known before: its parent got its code from this very file."""
        key = (facility.pk, path.casefold())
        if key not in self.asked and (parent is None or parent.pk is not None):
            self.areas.add([(facility.pk, path)])
            self.asked.add(key)

    def _by_path(self, facility: Facility, path: str, code: str) -> Area | None:
        here = [area for area in self.areas.all_at(facility.pk, path) if not area._state.adding and self.usable(area)]
        live = [area for area in here if area.archived_at is None] or here
        found = live[0] if live else None
        if found is not None and code and found.external_code:
            if found.archived_at is not None:
                return None
            raise RowError(
                _("“%(path)s” is there already with the external code “%(code)s”.")
                % {"path": path[:60], "code": found.external_code}
            )
        return found

    def _refuse_twin(self, parsed: Parsed, facility: Facility, known: Area | None, path: str) -> None:
        key = (facility.pk, path.casefold())
        twin = self.areas.live_at(facility.pk, path)
        if twin is not None and (known is None or twin.pk != known.pk):
            raise RowError(_("There is another area “%s” in this facility.") % path[:60])
        if not self.live and known is None and key in self.planned_paths:
            raise RowError(_("An earlier row is “%s” already.") % path[:60])

    def _refuse_circle(self, area: Area, parent: Area | None) -> None:
        path = area.path.casefold()
        if parent is not None and f"{parent.path.casefold()}{SEPARATOR}".startswith(f"{path}{SEPARATOR}"):
            raise RowError(_("Inside: an area cannot be inside itself."))

    def _remember(self, parsed: Parsed, area: Area, path: str) -> None:
        self.areas.note(area)
        if self.live:
            return
        self.planned_paths[(area.facility_id, path.casefold())] = path
        if area.external_code:
            self.planned_codes[(area.facility_id, area.external_code)] = path

    def bulk_save(self, create: list[Any], update: list[tuple[Any, dict[str, Any]]]) -> None:
        """Write areas, those around others first."""
        bulk_save_areas(create, update)
