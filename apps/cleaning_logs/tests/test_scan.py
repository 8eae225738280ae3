"""The page behind a label: who may open it, and what it says."""

from __future__ import annotations

import datetime
import gzip
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.audit.models import AuditEvent
from apps.cleaning_logs.models import CleaningLog
from apps.cleaning_logs.tests.helpers import allow_label_logging, log_url, scan_url
from apps.compliance.models import Evidence, Requirement
from apps.equipment.models import Equipment, Label
from apps.facilities.models import Area, Facility
from apps.tenants.models import Membership
from apps.tenants.scope import system
from tests.cast import NOW, Cast, House

pytestmark = pytest.mark.usefixtures("frozen")


def change(house: House, model: Any, pk: int, **values: Any) -> None:
    """Change a row of a house."""
    with system(house.organization):
        model.objects.filter(pk=pk).update(**values)


def make_label(house: House, **values: Any) -> Label:
    """Print another label."""
    with system(house.organization):
        return Label.objects.create(claimed_at=NOW, **values)


def test_it_says_what_this_is_and_what_is_due(tess: Client, northgate: House) -> None:
    """Name, place, status in words, one tap to start, the last log."""
    response = tess.get(scan_url(northgate))
    assert response.status_code == 200
    request: Any = response.wsgi_request
    assert request.scope.role == "technician"
    html = response.content.decode()
    assert "<h1>Washer 1</h1>" in html
    assert "Northgate General, Ward 7" in html
    assert "Overdue" in html
    assert f'href="/q/{northgate.label.code}/log/{northgate.requirement.pk}/"' in html
    assert "9 days ago" in html
    assert "Mon 1 Jun 2026, 10:00" in html
    assert "Tess" in html


def test_the_most_urgent_comes_first(tess: Client, northgate: House) -> None:
    """A second duty that is not due stands below the red one, with the quieter button."""
    from apps.compliance.actions import create_requirement

    with system(northgate.organization):
        create_requirement(
            spec={"mode": "interval_after_completion", "interval": "P90D"}, equipment=northgate.washer, name="AAA check"
        )
    html = tess.get(scan_url(northgate)).content.decode()
    assert html.index("Deep clean") < html.index("AAA check")
    assert html.count("button-primary") == 1


def test_a_document_duty_cannot_be_logged(tess: Client, northgate: House) -> None:
    """It is shown with what it needs; the form does not open."""
    change(northgate, Requirement, northgate.requirement.pk, evidence=Evidence.DOCUMENT)
    html = tess.get(scan_url(northgate)).content.decode()
    assert "Needs a document" in html
    address = f"{scan_url(northgate)}/log/{northgate.requirement.pk}/"
    assert address not in html
    assert tess.get(address).status_code == 302


def test_nothing_due_still_lets_you_log(marek: Client, northgate: House) -> None:
    """An area without requirements."""
    label = make_label(northgate, facility=northgate.hospital, area=northgate.ward)
    html = marek.get(f"/q/{label.code}").content.decode()
    assert "Nothing required" in html
    assert "Nothing has been logged here yet" in html
    assert f'href="/q/{label.code}/log/"' in html


def test_a_facility_has_labels_too(marek: Client, northgate: House) -> None:
    """Logs of its machines are not its own."""
    label = make_label(northgate, facility=northgate.hospital)
    html = marek.get(f"/q/{label.code}").content.decode()
    assert "<h1>Northgate General</h1>" in html
    assert "Nothing has been logged here yet" in html


@pytest.mark.parametrize("write", [str.lower, lambda c: f"{c[:5]}-{c[5:]}", lambda c: f"{c}/"])
def test_a_code_typed_differently_leads_to_the_same_page(tess: Client, northgate: House, write: Any) -> None:
    """Lower case, a hyphen, a last slash."""
    response = tess.get(f"/q/{write(northgate.label.code)}?from=print", follow=True)
    assert response.status_code == 200
    assert "Washer 1" in response.content.decode()
    if response.redirect_chain:
        assert response.redirect_chain == [(f"/q/{northgate.label.code}?from=print", 302)]


