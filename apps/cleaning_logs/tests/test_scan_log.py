"""The log form of a task: every way in, every bad input, and nothing stored twice or lost."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from apps.audit.models import AuditEvent
from apps.cleaning_logs.models import CleaningLog, LogPhoto
from apps.cleaning_logs.tests.helpers import GOOD, allow_label_logging, form, hidden, log_url, photo, scan_url
from apps.compliance.models import Completion, Occurrence, ProtocolVersion, Requirement
from apps.tenants.models import Organization
from apps.tenants.scope import platform, system
from tests.cast import NOW, STEPS, Cast, House

pytestmark = pytest.mark.usefixtures("frozen")
MINUTE = datetime.timedelta(minutes=1)


def stored(house: House) -> list[CleaningLog]:
    """Return what was logged beside the cast's own log, oldest first."""
    with system(house.organization):
        return list(CleaningLog.objects.exclude(pk=house.log.pk).order_by("id"))


def save(client: Client, house: House, **changes: Any) -> Any:
    """Send a complete form."""
    return client.post(log_url(house), form(**changes))


def text(response: Any) -> str:
    """Return a page as text."""
    return response.content.decode()


# --- Success ---


def test_the_form_has_every_step_and_a_fresh_id(tess: Client, northgate: House) -> None:
    """Ready in one tap; the id is the server's, so that sending twice stores once."""
    first, second = (text(tess.get(log_url(northgate))) for _ in range(2))
    for step in STEPS:
        assert str(step["text"]) in first
    assert "60 to 95 °C" in first
    assert "Saved as done now, 10:00." in first
    assert uuid.UUID(hidden(first, "uuid")) != uuid.UUID(hidden(second, "uuid"))
    assert hidden(first, "version") == str(northgate.version.pk)
    assert 'name="name"' not in first
    assert 'name="pin"' not in first


def test_saving_turns_red_to_green(tess: Client, northgate: House) -> None:
    """The log with all it says, the completion, the occurrence, the audit trail."""
    assert "is-red" in text(tess.get(scan_url(northgate)))
    response = save(tess, northgate, notes=" Filter changed ", step_note="ok")
    (log,) = stored(northgate)
    assert response.status_code == 302
    assert response["Location"] == f"{scan_url(northgate)}/done/{log.uuid}/"
    assert (log.performed_at, log.recorded_at) == (NOW, NOW)
    assert (log.performer_name, log.performed_by_id, log.via) == ("Tess", northgate.technician.pk, "signed_in")
    assert (log.task, log.subject_name, log.notes) == ("Deep clean", "Washer 1", "Filter changed")
    assert (log.facility_id, log.area_id, log.equipment_id) == (
        northgate.hospital.pk,
        northgate.ward.pk,
        northgate.washer.pk,
    )
    assert (log.requirement_id, log.label_id) == (northgate.requirement.pk, northgate.label.pk)
    assert log.protocol_version_id == northgate.version.pk
    assert [a["answer"] for a in log.answers] == ["yes", "64.5", "ok"]
    assert log.result == "satisfactory"
    with system(northgate.organization):
        completion = Completion.objects.get(uuid=log.uuid)
        assert log.completion_id == completion.pk
        assert Occurrence.objects.filter(completion=completion).count() == 1
        events = AuditEvent.objects.filter(action="log.create", object_id=log.pk)
        assert [(e.actor, e.facility_ref) for e in events] == [("Tess", northgate.hospital.pk)]
    assert "is-red" not in text(tess.get(scan_url(northgate)))


def test_a_free_log_completes_nothing(tess: Client, northgate: House) -> None:
    """Something that no requirement asks for."""
    url = f"{scan_url(northgate)}/log/"
    assert 'value="Cleaning"' in text(tess.get(url))
    response = tess.post(url, form(step_rinse=None, step_temp=None, task="  Wiped   the door "))
    assert response.status_code == 302
    (log,) = stored(northgate)
    assert (log.task, log.requirement_id, log.completion_id, log.answers) == ("Wiped the door", None, None, [])
    assert "is-red" in text(tess.get(scan_url(northgate)))


