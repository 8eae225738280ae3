"""Tries addresses as everybody, with another organization's objects in every place an id can stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import resolve

from apps.facilities.models import Facility
from apps.tenants.checks import isolated_models
from apps.tenants.models import Membership, Role
from apps.tenants.scope import platform, system
from tests.cast import Cast, House, make_user
from tests.isolation.furniture import DUTY, furnish

METHODS = ("get", "post", "put", "patch", "delete")
# A foreign id for a field of this name; a field of another name is tried with all of them.
OBJECTS = {
    "facility": "hospital",
    "facilities": "hospital",
    "area": "ward",
    "parent": "ward",
    "inside": "ward",
    "equipment": "washer",
    "type": "kind",
    "protocol": "protocol",
    "owner": "technician",
    "member": "technician",
    "performed_by": "technician",
    "requirement": "requirement",
    "needs": "requirement",
    "head": "hospital",
    "site": "hospital",
    "label": "label",
    "labels": "label",
    "log": "log",
    "supersedes": "log",
    "organization": "organization",
    "version": "version",
    "occurrence": "occurrence",
}
SUBJECTS = {"facility": "hospital", "area": "ward", "equipment": "washer"}
NOT_IDS = (
    "csrfmiddlewaretoken",
    "next",
    "-TOTAL_FORMS",
    "-INITIAL_FORMS",
    "-MIN_NUM_FORMS",
    "-MAX_NUM_FORMS",
    "-ORDER",
    "-DELETE",
)
# Of these, what restricted members must not reach in their own organization.
OF_THE_HOSPITAL = {"hospital", "ward", "washer", "requirement", "label", "log", "occurrence"}
# For a query parameter whose name says nothing.
ANY_OBJECT = ("hospital", "washer", "organization")


@dataclass
class Control:
    """One named control of a form: its kind, its value and the values it offers."""

    kind: str
    value: str = ""
    offered: list[str] = field(default_factory=list)


@dataclass
class Form:
    """One form of a page."""

    method: str
    action: str
    controls: dict[str, Control] = field(default_factory=dict)

    def filled(self) -> dict[str, str]:
        """Return what a browser would send if nothing was touched."""
        return {
            name: control.value for name, control in self.controls.items() if control.value or control.kind == "text"
        }

    def choices(self) -> list[str]:
        """Return the controls whose values the server made: ids stand there."""
        return [
            name
            for name, control in self.controls.items()
            if control.kind != "text" and not name.endswith(NOT_IDS) and self._may_hold_ids(control)
        ]

    @staticmethod
    def _may_hold_ids(control: Control) -> bool:
        values = [value for value in (*control.offered, control.value) if value]
        if control.kind == "checkbox" and not any(value.isdigit() for value in values):
            return False
        return not values or any(any(c.isdigit() for c in value) for value in values)


class Page(HTMLParser):
    """The forms and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._select: Control | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect forms, their controls, and links."""
        values = {name: value or "" for name, value in attrs}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "form":
            self.forms.append(Form(values.get("method", "get").lower(), values.get("action", "")))
        if tag == "option" and self._select is not None:
            self._select.offered.append(values.get("value", ""))
            if "selected" in values:
                self._select.value = values.get("value", "")
        name = values.get("name")
        if not self.forms or not name:
            return
        controls = self.forms[-1].controls
        if tag == "select":
            self._select = controls.setdefault(name, Control("select"))
        elif tag == "textarea":
            controls.setdefault(name, Control("text"))
        elif tag == "input":
            kind = values.get("type", "text")
            known = kind if kind in ("hidden", "radio", "checkbox") else "text"
            control = controls.setdefault(name, Control(known))
            control.offered.append(values.get("value", ""))
            if known in ("hidden", "text") or "checked" in values:
                control.value = values.get("value", "on" if known == "checkbox" else "")

    def handle_endtag(self, tag: str) -> None:
        """Close a select."""
        if tag == "select":
            self._select = None

    def parameters(self, path: str) -> set[str]:
        """Return the query parameters of its own address that the page itself writes ids, or what may be ids, into."""
        names = {name for form in self.forms if form.method == "get" for name in form.choices()}
        for link in self.links:
            parts = urlsplit(link)
            if parts.path in ("", path):
                names |= {name for name, value in parse_qsl(parts.query) if any(c.isdigit() for c in value)}
        return names - {"q"}


def text_of(response: Any) -> str:
    """Return a response's body as text, streamed or not; files that are not text give what decodes."""
    body = b"".join(response.streaming_content) if getattr(response, "streaming", False) else response.content
    return body.decode("utf-8", "replace")


