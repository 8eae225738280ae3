"""The one mechanism behind every list page: search, filters, sort, keyset pages, chips and CSV, all from the URL.

A room declares a :class:`ListSpec`; ``build(spec, request, queryset)`` reads the query string and answers a
:class:`Listing` for the template; ``csv_response`` streams exactly the rows that the same query string shows.

Bad parameters never break a page: an unknown sort, a mangled cursor or a nonsense choice is ignored and disappears from
the addresses that the page writes. The id of an object that the scope cannot see is a 404, as it is in a path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.tenants.csv_safe import write_csv
from apps.tenants.keyset import Cursor, Sort, beyond, decode_cursor, encode_cursor, ordered, value_at
from apps.tenants.permissions import Permission, allowed
from apps.tenants.scope import stream

PAGE_SIZE = 50
COUNT_LIMIT = 10_000
CSV_CHUNK = 2_000
MAX_SEARCH = 100
MAX_WORDS = 6
Text = str | Promise
ANY, SEARCH = gettext_lazy("Any"), gettext_lazy("Search")
Direction = Literal["after", "before"]


# --- What a room declares ---


@dataclass(frozen=True)
class Column:
    """One column. ``value`` gives the CSV cell (None: on the page only); ``on_page=False``: in the CSV only.

    ``when`` leaves the column out, of both, while it answers False. A row template may loop over
    ``listing.shown_columns`` and ask for ``key``.
    """

    label: Text
    value: Callable[[Any], object] | None = None
    sort: str = ""
    number: bool = False
    hidden: bool = False
    on_page: bool = True
    when: Callable[[], bool] | None = None
    key: str = ""

    def is_there(self) -> bool:
        """Tell whether the list has this column at this moment."""
        return self.when is None or self.when()


@dataclass(frozen=True)
class Chosen:
    """What a filter made of its parameter: the condition, and the words for its chip ("" = no chip)."""

    condition: Q
    words: str
    value: str


@dataclass(frozen=True)
class ChoiceFilter:
    """A filter with a fixed or computed set of choices; ``condition`` maps the chosen key to rows.

    ``default`` is what holds while the parameter is absent; it shows no chip.
    """

    key: str
    label: Text
    choices: Sequence[tuple[str, Text]] | Callable[[], Sequence[tuple[str, Text]]]
    condition: str | Callable[[str], Q]
    default: str = ""
    any_label: Text = ANY

    def options(self) -> list[tuple[str, Text]]:
        """Return the choices of this moment."""
        return list(self.choices() if callable(self.choices) else self.choices)

    def choose(self, raw: str, params: Mapping[str, str]) -> tuple[Chosen | None, forms.Field]:
        """Read the parameter; an unknown choice counts as absent."""
        options = self.options()
        words = {str(key): str(label) for key, label in options}
        value = raw if raw in words else self.default
        field_ = forms.ChoiceField(
            label=str(self.label),
            choices=options if self.default else [("", self.any_label), *options],
            required=False,
            initial=value,
        )
        if not value:
            return None, field_
        condition = self.condition(value) if callable(self.condition) else Q(**{self.condition: value})
        return Chosen(condition, "" if value == self.default else words[value], value), field_


@dataclass(frozen=True)
class ObjectFilter:
    """A filter by a related object of the same organization. An id that the scope cannot see is a 404.

    Up to ``limit`` objects are offered in a select. With more, the field becomes a text box that finds by part of the
    name, while a link with an id still works. ``within`` may narrow the choices by the other parameters, or return
    None to leave the filter out until its id stands in the address.
    """

    key: str
    label: Text
    path: str
    objects: Callable[[], QuerySet[Any]]
    name_field: str = "name"
    within: Callable[[QuerySet[Any], Mapping[str, str]], QuerySet[Any] | None] | None = None
    limit: int = 400
    none_label: Text = ""

    def choose(self, raw: str, params: Mapping[str, str]) -> tuple[Chosen | None, forms.Field | None]:
        """Read the parameter: an id, "none", or part of a name where there are too many to offer."""
        offered = self.within(self.objects(), params) if self.within else self.objects()
        pairs = [] if offered is None else list(offered.values_list("pk", self.name_field)[: self.limit + 1])
        many = len(pairs) > self.limit
        chosen = self._condition(raw, dict(pairs), many)
        shown = chosen.value if chosen else ""
        if offered is None and chosen is None:
            return None, None
        if many:
            if chosen and chosen.value.isdigit():
                shown = chosen.words
            return chosen, forms.CharField(label=str(self.label), required=False, initial=shown, max_length=MAX_SEARCH)
        options: list[tuple[str, Text]] = [("", gettext_lazy("Any")), *((str(pk), name) for pk, name in pairs)]
        if self.none_label:
            options.append(("none", self.none_label))
        if chosen and shown not in {key for key, _label in options}:
            options.append((shown, chosen.words))
        return chosen, forms.ChoiceField(label=str(self.label), choices=options, required=False, initial=shown)

    def _condition(self, raw: str, known: Mapping[int, str], many: bool) -> Chosen | None:
        if not raw:
            return None
        if raw == "none" and self.none_label:
            return Chosen(Q(**{f"{self.path}__isnull": True}), str(self.none_label), raw)
        if raw.isascii() and raw.isdigit() and len(raw) < 19:
            pk = int(raw)
            name = known.get(pk)
            if name is None:
                name = self.objects().filter(pk=pk).values_list(self.name_field, flat=True).first()
            if name is not None:
                return Chosen(Q(**{self.path: pk}), name, str(pk))
            if not many:
                raise Http404
        if not many:
            return None
        # Asked of the small table first, so that the big one is searched by its index.
        named = self.objects().filter(**{f"{self.name_field}__icontains": raw}).values("pk")
        return Chosen(Q(**{f"{self.path}__in": named}), _("contains “%s”") % raw, raw)


Filter = ChoiceFilter | ObjectFilter


def archived_filter(path: str = "archived_at") -> ChoiceFilter:
    """Hide what is archived unless the reader asks for it."""
    conditions = {"no": Q(**{f"{path}__isnull": True}), "yes": Q(**{f"{path}__isnull": False}), "all": Q()}
    return ChoiceFilter(
        "archived",
        gettext_lazy("Archived"),
        [
            ("no", gettext_lazy("Not archived")),
            ("yes", gettext_lazy("Archived only")),
            ("all", gettext_lazy("All, archived too")),
        ],
        conditions.__getitem__,
        default="no",
    )


@dataclass(frozen=True)
class ListSpec:
    """Everything a list page offers. ``sorts[0]`` is the order of the bare page.

    ``search`` names text fields that are looked through; a field that ends in ``search_text`` is a stored lower-case
    column and is searched as it is. ``decorate`` adds joins and annotations for the rows shown, not for the count.
    """

    name: str
    columns: Sequence[Column]
    sorts: Sequence[Sort]
    filters: Sequence[Filter] = ()
    search: Sequence[str] = ()
    search_label: Text = SEARCH
    clean_search: Callable[[str], str] | None = None
    decorate: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None
    finish: Callable[[list[Any]], None] | None = None
    csv_url_name: str = ""
    page_size: int = PAGE_SIZE
    # Find the page's keys first and join only their rows: for lists that sort many rows by a computed value.
    keys_first: bool = False


# --- What a page gets ---


@dataclass(frozen=True)
class Chip:
    """One active filter, with the address of the list without it."""

    label: str
    value: str
    remove_url: str


@dataclass
class Listing:
    """One page of a list, with the addresses around it. ``context()`` is what the components read."""

    spec: ListSpec
    path: str
    params: dict[str, str]
    sort: Sort
    descending: bool
    filtered: QuerySet[Any]
    form: forms.Form
    chips: list[Chip]
    rows: list[Any] = field(default_factory=list)
    previous_url: str = ""
    next_url: str = ""
    total: str = ""
    keep: Sequence[str] = ()

    def url(self, *, path: str = "", **changes: str) -> str:
        """Return the address of this list with some parameters changed ("" removes one)."""
        params = {**self.params, **changes}
        query = urlencode({key: value for key, value in params.items() if value != ""})
        return f"{path or self.path}?{query}" if query else path or self.path

    @property
    def csv_url(self) -> str:
        """Return the address of the CSV of what is shown, "" when the reader may not export."""
        if not self.spec.csv_url_name or not allowed(Permission.EXPORT):
            return ""
        return self.url(path=reverse(self.spec.csv_url_name))

    @cached_property
    def shown_columns(self) -> list[Column]:
        """Return the columns of the page."""
        return [column for column in self.spec.columns if column.on_page and column.is_there()]

    @property
    def clear_url(self) -> str:
        """Return the address without search, filters and sort."""
        query = urlencode({key: self.params[key] for key in self.keep if key in self.params})
        return f"{self.path}?{query}" if query else self.path

    def columns(self) -> list[dict[str, Any]]:
        """Return the columns as ``components/table.html`` reads them."""
        return [self._column(column) for column in self.shown_columns]

    def _column(self, column: Column) -> dict[str, Any]:
        entry: dict[str, Any] = {"label": column.label, "number": column.number, "hidden": column.hidden}
        if column.sort:
            sort = next(s for s in self.spec.sorts if s.key == column.sort)
            is_current = sort.key == self.sort.key
            descending = not self.descending if is_current else sort.descending_first
            entry["sort_url"] = self.url(sort=f"-{sort.key}" if descending else sort.key)
            if is_current:
                entry["sorted"] = "descending" if self.descending else "ascending"
        return entry

    def context(self) -> dict[str, Any]:
        """Return the variables of a list page (docs/design-system.md)."""
        return {
            "listing": self,
            "rows": self.rows,
            "columns": self.columns(),
            "filter_form": self.form,
            "chips": self.chips,
            "clear_url": self.clear_url,
            "shown": len(self.rows),
            "total": self.total,
            "previous_url": self.previous_url,
            "next_url": self.next_url,
            "csv_url": self.csv_url,
        }


# --- Rows ---


def _fetch(listing: Listing, size: int, *, cursor: Cursor | None, backwards: bool) -> tuple[list[Any], bool]:
    """Return up to ``size`` rows in reading order, and whether there are more in the direction walked."""
    spec, sort, descending = listing.spec, listing.sort, listing.descending
    shown = spec.decorate(listing.filtered) if spec.decorate else listing.filtered
    # Found first, joined after: the joins then cost a page of rows, not every row that matches.
    keys_first = spec.keys_first or "q" in listing.params
    found = listing.filtered if keys_first else shown
    page = ordered(found, sort, descending=descending, backwards=backwards, by_index="q" not in listing.params)
    if cursor is not None:
        page = page.filter(beyond(sort, cursor, descending=descending, backwards=backwards))
    if keys_first:
        keys = list(page.values_list("pk", flat=True)[: size + 1])
        known = {row.pk: row for row in shown.filter(pk__in=keys)} if keys else {}
        # A row that vanished between the two queries is no end of the list.
        more, rows = len(keys) > size, [known[key] for key in keys[:size] if key in known]
    else:
        rows = list(page[: size + 1])
        more, rows = len(rows) > size, rows[:size]
    return (rows[::-1] if backwards else rows), more


# --- From the query string ---


def matching(fields: Sequence[str], text: str) -> Q:
    """Return the condition that every word of ``text`` occurs in one of the fields.

    Substrings, for people search by the middle of a serial number. Row-level security keeps such a condition away from
    any index, so it reads the organization's rows: quick, because a big table has one lower-case column to read.
    """
    found = Q()
    for word in text.split()[:MAX_WORDS]:
        either = Q()
        for name in fields:
            if name.endswith("search_text"):
                either |= Q(**{f"{name}__contains": Lower(Value(word))})
            else:
                either |= Q(**{f"{name}__icontains": word})
        found &= either
    return found


def _clean(raw: str) -> str:
    return "".join(" " if c.isspace() else c for c in raw if c != "\x00" and not "\ud800" <= c <= "\udfff").strip()


def _filter_form(fields: dict[str, forms.Field]) -> forms.Form:
    form_class = type("FilterForm", (forms.Form,), fields)
    form: forms.Form = form_class(auto_id="filter_%s")
    return form


def _sort_of(spec: ListSpec, raw: str) -> tuple[Sort, bool, str]:
    """Return the sort, its direction, and how the address says it ("" for the default)."""
    wanted = next((sort for sort in spec.sorts if sort.key == raw.removeprefix("-")), None)
    if wanted is None:
        return spec.sorts[0], spec.sorts[0].descending_first, ""
    descending = raw.startswith("-")
    is_default = wanted is spec.sorts[0] and descending == wanted.descending_first
    return wanted, descending, "" if is_default else raw


def read(spec: ListSpec, request: HttpRequest, queryset: QuerySet[Any], *, keep: Sequence[str] = ()) -> Listing:
    """Read search, filters and sort from the query string; fetch no row yet.

    Parameters named in ``keep`` belong to the page around the list: they stay in every address, and show no chip.
    """
    raw = {key: _clean(request.GET.get(key, "")[: MAX_SEARCH * 4]) for key in request.GET}
    sort, descending, sort_param = _sort_of(spec, raw.get("sort", ""))
    params: dict[str, str] = {key: raw[key] for key in keep if raw.get(key)}
    fields: dict[str, forms.Field] = {
        key: forms.CharField(initial=value, widget=forms.HiddenInput) for key, value in params.items()
    }
    labels: list[tuple[str, str, str]] = []
    text = raw.get("q", "")[:MAX_SEARCH].strip()
    if spec.search:
        fields["q"] = forms.CharField(label=str(spec.search_label), required=False, initial=text)
        if text:
            params["q"] = text
            labels.append(("q", str(_("Search")), text))
            sought = spec.clean_search(text) if spec.clean_search else text
            queryset = queryset.filter(matching(spec.search, sought))
    for each in spec.filters:
        chosen, form_field = each.choose(raw.get(each.key, "")[:MAX_SEARCH], raw)
        if form_field is not None:
            fields[each.key] = form_field
        if chosen is None:
            continue
        queryset = queryset.filter(chosen.condition)
        if chosen.words:
            params[each.key] = chosen.value
            labels.append((each.key, str(each.label), chosen.words))
    if sort_param:
        params["sort"] = sort_param
        fields["sort"] = forms.CharField(initial=sort_param, widget=forms.HiddenInput)
    listing = Listing(spec, request.path, params, sort, descending, queryset, _filter_form(fields), [], keep=keep)
    listing.chips = [Chip(label, words, listing.url(**{key: ""})) for key, label, words in labels]
    return listing


def build(spec: ListSpec, request: HttpRequest, queryset: QuerySet[Any], *, keep: Sequence[str] = ()) -> Listing:
    """Return the page that the query string asks for.

    A page is found by the value and id of the row beside it, not by its number, so rows that come or go elsewhere
    neither repeat nor hide a row. A cursor that leads past either end shows that end.
    """
    listing = read(spec, request, queryset, keep=keep)
    sort, size = listing.sort, spec.page_size
    after = decode_cursor(sort, request.GET.get("after", ""))
    before = None if after else decode_cursor(sort, request.GET.get("before", ""))
    backwards = before is not None

    def fetch(cursor: Cursor | None, *, backwards: bool) -> tuple[list[Any], bool]:
        return _fetch(listing, size, cursor=cursor, backwards=backwards)

    rows, more = fetch(after or before, backwards=backwards)
    has_next, has_previous = more, after is not None
    if backwards:
        has_next, has_previous = True, more
        if not more and len(rows) < size:
            # Rows before this one are gone: show the whole first page instead of a stump.
            rows, has_next = fetch(None, backwards=False)
            has_previous = False
    elif after is not None and not rows:
        rows, has_previous = fetch(None, backwards=True)
        has_next = False
    listing.rows = rows
    if spec.finish:
        spec.finish(rows)
    if rows and has_previous:
        listing.previous_url = listing.url(before=encode_cursor(sort, rows[0]))
    if rows and has_next:
        listing.next_url = listing.url(after=encode_cursor(sort, rows[-1]))
    everything = not listing.previous_url and not listing.next_url
    listing.total = str(len(rows)) if everything else count_words(listing.filtered)
    return listing


def count_words(queryset: QuerySet[Any]) -> str:
    """Count up to COUNT_LIMIT rows, then say "more than 10,000": a full count costs more than it tells."""
    number = queryset.order_by()[: COUNT_LIMIT + 1].count()
    return _("more than %s") % f"{COUNT_LIMIT:,}" if number > COUNT_LIMIT else f"{number:,}"


# --- CSV ---


def iterate(listing: Listing) -> Iterator[Any]:
    """Yield every filtered row in the sort order, chunk by chunk, so that memory stays flat."""
    cursor, more = None, True
    while more:
        rows, more = _fetch(listing, CSV_CHUNK, cursor=cursor, backwards=False)
        if listing.spec.finish:
            listing.spec.finish(rows)
        yield from rows
        if rows:
            cursor = Cursor(value_at(rows[-1], listing.sort.path), rows[-1].pk)


def csv_response(spec: ListSpec, request: HttpRequest, queryset: QuerySet[Any]) -> StreamingHttpResponse:
    """Stream the rows that the list shows for the same query string. Raises PermissionDenied without EXPORT."""
    if not allowed(Permission.EXPORT):
        raise PermissionDenied
    listing = read(spec, request, queryset)
    columns = [column for column in spec.columns if column.value is not None and column.is_there()]
    header = [str(column.label) for column in columns]

    def cells() -> Iterator[list[object]]:
        for row in iterate(listing):
            yield [column.value(row) for column in columns if column.value is not None]

    response = StreamingHttpResponse(stream(lambda: write_csv(header, cells())), content_type="text/csv; charset=utf-8")
    filename = f"{spec.name}-{timezone.now():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