def test_a_free_log_says_what_was_done(tess: Client, northgate: House) -> None:
    """Empty, or too long."""
    for task, words in (("  ", "Say what you did"), ("x" * 201, "200")):
        response = tess.post(f"{scan_url(northgate)}/log/", form(task=task, notes="kept"))
        assert response.status_code == 200
        assert words in text(response)
        assert "kept" in text(response)
    assert stored(northgate) == []


# --- Time ---


def test_a_time_in_the_past_is_kept_as_stated(tess: Client, northgate: House) -> None:
    """On the facility's clock (London is an hour ahead of UTC in June), and the delay is said."""
    response = tess.post(log_url(northgate), form(performed_at="2026-06-10T07:30"), follow=True)
    (log,) = stored(northgate)
    assert log.performed_at == datetime.datetime(2026, 6, 10, 6, 30, tzinfo=datetime.UTC)
    assert log.recorded_at == NOW
    assert "Recorded 2 hours later" in text(response)
    assert "07:30" in text(response)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("2026-06-10T10:03", "in the future"),
        ("2027-06-10T09:00", "in the future"),
        ("2026-06-10T09:03:00Z", "in the future"),
        ("1026-06-10T09:00", "Check the year"),
        ("yesterday", "Write the date and time"),
        ("2026-02-30T09:00", "Write the date and time"),
        ("0001-01-01T00:00", "Check the year"),
        ("9999-12-31T23:59", "in the future"),
        ("2026-03-29T01:30", "did not exist"),
    ],
)
def test_a_wrong_time_is_refused_at_its_field(tess: Client, northgate: House, stated: str, words: str) -> None:
    """The message stands at the field, which is open; the rest is kept."""
    response = save(tess, northgate, performed_at=stated, notes="Filter changed")
    html = text(response)
    assert response.status_code == 200
    assert words in html
    assert 'href="#id_performed_at"' in html
    assert '<details class="scan-more" open>' in html
    assert "Filter changed" in html
    assert 'value="64.5"' in html
    assert stored(northgate) == []


def test_a_clock_two_minutes_ahead_is_borne(tess: Client, northgate: House) -> None:
    """But never stored later than it was recorded."""
    save(tess, northgate, performed_at="2026-06-10T09:02:00+00:00")
    assert stored(northgate)[0].performed_at == NOW


# --- Steps ---


def test_a_step_left_out_is_an_error_at_that_step(tess: Client, northgate: House) -> None:
    """Named at the top and at the step; the others are kept, and so is the id of the form."""
    sent = form(step_rinse=None, notes="Filter changed")
    html = text(tess.post(log_url(northgate), sent))
    assert "There is a problem" in html
    assert 'href="#id_step_rinse"' in html
    assert "Answer yes or no." in html
    assert 'value="64.5"' in html
    assert "Filter changed" in html
    assert hidden(html, "uuid") == sent["uuid"]
    assert stored(northgate) == []
    assert tess.post(log_url(northgate), {**sent, "step_rinse": "yes"}).status_code == 302


def test_a_reading_that_is_no_number(tess: Client, northgate: House) -> None:
    """Never guessed at."""
    html = text(save(tess, northgate, step_temp="hot"))
    assert "Write the reading as a number" in html
    assert 'value="hot"' in html


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"step_temp": "55"}, "55 °C (should be 60 to 95 °C)"), ({"step_rinse": "no"}, "<b>Rinse the drum:</b> No")],
)
def test_outside_the_limits_is_saved_and_flagged(
    tess: Client, northgate: House, changes: dict[str, str], words: str
) -> None:
    """The work was done, the result is bad: stored as unsatisfactory, said loudly, and the status stays red."""
    response = tess.post(log_url(northgate), form(**changes), follow=True)
    html = text(response)
    assert "<h1>Saved: something is not right</h1>" in html
    assert words in html
    (log,) = stored(northgate)
    assert log.result == "unsatisfactory"
    with system(northgate.organization):
        assert Completion.objects.get(uuid=log.uuid).result == "unsatisfactory"
    assert "is-red" in html


