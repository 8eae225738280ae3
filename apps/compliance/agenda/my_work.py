"""The reads of my work: what I own and what nobody owns in my facilities, red first, by place."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from apps.compliance import queries
from apps.compliance.listing import COLOUR_CHOICES
from apps.compliance.models import Occurrence
from apps.compliance.moment import Moment
from apps.compliance.queries import Counts, StatusRow

MOST_ROWS = 60
NEXT_ROWS = 5
COLOURS = tuple(colour for colour, _label in COLOUR_CHOICES)


@dataclass(frozen=True)
class PlaceGroup:
    """The rows of one place, red first."""

    name: str
    rows: list[StatusRow]


@dataclass(frozen=True)
class Share:
    """One part of the work: whose, how much has each colour, and what is red or amber by place."""

    owner: str
    counts: Counts
    groups: list[PlaceGroup]

    @property
    def more(self) -> int:
        """How many red and amber ones are not shown."""
        return self.counts.red + self.counts.amber - sum(len(group.rows) for group in self.groups)


@dataclass(frozen=True)
class Work:
    """My work: mine, nobody's, and what comes next of mine."""

    mine: Share
    unowned: Share
    coming: list[StatusRow]


def my_work(membership_id: int | None, moment: Moment) -> Work:
    """Return the work of a member at a moment, in a fixed number of queries."""
    own = Q(requirement__owner_id=membership_id) if membership_id is not None else Q(pk__in=[])
    nobody = Q(requirement__owner=None)
    live = queries.live(moment)
    numbers = (
        live.filter(own | nobody)
        .order_by()
        .aggregate(
            **{
                f"{name}_{colour}": Count("pk", filter=whose & Q(colour=colour))
                for name, whose in (("own", own), ("nobody", nobody))
                for colour in COLOURS
            }
        )
    )
    counts = {name: Counts(**{c: numbers[f"{name}_{c}"] for c in COLOURS}) for name in ("own", "nobody")}
    urgent = {
        "own": _keys(live.filter(own, urgency__lt=2), MOST_ROWS, counts["own"].red + counts["own"].amber),
        "nobody": _keys(live.filter(nobody, urgency__lt=2), MOST_ROWS, counts["nobody"].red + counts["nobody"].amber),
        "coming": _keys(live.filter(own, urgency=2, due_at__isnull=False), NEXT_ROWS, counts["own"].green),
    }
    wanted = [key for keys in urgent.values() for key in keys]
    found = {row.pk: row for row in queries.with_subjects(Occurrence.objects.filter(pk__in=wanted))} if wanted else {}
    rows = {
        name: queries.to_rows([found[key] for key in keys if key in found], moment) for name, keys in urgent.items()
    }
    return Work(
        Share(str(membership_id or ""), counts["own"], by_place(rows["own"])),
        Share("none", counts["nobody"], by_place(rows["nobody"])),
        rows["coming"],
    )


def _keys(found: object, limit: int, expected: int) -> list[int]:
    """The ids, red first; not asked for where the counts say that there is none."""
    return list(queries.red_first(found).values_list("pk", flat=True)[:limit]) if expected else []  # type: ignore[arg-type]


def place_name(row: StatusRow) -> str:
    """Return where the work is: the facility, and the area in it."""
    requirement = row.requirement
    area = requirement.area or (requirement.equipment.area if requirement.equipment else None)
    return ", ".join([requirement.facility.name, *([area.path] if area else [])])


def by_place(rows: list[StatusRow]) -> list[PlaceGroup]:
    """Group rows by place, the place with the most urgent row first."""
    groups: dict[str, list[StatusRow]] = {}
    for row in rows:
        groups.setdefault(place_name(row), []).append(row)
    return [PlaceGroup(name, inside) for name, inside in groups.items()]