class Leak(AssertionError):
    """Something of another organization was shown or changed, or an answer was not the agreed one."""


EVERYBODY = (*Role.values, "restricted", "restricted_manager", "outsider", "staff")


class Walker:
    """Makes probes, counts them, and raises Leak at the first that is not refused as agreed."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.probes = self.refused = 0
        self.restricted_manager = self._restricted_manager()
        self._clients: dict[tuple[str, str], Client] = {}
        # Signed in now: a session made inside a probe would be undone with it, and refusals then prove nothing.
        self._cookies = {who: self._sign_in(who) for who in EVERYBODY}
        self._before: dict[str, list[tuple[Any, ...]]] = {}
        self._sent_elsewhere: set[tuple[str, str, str]] = set()
        for house in (cast.northgate, cast.southbank):
            furnish(house)
        ours = cast.northgate
        # What names the hospital's things, and nothing of the annex or of the whole organization.
        self.hospital_markers = (ours.washer.name, ours.ward.name, ours.requirement.name, ours.label.code)

    def _restricted_manager(self) -> Membership:
        from apps.facilities.models import FacilityAccess

        house = self.cast.northgate
        user = make_user("renata@northgate.test", "Renata")
        with system(house.organization):
            membership = Membership.objects.create(user=user, role=Role.MANAGER, all_facilities=False)
            FacilityAccess.objects.create(membership=membership, facility=house.annex)
        return membership

    # --- Who ---

    def client(self, who: str, host: str = "northgate.localhost") -> Client:
        """Return a signed-in client: a role of Northgate, "outsider", "staff" or "anonymous"."""
        client = self._clients.setdefault((who, host), Client(HTTP_HOST=host))
        # Each request comes with the session alone, whatever the ones before it left.
        client.cookies.clear()
        client.cookies.load(self._cookies.get(who, {}))
        return client

    def _sign_in(self, who: str) -> dict[str, str]:
        client = Client()
        client.force_login(self.user(who), "django.contrib.auth.backends.ModelBackend")
        return {name: morsel.value for name, morsel in client.cookies.items()}

    def user(self, who: str) -> Any:
        """Return the user behind a name, or None."""
        house = self.cast.northgate
        members = {
            **{role: getattr(house, role) for role in Role.values},
            "restricted": house.restricted,
            "restricted_manager": self.restricted_manager,
            "outsider": self.cast.southbank.admin,
        }
        if who == "staff":
            return self.cast.staff
        return members[who].user if who in members else None

    def role(self, who: str) -> str:
        """Return the role behind a name."""
        return {"restricted": "technician", "restricted_manager": "manager"}.get(who, who)

    # --- What may not show or change ---

    def markers(self, house: House) -> list[str]:
        """Return texts that name things of this house and of nobody else."""
        texts = [house.label.code, house.organization.name, house.hospital.name, house.admin.user.email]
        if house is self.cast.southbank:
            texts += [
                "ZQX-SOUTHBANK",
                "Riverside",
                *(m.user.name for m in (house.admin, house.manager, house.technician)),
            ]
        else:
            texts += ["Northgate", "northgate", house.manager.user.name, house.auditor.user.name]
        return texts

    def checksum(self, *places: House | Facility) -> list[tuple[Any, ...]]:
        """Return a digest of every table's rows of these houses, or of a facility."""
        parts = []
        for model in isolated_models():
            owner: Any = model
            column, keys = owner.organization_path, [p.organization.pk for p in places if isinstance(p, House)]
            if not keys:
                column, keys = owner.facility_path, [p.pk for p in places if not isinstance(p, House)]
            if not column or "__" in column:
                continue
            table, whose = model._meta.db_table, ", ".join(map(str, keys))
            parts.append(
                f"SELECT '{table}', count(*), md5(string_agg(t::text, '|' ORDER BY t.id)) "  # noqa: S608 - names of our own tables
                f"FROM {table} t WHERE {column} IN ({whose})"
            )
        with platform("isolation test"), connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts))
            return sorted(cursor.fetchall())

    @contextmanager
    def nothing_changes(self, about: str, *places: House | Facility) -> Iterator[None]:
        """Compare the houses, or the facility, before and after; undo what else was done."""
        # Everything a probe writes is undone, so what it was at first it is now.
        names = " or ".join(p.organization.name if isinstance(p, House) else p.name for p in places)
        if names not in self._before:
            self._before[names] = self.checksum(*places)
        before = self._before[names]
        with transaction.atomic():
            yield
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            except IntegrityError as error:
                raise Leak(f"{about}: stored a reference that PostgreSQL refuses: {error}") from error
            after = self.checksum(*places)
            transaction.set_rollback(True)
        changed = [a[0] for a, b in zip(before, after, strict=True) if a != b]
        if changed:
            raise Leak(f"{about}: changed rows of {names} in {', '.join(changed)}")

    # --- Probes ---

    def probe(
        self,
        who: str,
        method: str,
        url: str,
        *,
        expected: set[int] | None = None,
        hidden: House | None = None,
        data: Mapping[str, Any] | None = None,
        host: str = "northgate.localhost",
        has_samples: bool = False,
        at_label: bool = False,
    ) -> Any:
        """Make one request; raise Leak for an unexpected answer or a text of the ``hidden`` house.

        ``at_label``: who stands in front of a label may see its facility, member of it or not.
        """
        self.probes += 1
        cache.clear()
        client = self.client(who, host)
        about = f"{who} {method.upper()} {host}{url}" + (f" {dict(data)}" if data else "")
        # Undone, so that a session that was changed or ended is as before.
        with transaction.atomic():
            response = getattr(client, method)(url, data=data or {})
            text = text_of(response)
            if method == "get":
                transaction.set_rollback(True)
        response.page = text
        if response.status_code >= 500 or (expected is not None and response.status_code not in expected):
            raise Leak(
                f"{about}: answered {response.status_code}, expected {sorted(expected or ()) or 'less than 500'}"
            )
        if who in EVERYBODY and "/login/" in response.get("Location", "") and "logout" not in url:
            raise Leak(f"{about}: sent to the login page, so this probe proved nothing")
        self.refused += response.status_code in (401, 403, 404, 405) or "/login/" in response.get("Location", "")
        own = {user.name, user.email} if (user := self.user(who)) else set()
        for marker in () if has_samples else self.markers(hidden or self.cast.southbank):
            if marker in text and marker not in about and marker not in own:
                raise Leak(f"{about}: shows {marker!r} of another organization")
        for marker in self.hospital_markers if who.startswith("restricted") and not at_label else ():
            if marker in text and marker not in about:
                raise Leak(f"{about}: shows {marker!r} of a facility that {who} does not see")
        return response

    def _is_first(self, who: str, path: str, name: str) -> bool:
        """Tell whether this field of another view's form is met for the first time: that view has a line of its own."""
        known = (who, str(resolve(path).view_name), name)
        is_first = known not in self._sent_elsewhere
        self._sent_elsewhere.add(known)
        return is_first

    def out_of_reach(self, who: str) -> list[House | Facility]:
        """Return what must not change whoever tries: the other house; for restricted members also the hospital."""
        northgate, southbank = self.cast.northgate, self.cast.southbank
        return [southbank, northgate.hospital] if who.startswith("restricted") else [southbank]

    def foreign_ids(
        self, place: House | Facility, name: str, otherwise: tuple[str, ...] = tuple(dict.fromkeys(OBJECTS.values()))
    ) -> list[Any]:
        """Return the other house's ids to try in a field or parameter of this name, or the hospital's own."""
        house = place if isinstance(place, House) else self.cast.northgate
        if house is not place:
            otherwise = tuple(head for head in otherwise if head in OF_THE_HOSPITAL)
        if name == "subject":
            return [f"{model}-{getattr(house, head).pk}" for model, head in SUBJECTS.items()]
        if name == "uuid":
            # A form's own id, by which its sender is told what it made before.
            return [house.log.uuid, house.corrective.uuid]  # type: ignore[attr-defined]
        if name == "take":
            # A row of the preview of a rule pack, and one of its upgrade.
            return [f"{DUTY}|{house.hospital.pk}|facility", house.applied_duty.pk]  # type: ignore[attr-defined]
        plain = re.sub(r"(_id|__exact|__in)+$", "", name.rsplit("-", maxsplit=1)[-1])
        heads = (OBJECTS[plain],) if plain in OBJECTS else otherwise
        return [getattr(house, head).pk for head in heads if house is place or head in OF_THE_HOSPITAL]

    def try_queries(
        self,
        who: str,
        url: str,
        names: Mapping[str, Any] | set[str],
        data: Mapping[str, Any] | None = None,
        writes: Iterable[str] = (),
        *,
        at_label: bool = False,
    ) -> None:
        """Put foreign ids into each query parameter; into those of ``writes`` also when sending the form."""
        bare = url.partition("?")[0]
        for place in self.out_of_reach(who):
            for name in sorted(names):
                for value in self.foreign_ids(place, name, ANY_OBJECT):
                    self.probe(who, "get", f"{bare}?{urlencode({name: value})}", at_label=at_label)
            for name in sorted(writes):
                for value in self.foreign_ids(place, name, ANY_OBJECT):
                    target = f"{bare}?{urlencode({name: value})}"
                    with self.nothing_changes(f"{who} POST {target}", place):
                        answer = self.probe(who, "post", target, data=data)
                    if answer.status_code == 405:
                        return

    def try_forms(
        self,
        who: str,
        url: str,
        forms: list[Form],
        extra: Mapping[str, Any] | list[str],
        data: Mapping[str, Any],
        expected: set[int] | None = None,
        host: str = "northgate.localhost",
        *,
        at_label: bool = False,
    ) -> None:
        """Send each form of a page with foreign ids in each field that holds an id.

        ``expected`` is the answer for the fields in ``extra``; what else is found may also be ignored by the page.
        """
        for form in forms:
            target = form.action if urlsplit(form.action).path else url
            path = urlsplit(target).path
            if form.method != "post" or path.endswith("/logout/"):
                continue
            fields = dict.fromkeys([*form.choices(), *(extra if path == urlsplit(url).path else ())])
            if path != urlsplit(url).path:
                fields = {name: None for name in fields if self._is_first(who, path, name)}
            for place in [self.cast.southbank] if at_label else self.out_of_reach(who):
                for key, value in [(known, value) for known in fields for value in self.foreign_ids(place, known)]:
                    sent = {**form.filled(), **data, key: value}
                    sent.pop("csrfmiddlewaretoken", None)
                    answer = expected if key in extra else None
                    with self.nothing_changes(f"{who} POST {target} {key}={value}", place):
                        self.probe(who, "post", target, data=sent, expected=answer, host=host, at_label=at_label)