def test_the_steps_on_the_screen_count(tess: Client, northgate: House) -> None:
    """A protocol that changed while the form was open: the log has the version that was answered."""
    html = text(tess.get(log_url(northgate)))
    with system(northgate.organization):
        newer = ProtocolVersion.objects.create(
            protocol=northgate.protocol,
            number=2,
            steps=[*STEPS, {"key": "seal", "kind": "yes_no", "text": "Check the seal", "required": True}],
        )
    assert save(tess, northgate, version=hidden(html, "version")).status_code == 302
    assert stored(northgate)[0].protocol_version_id == northgate.version.pk
    html = text(tess.get(log_url(northgate)))
    assert "Check the seal" in html
    assert hidden(html, "version") == str(newer.pk)


def test_another_protocols_version_is_ignored(tess: Client, cast: Cast) -> None:
    """Not even one of the other organization."""
    for version in (cast.southbank.version.pk, 10**18, "x", -1):
        html = text(tess.post(log_url(cast.northgate), form(version=version, step_rinse=None)))
        assert "Answer yes or no." in html


# --- Photos ---


def test_photos_are_written_anew(tess: Client, northgate: House) -> None:
    """Re-encoded under a random name, with a fingerprint; at most 2048 pixels a side."""
    response = save(tess, northgate, photos=[photo("../../etc/passwd.jpg", size=(3000, 20)), photo("two.png")])
    assert response.status_code == 302
    with system(northgate.organization):
        pictures = list(LogPhoto.objects.filter(log=stored(northgate)[0]))
        assert len(pictures) == 2
        for picture in pictures:
            stored_as = str(picture.image.name)
            assert "passwd" not in stored_as
            assert stored_as.startswith("logs/")
            assert len(picture.sha256) == 64
        with Image.open(pictures[0].image) as image:
            assert (image.format, max(image.size)) == ("JPEG", 2048)


@pytest.mark.parametrize("content", [b"%PDF-1.7 not a photo", b"", b"\xff\xd8\xff\xe0broken", b"<svg onload=alert(1)>"])
def test_a_photo_that_is_no_image(tess: Client, northgate: House, content: bytes) -> None:
    """Refused at its field, whatever its name says; everything else is kept, the good photo too."""
    bad = SimpleUploadedFile("drum.jpg", content, "image/jpeg")
    response = save(tess, northgate, photos=[photo(), bad], notes="Filter changed")
    html = text(response)
    assert response.status_code == 200
    assert 'href="#id_photos"' in html
    assert "Filter changed" in html
    assert stored(northgate) == []
    if content:
        assert "1 photo is kept." in html


def test_a_photo_survives_a_mistake_elsewhere(tess: Client, northgate: House) -> None:
    """Held, signed, and stored with the log at the next try without being sent again."""
    sent = form(step_rinse=None)
    html = text(tess.post(log_url(northgate), {**sent, "photos": [photo(), photo()]}))
    assert "2 photos are kept." in html
    held = hidden(html, "held")
    assert held
    # A second mistake keeps them as well; an altered token brings nothing, and so does another form's.
    html = text(tess.post(log_url(northgate), {**sent, "held": held}))
    assert "2 photos are kept." in html
    assert hidden(html, "held") == held
    assert "photos are kept" not in text(tess.post(log_url(northgate), {**sent, "held": held[:-2] + "xx"}))
    assert "photos are kept" not in text(tess.post(log_url(northgate), form(step_rinse=None, held=held)))
    assert tess.post(log_url(northgate), {**sent, "step_rinse": "yes", "held": held}).status_code == 302
    with system(northgate.organization):
        assert LogPhoto.objects.filter(log=stored(northgate)[0]).count() == 2