@pytest.mark.parametrize("code", ["22222ZZZZZ", "nonsense", "1", "x" * 300, "22222ZZZZ%C3%A9"])
def test_an_unknown_code_asks_to_type_it_again(tess: Client, anonymous: Client, code: str) -> None:
    """Signed in or not, known form or not: the same kind page, 404."""
    for client in (tess, anonymous):
        response = client.get(f"/q/{code}")
        assert response.status_code == 404
        html = response.content.decode()
        assert "We do not know this label" in html
        assert 'action="/q/"' in html


def test_guessing_codes_is_slowed_down(anonymous: Client) -> None:
    """Thirty a minute from one address, then 429."""
    codes = [anonymous.get("/q/22222ZZZZZ").status_code for _ in range(31)]
    assert codes == [404] * 30 + [429]
    assert int(anonymous.get("/q/22222ZZZZZ")["Retry-After"]) > 0


def test_another_organization_is_unknown(tess: Client, oscar: Client, cast: Cast, as_user: Any) -> None:
    """On either host and on the shared one, an outsider learns nothing; the page is that of an unknown code."""
    theirs = scan_url(cast.southbank)
    unknown = tess.get("/q/22222ZZZZZ")
    technician = cast.northgate.technician
    for client in (tess, oscar, as_user(technician, None), as_user(technician, "southbank.localhost")):
        response = client.get(theirs)
        assert response.status_code == 404
        assert "Washer" not in response.content.decode()
    assert "We do not know this label" in unknown.content.decode()
    # On the right host, or the shared one, its own people get in.
    for host in ("southbank.localhost", None):
        assert as_user(cast.southbank.technician, host).get(theirs).status_code == 200


def test_the_code_decides_the_organization(cast: Cast, as_user: Any) -> None:
    """Somebody in both organizations comes as the right member, whatever the session says."""
    with system(cast.southbank.organization):
        Membership.objects.create(user=cast.northgate.technician.user, role="auditor", all_facilities=True)
    client = as_user(cast.northgate.technician, None)
    for house, role in ((cast.northgate, "technician"), (cast.southbank, "auditor")):
        response = client.get(scan_url(house))
        assert response.status_code == 200
        request: Any = response.wsgi_request
        assert (request.organization, request.scope.role) == (house.organization, role)
        assert request.membership.organization_id == request.scope.organization_id == house.organization.pk


def test_a_restricted_member_sees_the_own_site_only(rosa: Client, tess: Client, northgate: House) -> None:
    """Rosa works in the annex: the hospital's label is unknown to her, the annex's is not."""
    assert rosa.get(scan_url(northgate)).status_code == 404
    label = make_label(northgate, facility=northgate.annex, equipment=northgate.trolley)
    assert "Trolley 2" in rosa.get(f"/q/{label.code}").content.decode()


def test_anonymous_signs_in_first_and_comes_back(anonymous: Client, northgate: House) -> None:
    """Where label logging is off."""
    response = anonymous.get(scan_url(northgate))
    assert response.status_code == 302
    assert response["Location"] == f"/login/?next=%2Fq%2F{northgate.label.code}"


def test_label_logging_opens_it_without_an_account(
    anonymous: Client, rosa: Client, oscar: Client, northgate: House
) -> None:
    """As the label: what is due, no names, no way into the organization. A signed-in outsider is a guest as well."""
    allow_label_logging(northgate)
    for client in (anonymous, rosa, oscar):
        response = client.get(scan_url(northgate))
        assert response.status_code == 200
        request: Any = response.wsgi_request
        assert request.scope.role == "label"
        assert request.membership is None
        assert request.organization == northgate.organization
        html = response.content.decode()
        assert "Overdue" in html
        assert "9 days ago" in html
        assert "Tess" not in html
        assert "/logs/" not in html
        assert "/equipment/" not in html


