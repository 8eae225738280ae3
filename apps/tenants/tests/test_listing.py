"""The shared list mechanism: keyset pages, filters, bad parameters, CSV."""

from __future__ import annotations

import base64
import json

import pytest
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.equipment.lists import EQUIPMENT
from apps.equipment.models import Equipment
from apps.facilities.models import Facility
from apps.tenants.keyset import Sort, decode_cursor, encode_cursor
from apps.tenants.listing import ListSpec, build, iterate
from apps.tenants.scope import system

NAME = Sort("name", "name")
STOREYS = Sort("storeys", "storeys", "integer", nullable=True)
SPEC = ListSpec(name="t", columns=[], sorts=[NAME, STOREYS, Sort("added", "id", "integer")], page_size=3)


def page(url):
    path, _q, query = url.partition("?")
    return build(SPEC, RequestFactory().get(path + ("?" + query if query else "")), Facility.objects.all())


def walk(start="/t/", attribute="next_url"):
    """Follow the pager and return the names of each page."""
    pages: list[list[int]] = []
    url = start
    while url and len(pages) < 50:
        listing = page(url)
        pages.append([row.pk for row in listing.rows])
        url = getattr(listing, attribute)
    return pages, listing


@pytest.mark.django_db
@pytest.mark.parametrize("sort", ["name", "-name", "storeys", "-storeys", "added", "-added"])
def test_walks_forwards_and_back_over_every_row_once(in_northgate, sort):
    Facility.objects.all().update(archived_at=None)
    for number in range(9):
        Facility.objects.create(name=f"Same {number % 3}", storeys=None if number % 4 == 0 else number % 2)
    pages, last = walk(f"/t/?sort={sort}")
    flat = [pk for each in pages for pk in each]
    assert sorted(flat) == sorted(Facility.objects.values_list("pk", flat=True))
    assert [len(each) for each in pages] == [3, 3, 3, 2]
    back: list[list[int]] = []
    url = last.previous_url
    while url:
        listing = page(url)
        back.insert(0, [row.pk for row in listing.rows])
        url = listing.previous_url
    assert back == pages[:-1]
    assert last.next_url == ""


@pytest.mark.django_db
@pytest.mark.parametrize("sort", ["storeys", "-storeys"])
def test_empty_values_come_last_both_ways(in_northgate, sort):
    Facility.objects.create(name="High", storeys=9)
    Facility.objects.create(name="Low", storeys=1)
    names = [row.storeys for row in iterate(page(f"/t/?sort={sort}"))]
    assert names == ([1, 9, None, None] if sort == "storeys" else [9, 1, None, None])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_rows_that_come_and_go_neither_repeat_nor_hide_others(db, cast, data):
    """Whatever is inserted or deleted between two pages: what stays is seen exactly once."""
    sort = data.draw(st.sampled_from(["name", "-name", "storeys", "-storeys", "added", "-added"]))
    names = st.sampled_from(["a", "b", "c", "ä", "B"])
    storeys = st.sampled_from([None, 0, 1, 2])
    with system(cast.southbank.organization):
        Facility.objects.filter(name__in=["a", "b", "c", "ä", "B"]).delete()
        for _ in range(data.draw(st.integers(0, 8))):
            Facility.objects.create(name=data.draw(names), storeys=data.draw(storeys))
        stay = set(Facility.objects.values_list("pk", flat=True))
        seen: list[int] = []
        url = f"/t/?sort={sort}"
        for _ in range(40):
            listing = page(url)
            shown = [row.pk for row in listing.rows]
            url = listing.next_url
            if set(shown) & set(seen):
                # Everything after the cursor is gone: the last page is shown again, and it is the end.
                assert not url
            seen += [pk for pk in shown if pk not in seen]
            if not url:
                break
            if data.draw(st.booleans()):
                Facility.objects.create(name=data.draw(names), storeys=data.draw(storeys))
            if data.draw(st.booleans()):
                # Drawn, not left to the database's dice: an example must run the same way twice.
                victims = list(Facility.objects.filter(name__in=["a", "b", "c"]).order_by("id"))
                if victims:
                    victim = victims[data.draw(st.integers(0, len(victims) - 1))]
                    stay.discard(victim.pk)
                    victim.delete()
        else:
            pytest.fail("The pager never ends.")
        assert stay <= set(seen)