def test_a_photo_step_wants_its_photo(tess: Client, northgate: House) -> None:
    """Left out: an error at the step. Given: stored under the step. Too many: refused."""
    with system(northgate.organization):
        ProtocolVersion.objects.create(
            protocol=northgate.protocol,
            number=2,
            steps=[{"key": "after", "kind": "photo", "text": "Photo of the drum", "required": True}],
        )
    assert "Take a photo for this step." in text(tess.post(log_url(northgate), form()))
    assert "At most 4 photos" in text(tess.post(log_url(northgate), form(step_after=[photo() for _ in range(5)])))
    assert "At most 12 photos" in text(tess.post(log_url(northgate), form(photos=[photo() for _ in range(13)])))
    assert tess.post(log_url(northgate), form(step_after=[photo()])).status_code == 302
    with system(northgate.organization):
        assert LogPhoto.objects.get().step == "after"
    assert stored(northgate)[0].answers[0]["answer"] == 1


# --- Sent twice, logged twice ---


def test_a_form_sent_again_is_stored_once(tess: Client, northgate: House) -> None:
    """The same confirmation, and it says so."""
    sent = form(photos=[photo()])
    first = tess.post(log_url(northgate), sent)
    sent["photos"] = [photo()]
    again = tess.post(log_url(northgate), sent, follow=True)
    assert again.redirect_chain == [(first["Location"], 302)]
    assert "saved already" in text(again)
    assert len(stored(northgate)) == 1
    with system(northgate.organization):
        assert Completion.objects.filter(requirement=northgate.requirement).count() == 2
        assert LogPhoto.objects.count() == 1


def test_the_same_id_with_other_entries_keeps_the_first(tess: Client, northgate: House) -> None:
    """Neither overwritten nor silently dropped: it says so."""
    sent = form()
    tess.post(log_url(northgate), sent)
    for other in ({"step_temp": "70"}, {"notes": "other"}, {"performed_at": "2026-06-10T08:00"}):
        again = tess.post(log_url(northgate), {**sent, **other}, follow=True)
        assert "saved before with other entries" in text(again)
    (log,) = stored(northgate)
    assert log.answers[1]["answer"] == "64.5"


def test_a_free_log_sent_again_is_stored_once(tess: Client, northgate: House) -> None:
    """Without a requirement to wait at, the id alone decides."""
    sent = form(task="Wiped")
    url = f"{scan_url(northgate)}/log/"
    first = tess.post(url, sent)
    assert tess.post(url, sent)["Location"] == first["Location"]
    assert "other entries" in text(tess.post(url, {**sent, "task": "Mopped"}, follow=True))
    assert len(stored(northgate)) == 1


def test_an_id_used_elsewhere_is_refused(tess: Client, marek: Client, oscar: Client, northgate: House) -> None:
    """Of another task, or of a fact without a log; what was typed is kept."""
    sent = form(task="Wiped")
    tess.post(f"{scan_url(northgate)}/log/", sent)
    html = text(tess.post(log_url(northgate), {**sent, "notes": "kept"}))
    assert "This form was used already" in html
    assert "kept" in html
    with system(northgate.organization):
        fact = Completion.objects.create(
            requirement=northgate.requirement, facility=northgate.hospital, performed_at=NOW, recorded_at=NOW,
            by_name="x",
        )  # fmt: skip
    assert "This form was used already" in text(tess.post(log_url(northgate), form(uuid=fact.uuid)))
    assert len(stored(northgate)) == 1


def test_two_organizations_may_have_the_same_id(tess: Client, cast: Cast, as_user: Any) -> None:
    """One never learns of the other's."""
    sent = form()
    olga = as_user(cast.southbank.technician, "southbank.localhost")
    assert olga.post(log_url(cast.southbank), sent).status_code == 302
    assert tess.post(log_url(cast.northgate), sent).status_code == 302
    assert len(stored(cast.northgate)) == len(stored(cast.southbank)) == 1


@pytest.mark.parametrize("bad", ["", "x", None])
def test_a_form_without_an_id_is_refused(tess: Client, northgate: House, bad: str | None) -> None:
    """Told to open the label again."""
    html = text(save(tess, northgate, uuid=bad, notes="kept"))
    assert "Open the label again" in html
    assert "kept" in html
    assert stored(northgate) == []