def test_an_auditor_looks_but_does_not_log(audrey: Client, northgate: House) -> None:
    """Status yes, button no, form 403; not even where label logging is on."""
    allow_label_logging(northgate)
    html = audrey.get(scan_url(northgate)).content.decode()
    assert "Overdue" in html
    assert "/log/" not in html
    assert "your role does not log" in html
    assert audrey.get(f"{scan_url(northgate)}/log/{northgate.requirement.pk}/").status_code == 403
    assert audrey.get(f"{scan_url(northgate)}/log/").status_code == 403


def test_a_revoked_label_says_so_and_is_noted(tess: Client, anonymous: Client, northgate: House) -> None:
    """Once a minute from one address, so that nobody can flood the trail; nothing can be logged."""
    allow_label_logging(northgate)
    change(northgate, Label, northgate.label.pk, revoked_at=NOW, revoked_reason="Stolen from the door")
    for _ in range(3):
        response = tess.get(scan_url(northgate))
    assert response.status_code == 410
    assert "no longer in use" in response.content.decode()
    assert "Stolen from the door" in response.content.decode()
    assert "Stolen" not in anonymous.get(scan_url(northgate)).content.decode()
    post = tess.post(f"{scan_url(northgate)}/log/{northgate.requirement.pk}/", {})
    assert post.status_code == 410
    with system(northgate.organization):
        event = AuditEvent.objects.get(action="label.scan_revoked")
        assert event.object_id == northgate.label.pk
        assert event.actor == "Tess"
        assert CleaningLog.objects.count() == 1


def test_a_replaced_label_still_works(tess: Client, northgate: House) -> None:
    """It says so and goes on with what the newest label stands for; the history is the same."""
    middle = make_label(northgate, facility=northgate.hospital, equipment=northgate.washer)
    newest = make_label(northgate, facility=northgate.hospital, equipment=northgate.washer)
    change(northgate, Label, northgate.label.pk, replaced_by=middle, revoked_at=NOW)
    change(northgate, Label, middle.pk, replaced_by=newest)
    html = tess.get(scan_url(northgate)).content.decode()
    assert "was replaced by a newer one" in html
    assert "Washer 1" in html
    assert "9 days ago" in html
    assert f"/q/{northgate.label.code}/log/" in html
    assert "was replaced" not in tess.get(f"/q/{newest.code}").content.decode()
    change(northgate, Label, newest.pk, revoked_at=NOW)
    assert tess.get(scan_url(northgate)).status_code == 410


def test_labels_that_replace_each_other_do_not_hang(tess: Client, northgate: House) -> None:
    """A circle ends."""
    other = make_label(northgate, facility=northgate.hospital, equipment=northgate.washer)
    change(northgate, Label, northgate.label.pk, replaced_by=other)
    change(northgate, Label, other.pk, replaced_by=northgate.label)
    assert tess.get(scan_url(northgate)).status_code == 200


def test_an_unclaimed_label_is_claimed_by_those_who_may(
    marek: Client, tess: Client, rosa: Client, anonymous: Client, northgate: House
) -> None:
    """A manager gets the button, a technician is told, without all facilities it is unknown, anonymous signs in."""
    with system(northgate.organization):
        label = Label.objects.create()
    response = marek.get(f"/q/{label.code}")
    assert response.status_code == 200
    assert "Claim this label" in response.content.decode()
    html = tess.get(f"/q/{label.code}").content.decode()
    assert "Ask your manager" in html
    assert "Claim this label" not in html
    assert rosa.get(f"/q/{label.code}").status_code == 404
    assert anonymous.get(f"/q/{label.code}").status_code == 302
    assert "stands for nothing yet" in tess.post(f"/q/{label.code}/log/", {}).content.decode()