@pytest.mark.django_db
def test_a_cursor_past_the_end_shows_the_end(in_northgate):
    for number in range(5):
        Facility.objects.create(name=f"Z{number}")
    last = walk()[1]
    ghost = Facility(pk=10**9, name="zzzz")
    beyond = page(f"/t/?after={encode_cursor(NAME, ghost)}")
    assert [row.pk for row in beyond.rows][-1] == last.rows[-1].pk
    assert beyond.next_url == ""
    assert beyond.previous_url
    first = page(f"/t/?before={encode_cursor(NAME, Facility(pk=0, name=''))}")
    assert len(first.rows) == 3
    assert first.previous_url == ""
    assert first.next_url


def raw(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "????",
        "a" * 5000,
        raw(1),
        raw([1, 2]),
        raw(["name", 5, 1]),
        raw(["name", "a", "1"]),
        raw(["name", "a", True]),
        raw(["name", "a", 2**70]),
        raw(["name", "a\x00", 1]),
        raw(["name", None, 1]),
        raw(["added", "a", 1]),
        raw(["name", "\ud800", 1]),
        raw({"a": 1, "b": 2, "c": 3}),
        base64.urlsafe_b64encode(b"[" * 900).decode(),
        "é" * 20,
    ],
)
def test_mangled_cursors_are_no_cursors(text):
    assert decode_cursor(NAME, text) is None


@given(st.text(max_size=300))
def test_no_text_breaks_the_cursor(text):
    decode_cursor(NAME, text)
    decode_cursor(STOREYS, text)
    decode_cursor(Sort("at", "created_at", "instant"), text)


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60),
    st.integers(1, 2**62),
)
def test_cursor_round_trip(name, pk):
    cursor = decode_cursor(NAME, encode_cursor(NAME, Facility(pk=pk, name=name)))
    assert cursor is not None
    assert (cursor.value, cursor.pk) == (name, pk)


@pytest.mark.parametrize(
    "query",
    [
        "sort=x",
        "sort=--name",
        "after=garbage",
        "before=%00",
        "after=" + "A" * 9000,
        "q=" + "x" * 10240,
        "q=%00",
        "q=%25%5F%5C'\"",
        "facility=abc",
        "facility=-1",
        "type=9999999999999999999999",
        "category=nope",
        "service=nope",
        "archived=maybe",
        "area=none",
        "area=abc",
        "q=%ED%A0%80",
        "q=%F0%9F%A7%BD",
        "facility=%D9%A1",
    ],
)
def test_bad_parameters_never_break_a_page(marek, query):
    for path in ("/equipment/", "/facilities/", "/areas/", "/labels/", "/equipment/types/", "/equipment/export.csv"):
        response = marek.get(f"{path}?{query}")
        assert response.status_code in (200, 400), (path, query, response.status_code)


def test_a_filter_by_a_thing_of_another_organization_is_not_found(marek, southbank, northgate):
    assert marek.get(f"/equipment/?facility={northgate.hospital.pk}").status_code == 200
    assert marek.get(f"/equipment/?facility={southbank.hospital.pk}").status_code == 404
    assert marek.get(f"/equipment/?type={southbank.kind.pk}").status_code == 404
    assert marek.get(f"/equipment/?area={southbank.ward.pk}").status_code == 404


def test_a_filter_by_a_facility_out_of_reach_is_not_found(rosa, northgate):
    assert rosa.get(f"/equipment/?facility={northgate.annex.pk}").status_code == 200
    assert rosa.get(f"/equipment/?facility={northgate.hospital.pk}").status_code == 404