def test_the_same_task_again_asks(tess: Client, marek: Client, northgate: House, frozen: Any) -> None:
    """By anybody within ten minutes: a question with what was typed, photos too; confirmed, both logs stay."""
    save(tess, northgate)
    frozen.shift(4 * MINUTE)
    sent = form(notes="Did it again")
    response = marek.post(log_url(northgate), {**sent, "photos": [photo()]})
    html = text(response)
    assert response.status_code == 200
    assert "Log it again?" in html
    assert "Tess logged this 4 minutes ago." in html
    assert "Did it again" in html
    assert "1 photo is kept." in html
    assert len(stored(northgate)) == 1
    with system(northgate.organization):
        assert Completion.objects.count() == 2
        assert AuditEvent.objects.filter(action="requirement.completion").count() == 1
    again = marek.post(log_url(northgate), {**sent, "held": hidden(html, "held"), "log_again": "1"})
    assert again.status_code == 302
    tess_log, marek_log = stored(northgate)
    assert (tess_log.performer_name, marek_log.performer_name) == ("Tess", "Marek")
    with system(northgate.organization):
        assert marek_log.photos.count() == 1


def test_it_does_not_ask_after_the_window_or_for_another_task(tess: Client, northgate: House, frozen: Any) -> None:
    """The window is the organization's; none at all where it is zero."""
    save(tess, northgate)
    assert tess.post(f"{scan_url(northgate)}/log/", form(task="Wiped")).status_code == 302
    assert "Log it again?" in text(tess.post(f"{scan_url(northgate)}/log/", form(task="wiped")))
    frozen.shift(10 * MINUTE)
    assert save(tess, northgate).status_code == 302
    # About the times at which it was done, not at which it was sent.
    assert "Log it again?" in text(save(tess, northgate, performed_at="2026-06-10T10:04"))
    assert save(tess, northgate, performed_at="2026-06-10T07:00").status_code == 302
    with platform("test"):
        Organization.objects.filter(pk=northgate.organization.pk).update(duplicate_window_minutes=0)
    assert save(tess, northgate).status_code == 302


# --- Without an account ---


def test_logging_with_a_name(anonymous: Client, northgate: House) -> None:
    """Marked as such; nobody's membership is claimed."""
    allow_label_logging(northgate)
    html = text(anonymous.get(log_url(northgate)))
    assert 'name="name"' in html
    assert 'name="pin"' not in html
    assert "Give your name." in text(save(anonymous, northgate, name="  "))
    assert stored(northgate) == []
    response = anonymous.post(log_url(northgate), form(name=" Gus  Guest "), follow=True)
    assert "Saved" in text(response)
    (log,) = stored(northgate)
    assert (log.performer_name, log.performed_by_id, log.via) == ("Gus Guest", None, "name")
    with system(northgate.organization):
        assert Completion.objects.get(uuid=log.uuid).by_name == "Gus Guest"
        assert AuditEvent.objects.get(action="log.create").actor == "Label"


def test_a_member_cannot_log_under_another_name(tess: Client, northgate: House) -> None:
    """A name in the form of a signed-in member counts for nothing."""
    save(tess, northgate, name="Somebody else")
    assert stored(northgate)[0].performer_name == "Tess"


def test_logging_with_a_pin(anonymous: Client, northgate: House) -> None:
    """Wrong, none, right; it is never written back into the page."""
    allow_label_logging(northgate, "pin", "2468")
    assert 'name="pin"' in text(anonymous.get(log_url(northgate)))
    assert "Give the site’s PIN." in text(save(anonymous, northgate, name="Gus"))
    html = text(save(anonymous, northgate, name="Gus", pin="1357", notes="kept"))
    assert "This is not the site’s PIN." in html
    assert "1357" not in html
    assert "kept" in html
    assert 'value="Gus"' in html
    assert stored(northgate) == []
    assert save(anonymous, northgate, name="Gus", pin="2468").status_code == 302
    assert stored(northgate)[0].via == "pin"


def test_a_site_without_a_pin_says_so(anonymous: Client, northgate: House) -> None:
    """No PIN is not “any PIN”."""
    allow_label_logging(northgate, "pin")
    assert "This site has no PIN yet" in text(save(anonymous, northgate, name="Gus", pin=""))
    assert "This site has no PIN yet" in text(save(anonymous, northgate, name="Gus", pin="2468"))
    assert stored(northgate) == []