@pytest.mark.parametrize(
    "case",
    [
        (Equipment, "washer", {"archived_at": NOW}, "This machine is archived"),
        (Equipment, "washer", {"status": "retired"}, "This machine is retired"),
        (Facility, "hospital", {"archived_at": NOW}, "This facility is archived"),
    ],
)
def test_what_is_no_more_in_use_takes_no_log(tess: Client, northgate: House, case: tuple[Any, ...]) -> None:
    """It says so, offers no form, and refuses one that was open."""
    model, name, values, words = case
    change(northgate, model, getattr(northgate, name).pk, **values)
    response = tess.get(scan_url(northgate))
    assert response.status_code == 200
    html = response.content.decode()
    assert words in html
    assert f"/q/{northgate.label.code}/log/" not in html
    for address in (f"{scan_url(northgate)}/log/", f"{scan_url(northgate)}/log/{northgate.requirement.pk}/"):
        assert tess.get(address)["Location"] == scan_url(northgate)
        assert tess.post(address, {})["Location"] == scan_url(northgate)


def test_an_archived_area_takes_no_log(tess: Client, northgate: House) -> None:
    """The same for places inside."""
    label = make_label(northgate, facility=northgate.hospital, area=northgate.ward)
    change(northgate, Area, northgate.ward.pk, archived_at=timezone.now())
    assert "This area is archived" in tess.get(f"/q/{label.code}").content.decode()


def test_out_of_service_says_so_and_lets_you_log(tess: Client, northgate: House) -> None:
    """A machine in repair is cleaned too."""
    change(northgate, Equipment, northgate.washer.pk, status="out_of_service")
    html = tess.get(scan_url(northgate)).content.decode()
    assert "out of service" in html
    assert f'href="/q/{northgate.label.code}/log/"' in html
    assert tess.get(f"{scan_url(northgate)}/log/{northgate.requirement.pk}/").status_code == 200


def test_a_replaced_log_is_not_the_last_one(tess: Client, northgate: House) -> None:
    """The correction is."""
    with system(northgate.organization):
        CleaningLog.objects.create(
            uuid="5f0c5f0e-0000-4000-8000-000000000001", facility=northgate.hospital, equipment=northgate.washer,
            task="Deep clean", subject_name="Washer 1", performed_at=NOW - datetime.timedelta(days=20),
            recorded_at=NOW, performer_name="Tess", via="signed_in", supersedes=northgate.log,
        )  # fmt: skip
    assert "20 days ago" in tess.get(scan_url(northgate)).content.decode()


def test_only_reading_methods(tess: Client, northgate: House) -> None:
    """A GET changes nothing, and nothing else is understood."""
    assert tess.head(scan_url(northgate)).status_code == 200
    assert tess.post(scan_url(northgate)).status_code == 405


def test_queries(tess: Client, anonymous: Client, northgate: House, django_assert_num_queries: Any) -> None:
    """Pinned, with the savepoints and settings of every scope in it: 9 reads of the page's own and of who is asking."""
    with django_assert_num_queries(22):
        tess.get(scan_url(northgate))
    allow_label_logging(northgate)
    with django_assert_num_queries(24):
        anonymous.get(scan_url(northgate))


def compressed(*parts: bytes) -> int:
    """Return what the parts weigh on the way to the phone."""
    return sum(len(gzip.compress(part, 6)) for part in parts)


def test_page_weight(tess: Client, northgate: House, settings: Any) -> None:
    """HTML, styles, scripts and pictures of the scan page and the form stay under 100 KB compressed."""
    for url in (scan_url(northgate), log_url(northgate)):
        html = tess.get(url).content
        assets = re.findall(rb'(?:src|href)="/static/([^"]+)"', html)
        assert len(assets) >= 3
        files = [(settings.BASE_DIR / "static" / name.decode()).read_bytes() for name in assets]
        assert compressed(html, *files) < 100 * 1024
