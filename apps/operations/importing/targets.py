"""What can be imported: for each kind its fields, other names of their columns, and how a cell becomes a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.equipment.models import Category, Equipment, EquipmentType, ServiceStatus
from apps.facilities.models import Area, Facility, FunctionalRisk
from apps.operations.tabular import (
    Target,
    parse_boolean,
    parse_choice,
    parse_integer,
    parse_latitude,
    parse_longitude,
    parse_text,
    parse_time_zone,
)

Parser = Callable[[str], Any]
MAX_SMALL_INTEGER = 32_767
# What people write where two letters are wanted.
COUNTRIES = {
    "uk": "GB",
    "gbr": "GB",
    "unitedkingdom": "GB",
    "greatbritain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northernireland": "GB",
    "ireland": "IE",
    "republicofireland": "IE",
    "india": "IN",
    "unitedarabemirates": "AE",
    "uae": "AE",
    "saudiarabia": "SA",
    "qatar": "QA",
    "kuwait": "KW",
    "bahrain": "BH",
    "oman": "OM",
    "germany": "DE",
    "france": "FR",
    "netherlands": "NL",
    "unitedstates": "US",
    "usa": "US",
}


@dataclass(frozen=True)
class ImportField:
    """One field that a column may fill. ``parse`` raises ValueError in words that fit behind the label."""

    name: str
    label: str | Promise
    parse: Parser
    aliases: tuple[str, ...] = ()
    help: str | Promise = ""
    sample: str = ""

    @property
    def target(self) -> Target:
        """Return it as ``match_columns`` wants it."""
        return Target(self.name, str(self.label), self.aliases)


def _text(model: Any, name: str) -> Parser:
    return partial(tidy, max_length=model._meta.get_field(name).max_length)


def tidy(value: str, *, max_length: int) -> str:
    """Return what ``parse_text`` returns; cells that need no tidying, which most are, are let through at once."""
    if len(value) <= max_length and value.isascii() and value.isprintable() and "  " not in value:
        return value.strip(" ")
    return parse_text(value, max_length=max_length)


def _notes(value: str) -> str:
    return parse_text(value, max_length=4000, multiline=True)


def _choice(choices: Any) -> Parser:
    pairs = {str(key): str(label) for key, label in choices}
    return lambda value: parse_choice(value, pairs)


def _email(value: str) -> str:
    text = parse_text(value, max_length=254)
    try:
        validate_email(text)
    except ValidationError:
        raise ValueError(_("“%s” is not an email address.") % text[:60]) from None
    return text


def _country(value: str) -> str:
    text = parse_text(value)
    word = "".join(c for c in text.casefold() if c.isalpha())
    if word in COUNTRIES:
        return COUNTRIES[word]
    if len(text) == 2 and text.isascii() and text.isalpha():
        return text.upper()
    raise ValueError(_("“%s” is not a country code; write two letters, for example GB.") % text[:40])


def _storeys(value: str) -> int:
    number = parse_integer(value)
    if not 0 <= number <= MAX_SMALL_INTEGER:
        raise ValueError(_("“%s” is not a number of storeys.") % value.strip()[:40])
    return number


def _latitude(value: str) -> float:
    return float(parse_latitude(value))


def _longitude(value: str) -> float:
    return float(parse_longitude(value))


CODE_HELP = gettext_lazy("Your own reference. Rows are matched by it, so that the same file can be imported again.")
RISK = ("risk category", "risk", "functional risk", "fr category", "fr")
PLACE_NAME = gettext_lazy("The facility’s external code or its exact name.")

FACILITY_COLUMNS: tuple[ImportField, ...] = (
    ImportField(
        "name",
        gettext_lazy("Name"),
        _text(Facility, "name"),
        (
            "facility",
            "organisation name",
            "facility name",
            "site name",
            "site",
            "property",
            "hospital",
            "building",
            "title",
        ),
        sample="Example Hospital",
    ),
    ImportField(
        "external_code",
        gettext_lazy("External code"),
        _text(Facility, "external_code"),
        (
            "organisation code",
            "ods code",
            "site code",
            "facility code",
            "code",
            "reference",
            "ref",
            "property code",
            "uprn",
        ),
        CODE_HELP,
        "EX01",
    ),
    ImportField(
        "kind",
        gettext_lazy("Kind"),
        _text(Facility, "kind"),
        ("sub type", "facility type", "site type", "property type", "type", "sector"),
        sample="hospital",
    ),
    ImportField(
        "address",
        gettext_lazy("Address"),
        _text(Facility, "address"),
        ("address 1", "address line 1", "street", "street address"),
        sample="1 Example Road",
    ),
    ImportField(
        "address_2",
        gettext_lazy("Address line 2"),
        _text(Facility, "address"),
        ("address 2",),
        gettext_lazy("Joined to the address."),
    ),
    ImportField(
        "address_3",
        gettext_lazy("Address line 3"),
        _text(Facility, "address"),
        ("address 3",),
        gettext_lazy("Joined to the address."),
    ),
    ImportField(
        "city",
        gettext_lazy("Town or city"),
        _text(Facility, "city"),
        ("city", "town", "locality", "post town"),
        sample="Leeds",
    ),
    ImportField(
        "county",
        gettext_lazy("County or region"),
        _text(Facility, "county"),
        ("county", "region", "state"),
        sample="West Yorkshire",
    ),
    ImportField(
        "postcode",
        gettext_lazy("Postcode"),
        _text(Facility, "postcode"),
        ("post code", "zip", "zip code", "postal code", "pin code"),
        sample="LS1 1AA",
    ),
    ImportField("country", gettext_lazy("Country"), _country, ("country code",), sample="GB"),
    ImportField(
        "time_zone",
        gettext_lazy("Time zone"),
        parse_time_zone,
        ("timezone", "tz"),
        gettext_lazy("Left out: the organization’s own."),
        "Europe/London",
    ),
    ImportField("latitude", gettext_lazy("Latitude"), _latitude, ("lat",)),
    ImportField("longitude", gettext_lazy("Longitude"), _longitude, ("lng", "lon", "long")),
    ImportField("phone", gettext_lazy("Phone"), _text(Facility, "phone"), ("telephone", "phone number", "tel")),
    ImportField("email", gettext_lazy("Email"), _email, ("e-mail", "email address")),
    ImportField("website", gettext_lazy("Website"), _text(Facility, "website"), ("web site", "url", "web")),
    ImportField("has_gas", gettext_lazy("Has gas"), parse_boolean, ("gas",), sample="yes"),
    ImportField("storeys", gettext_lazy("Storeys"), _storeys, ("floors", "number of storeys", "stories")),
    ImportField("is_hmo", gettext_lazy("House in multiple occupation"), parse_boolean, ("hmo", "is hmo")),
    ImportField("has_sleeping_risk", gettext_lazy("People sleep there"), parse_boolean, ("sleeping risk", "sleeping")),
    ImportField("functional_risk", gettext_lazy("Functional risk category"), _choice(FunctionalRisk.choices), RISK),
    ImportField("notes", gettext_lazy("Notes"), _notes, ("comments", "remarks", "description")),
)

AREA_COLUMNS: tuple[ImportField, ...] = (
    ImportField(
        "facility",
        gettext_lazy("Facility"),
        _text(Facility, "name"),
        ("facility code", "site code", "facility name", "site", "hospital", "property", "building code"),
        PLACE_NAME,
        "EX01",
    ),
    ImportField(
        "name",
        gettext_lazy("Name"),
        _text(Area, "path"),
        ("area", "path", "area name", "room", "room name", "ward", "location"),
        gettext_lazy("A name, or the whole path such as Building > Floor > Room."),
        "Main Building",
    ),
    ImportField(
        "parent",
        gettext_lazy("Inside"),
        _text(Area, "path"),
        ("parent", "parent code", "parent area", "part of", "parent path"),
        gettext_lazy("The external code or the path of the area around it. Empty: directly in the facility."),
    ),
    ImportField(
        "external_code",
        gettext_lazy("External code"),
        _text(Area, "external_code"),
        ("area code", "room code", "room number", "code", "reference", "ref"),
        CODE_HELP,
        "EX01-A",
    ),
    ImportField(
        "kind", gettext_lazy("Kind"), _text(Area, "kind"), ("area type", "room type", "type"), sample="building"
    ),
    ImportField("functional_risk", gettext_lazy("Functional risk category"), _choice(FunctionalRisk.choices), RISK),
    ImportField("notes", gettext_lazy("Notes"), _notes, ("comments", "remarks", "description")),
)

EQUIPMENT_COLUMNS: tuple[ImportField, ...] = (
    ImportField(
        "name",
        gettext_lazy("Name"),
        _text(Equipment, "name"),
        ("equipment", "equipment name", "asset name", "asset", "machine", "device", "item", "asset description"),
        sample="Bed pan washer 1",
    ),
    ImportField(
        "external_code",
        gettext_lazy("External code"),
        _text(Equipment, "external_code"),
        (
            "asset number",
            "asset id",
            "asset tag",
            "asset code",
            "equipment code",
            "inventory number",
            "code",
            "reference",
            "ref",
        ),
        CODE_HELP,
        "EX-0001",
    ),
    ImportField(
        "serial_number",
        gettext_lazy("Serial number"),
        _text(Equipment, "serial_number"),
        ("serial", "serial no", "s/n", "sn"),
        gettext_lazy("Rows without an external code are matched by it."),
        "SN-4711",
    ),
    ImportField(
        "facility",
        gettext_lazy("Facility"),
        _text(Facility, "name"),
        ("facility code", "site code", "facility name", "site", "hospital", "property", "building"),
        PLACE_NAME,
        "EX01",
    ),
    ImportField(
        "area",
        gettext_lazy("Area"),
        _text(Area, "path"),
        ("area code", "area path", "room", "location", "ward", "place", "department"),
        gettext_lazy("Its external code, or its path such as Building > Floor > Room."),
        "EX01-A",
    ),
    ImportField(
        "type",
        gettext_lazy("Type"),
        _text(EquipmentType, "name"),
        ("equipment type", "asset type", "device type", "kind"),
        gettext_lazy("A type that does not exist yet is created."),
        "Bed pan washer",
    ),
    ImportField(
        "category", gettext_lazy("Category"), _choice(Category.choices), ("class", "asset category"), sample="cleaning"
    ),
    ImportField("maker", gettext_lazy("Maker"), _text(Equipment, "maker"), ("manufacturer", "make", "brand")),
    ImportField("model", gettext_lazy("Model"), _text(Equipment, "model"), ("model number", "model name")),
    ImportField(
        "status",
        gettext_lazy("In use"),
        _choice(ServiceStatus.choices),
        ("service status", "status", "state"),
        sample="in service",
    ),
    ImportField("notes", gettext_lazy("Notes"), _notes, ("comments", "remarks")),
)


@dataclass(frozen=True)
class Kind:
    """One thing that can be imported: its fields, and of which groups of fields one each must have a column."""

    key: str
    label: str | Promise
    fields: tuple[ImportField, ...]
    needs: tuple[tuple[str, ...], ...]
    list_url_name: str
    model: Any

    def field(self, name: str) -> ImportField:
        """Return a field by name."""
        return next(field for field in self.fields if field.name == name)

    def targets(self) -> list[Target]:
        """Return the fields as ``match_columns`` wants them."""
        return [field.target for field in self.fields]

    def missing(self, mapped: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the groups of fields of which none has a column."""
        return [group for group in self.needs if not set(group) & set(mapped)]


KINDS: dict[str, Kind] = {
    "facilities": Kind(
        "facilities",
        gettext_lazy("Facilities"),
        FACILITY_COLUMNS,
        (("name", "external_code"),),
        "facilities:facility_list",
        Facility,
    ),
    "areas": Kind(
        "areas",
        gettext_lazy("Areas"),
        AREA_COLUMNS,
        (("facility",), ("name", "external_code")),
        "facilities:area_list",
        Area,
    ),
    "equipment": Kind(
        "equipment",
        gettext_lazy("Equipment"),
        EQUIPMENT_COLUMNS,
        (("external_code", "serial_number"),),
        "equipment:equipment_list",
        Equipment,
    ),
}