def test_guessing_the_pin_locks(
    anonymous: Client, tess: Client, northgate: House, django_capture_on_commit_callbacks: Any
) -> None:
    """Five wrong ones from one address: a quarter of an hour, even for the right one; members are not touched."""
    allow_label_logging(northgate, "pin", "2468")
    with django_capture_on_commit_callbacks(execute=True):
        # An empty one is no guess.
        assert "Give the site’s PIN." in text(save(anonymous, northgate, name="Gus", pin=""))
    for number in range(5):
        with django_capture_on_commit_callbacks(execute=True):
            assert save(anonymous, northgate, name="Gus", pin=f"000{number}").status_code == 200
    response = save(anonymous, northgate, name="Gus", pin="2468", notes="kept")
    assert response.status_code == 429
    assert 800 < int(response["Retry-After"]) <= 900
    assert "kept" in text(response)
    assert "15 minutes" in text(response)
    assert stored(northgate) == []
    assert save(tess, northgate).status_code == 302


def test_many_logs_from_one_label_are_slowed(anonymous: Client, tess: Client, northgate: House) -> None:
    """Ten a minute from one address; what was typed stands in the form, and nothing is decoded or stored."""
    allow_label_logging(northgate)
    for _ in range(10):
        assert save(anonymous, northgate, name="Gus", log_again="1").status_code == 302
    sent = form(name="Gus", notes="the eleventh", step_rinse="no", log_again="1")
    response = anonymous.post(log_url(northgate), {**sent, "photos": [photo()]})
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 60
    html = text(response)
    assert "Too many logs from here at once" in html
    assert "the eleventh" in html
    assert 'value="64.5"' in html
    assert 'value="Gus"' in html
    assert hidden(html, "uuid") == sent["uuid"]
    assert len(stored(northgate)) == 10
    # Another address, and members, are not concerned.
    assert anonymous.post(log_url(northgate), sent, REMOTE_ADDR="10.9.9.9").status_code == 302
    assert save(tess, northgate, log_again="1").status_code == 302


def test_many_logs_from_one_address_are_slowed(anonymous: Client, northgate: House, monkeypatch: Any) -> None:
    """Sixty a minute over all labels."""
    from apps.cleaning_logs import scanning

    assert (scanning.LABEL_LIMIT, scanning.ADDRESS_LIMIT, scanning.LIMIT_SECONDS) == (10, 60, 60)
    monkeypatch.setattr(scanning, "LABEL_LIMIT", 100)
    monkeypatch.setattr(scanning, "ADDRESS_LIMIT", 3)
    allow_label_logging(northgate)
    codes = [save(anonymous, northgate, name="Gus", log_again="1").status_code for _ in range(4)]
    assert codes == [302, 302, 302, 429]