def test_chips_name_what_is_filtered_and_how_to_stop(marek, northgate):
    url = f"/equipment/?q=wash&facility={northgate.hospital.pk}&archived=all&sort=-name&junk=1"
    context = marek.get(url).context
    chips, column = context["chips"], context["columns"][0]
    assert [(chip.label, chip.value) for chip in chips] == [
        ("Search", "wash"),
        ("Facility", "Northgate General"),
        ("Archived", "All, archived too"),
    ]
    assert chips[0].remove_url == f"/equipment/?facility={northgate.hospital.pk}&archived=all&sort=-name"
    assert context["csv_url"].startswith("/equipment/export.csv?q=wash&")
    assert column["sorted"] == "descending"
    assert "sort=name" in column["sort_url"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("WASH", ["Washer 1"]),
        ("sn-", ["Trolley 2", "Washer 1"]),
        ("washer sn-1", ["Washer 1"]),
        ("e2", ["Trolley 2"]),
        ("%", []),
        ("_", []),
        ("\\", []),
        ("ÉTUVE", ["Étuve"]),
    ],
)
def test_search_finds_the_middle_of_words(in_northgate, text, names):
    if "tuve" in "".join(names):
        Equipment.objects.create(facility=in_northgate.hospital, type=in_northgate.kind, name="Étuve")
    listing = build(EQUIPMENT, RequestFactory().get("/equipment/", {"q": text}), Equipment.objects.all())
    assert [row.name for row in listing.rows] == names


def test_many_objects_turn_the_select_into_a_text_box(in_northgate):
    Facility.objects.bulk_create([Facility(name=f"Clinic {number}") for number in range(401)])
    request = RequestFactory().get("/equipment/", {"facility": "north"})
    listing = build(EQUIPMENT, request, Equipment.objects.all())
    assert len(listing.rows) == 2
    assert listing.chips[0].value == "contains “north”"
    by_id = build(
        EQUIPMENT,
        RequestFactory().get("/equipment/", {"facility": str(in_northgate.annex.pk)}),
        Equipment.objects.all(),
    )
    assert [row.name for row in by_id.rows] == ["Trolley 2"]
    assert by_id.form["facility"].value() == "Northgate General Annex"


def body(response):
    return b"".join(response.streaming_content).decode("utf-8-sig").split("\r\n")


def test_csv_is_exactly_what_is_shown_in_its_order(marek, northgate, monkeypatch):
    monkeypatch.setattr("apps.tenants.listing.CSV_CHUNK", 1)
    with system(northgate.organization):
        Equipment.objects.create(facility=northgate.hospital, type=northgate.kind, name="=HYPERLINK(1)", maker="+cmd|x")
    lines = body(marek.get("/equipment/export.csv?sort=-name"))
    assert [line.split(",")[0] for line in lines[1:-1]] == ["Washer 1", "Trolley 2", "'=HYPERLINK(1)"]
    assert "'+cmd|x" in lines[3]
    assert len(body(marek.get("/equipment/export.csv?q=trolley"))) == 3
    response = marek.get("/equipment/export.csv")
    assert response["Content-Disposition"].startswith('attachment; filename="equipment-')
    assert "ALL" not in str(response["Content-Disposition"])


def test_csv_needs_the_export_permission(tess, audrey):
    assert tess.get("/equipment/export.csv").status_code == 403
    assert audrey.get("/equipment/export.csv").status_code == 200
    assert tess.get("/equipment/").context["csv_url"] == ""


def test_csv_reads_in_the_readers_scope_after_the_request(rosa, as_user, northgate):
    with system(northgate.organization):
        northgate.restricted.role = "auditor"
        northgate.restricted.save(update_fields=["role"])
    lines = body(rosa.get("/equipment/export.csv"))
    assert [line.split(",")[0] for line in lines[1:-1]] == ["Trolley 2"]


def test_csv_of_many_rows_is_read_in_chunks(marek, northgate):
    with system(northgate.organization):
        Equipment.objects.bulk_create(
            [Equipment(facility=northgate.hospital, type=northgate.kind, name=f"M {n:05}") for n in range(4500)]
        )
    response = marek.get("/equipment/export.csv?q=M+0")
    assert len(body(response)) == 4502