def test_a_cache_that_is_down_loses_no_log(anonymous: Client, northgate: House, monkeypatch: Any) -> None:
    """Limits go on in the process; nobody is locked out."""
    allow_label_logging(northgate)

    def down(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError

    for name in ("get", "add", "incr", "get_many"):
        monkeypatch.setattr(cache, name, down)
    assert save(anonymous, northgate, name="Gus").status_code == 302


def test_label_logging_switched_off_meanwhile(anonymous: Client, northgate: House) -> None:
    """The form of a guest, sent after that, leads to signing in; nothing is stored."""
    allow_label_logging(northgate)
    anonymous.get(log_url(northgate))
    allow_label_logging(northgate, "off")
    assert save(anonymous, northgate, name="Gus").status_code in (302, 401)
    assert stored(northgate) == []


# --- Not allowed ---


def test_who_may_not(audrey: Client, rosa: Client, oscar: Client, northgate: House, as_user: Any) -> None:
    """An auditor 403; a member of another site, an outsider and the wrong host 404. Nothing is stored."""
    assert save(audrey, northgate).status_code == 403
    elsewhere = as_user(northgate.technician, "southbank.localhost")
    for client in (rosa, oscar, elsewhere):
        assert client.get(log_url(northgate)).status_code == 404
        assert save(client, northgate).status_code == 404
    assert stored(northgate) == []


def test_a_task_of_another_subject_is_404(tess: Client, cast: Cast) -> None:
    """The label decides: not another machine's duty, not another organization's, not a made-up one."""
    from apps.compliance.actions import create_requirement

    northgate = cast.northgate
    with system(northgate.organization):
        spec = {"mode": "interval_after_completion", "interval": "P7D"}
        other = create_requirement(spec=spec, area=northgate.ward, name="Mop")
    for pk in (other.pk, cast.southbank.requirement.pk, 10**9, 10**30):
        url = f"{scan_url(northgate)}/log/{pk}/"
        assert tess.get(url).status_code == 404
        assert tess.post(url, form()).status_code == 404
    assert stored(northgate) == []


def test_an_archived_task_leads_back_to_the_label(tess: Client, northgate: House) -> None:
    """Archived while the form was open."""
    with system(northgate.organization):
        Requirement.objects.filter(pk=northgate.requirement.pk).update(archived_at=NOW)
    assert save(tess, northgate)["Location"] == scan_url(northgate)
    assert stored(northgate) == []


def test_a_session_that_ended_keeps_what_was_typed(northgate: House) -> None:
    """The answer to the form is the login page, which carries the entries (but no photo and no PIN)."""
    client = Client(HTTP_HOST=northgate.host, enforce_csrf_checks=True)
    client.force_login(northgate.technician.user, "django.contrib.auth.backends.ModelBackend")
    token = hidden(text(client.get(log_url(northgate))), "csrfmiddlewaretoken")
    del client.cookies["sessionid"]
    sent = form(notes="Three hours of work", csrfmiddlewaretoken=token)
    response = client.post(log_url(northgate), sent)
    request: Any = response.wsgi_request
    entries = request.interrupted
    assert dict(entries.fields)["notes"] == "Three hours of work"
    assert dict(entries.fields)["uuid"] == sent["uuid"]
    assert entries.path == log_url(northgate)
    assert stored(northgate) == []


def test_a_form_of_another_site_is_refused(northgate: House) -> None:
    """CSRF protection holds, for guests too."""
    allow_label_logging(northgate)
    client = Client(HTTP_HOST=northgate.host, enforce_csrf_checks=True)
    assert client.post(log_url(northgate), form(name="Gus")).status_code == 403
    assert stored(northgate) == []


@pytest.mark.parametrize("field", ["notes", "step_note", "name", "task"])
def test_a_nul_byte_is_no_server_error(anonymous: Client, northgate: House, field: str) -> None:
    """PostgreSQL takes none: refused at the field, or left out."""
    allow_label_logging(northgate)
    url = log_url(northgate) if field == "step_note" else f"{scan_url(northgate)}/log/"
    response = anonymous.post(url, form(**{"name": "Gus", "task": "Wiped", field: "a\x00b"}))
    assert response.status_code in (200, 302)


def test_very_long_entries_are_refused_kindly(anonymous: Client, northgate: House) -> None:
    """Each with its limit."""
    allow_label_logging(northgate)
    for field, size in (("notes", 4001), ("step_note", 2001), ("name", 151)):
        assert save(anonymous, northgate, **{"name": "Gus", field: "x" * size}).status_code == 200
    assert stored(northgate) == []


# --- Cost ---


def test_queries(tess: Client, northgate: House, django_assert_num_queries: Any) -> None:
    """Pinned. Beside transaction control and the scope's settings, a log costs at most 25 statements."""
    with django_assert_num_queries(21):
        tess.get(log_url(northgate))
    with CaptureQueriesContext(connection) as queries:
        assert save(tess, northgate).status_code == 302
    assert len(queries) == POST_QUERIES
    control = ("SAVEPOINT", "RELEASE", "SET LOCAL")
    work = [q["sql"] for q in queries.captured_queries if not q["sql"].startswith(control)]
    assert len(work) <= 25, "\n".join(work)


POST_QUERIES = 42


def test_good_answers_are_the_ones_of_the_cast() -> None:
    """The form helper answers every required step."""
    assert set(GOOD) == {f"step_{step['key']}" for step in STEPS if step["required"]}
