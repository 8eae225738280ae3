"""Replacing a log that was wrong: both stay, what the old one completed is taken back."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.test import Client

from apps.audit.models import AuditEvent
from apps.cleaning_logs import actions
from apps.cleaning_logs.models import CleaningLog, LogPhoto
from apps.cleaning_logs.queries import get_log
from apps.cleaning_logs.tests.helpers import allow_label_logging, form, hidden, log_url, photo
from apps.compliance.models import Completion
from apps.tenants.scope import member, system
from tests.cast import NOW, Cast, House, new_uuid

pytestmark = pytest.mark.usefixtures("frozen")


def logged(client: Client, house: House, **changes: Any) -> CleaningLog:
    """Log something through the form and return it."""
    assert client.post(log_url(house), form(**changes)).status_code == 302
    return newest(house)


def newest(house: House) -> CleaningLog:
    """Return the log that was stored last."""
    with system(house.organization):
        return get_log(CleaningLog.objects.order_by("-id")[0].pk)


def url(log: CleaningLog) -> str:
    """Return the address of the correction form."""
    return f"/logs/{log.pk}/supersede/"


def correction(**changes: Any) -> dict[str, Any]:
    """Return a complete correction."""
    return form(**{"performed_at": "2026-06-10T10:00", "reason": "Misread the display", **changes})


def test_the_form_holds_the_log_as_it_was(tess: Client, northgate: House) -> None:
    """Ready to be put right."""
    log = logged(tess, northgate, notes="Seal worn", step_temp="55")
    html = tess.get(url(log)).content.decode()
    assert 'value="55"' in html
    assert "Seal worn" in html
    assert 'value="2026-06-10T10:00"' in html
    assert "What was wrong?" in html


def test_the_author_corrects(tess: Client, marek: Client, northgate: House, frozen: Any) -> None:
    """A new log that points to the old one; its fact counts, the old one's is void; the status turns green."""
    old = logged(tess, northgate, step_temp="55")
    assert old.result == "unsatisfactory"
    frozen.shift(3600)
    response = tess.post(url(old), correction(step_temp="65"))
    new = newest(northgate)
    assert response["Location"] == f"/logs/{new.pk}/"
    assert (new.supersedes_id, new.supersede_reason, new.result) == (old.pk, "Misread the display", "satisfactory")
    assert (new.performed_at, new.recorded_at > old.recorded_at) == (NOW, True)
    assert (new.performer_name, new.performed_by_id, new.label_id) == ("Tess", northgate.technician.pk, old.label_id)
    with system(northgate.organization):
        assert CleaningLog.objects.get(pk=old.pk).answers[1]["answer"] == "55"
        before, after = Completion.objects.get(uuid=old.uuid), Completion.objects.get(uuid=new.uuid)
        assert (before.voided_reason, after.voided_at) == ("Misread the display", None)
        assert before.voided_at is not None
        event = AuditEvent.objects.get(action="log.supersede")
        assert (event.actor, event.reason) == ("Tess", "Misread the display")
    assert "is-green" in tess.get(f"/q/{northgate.label.code}").content.decode()
    for pk, words in ((old.pk, "This log was replaced"), (new.pk, "This log replaces an earlier one")):
        html = marek.get(f"/logs/{pk}/").content.decode()
        assert words in html
        assert "Misread the display" in html


def test_a_manager_corrects_for_somebody(marek: Client, tess: Client, northgate: House) -> None:
    """Who did the work stays; the trail says who corrected it."""
    old = logged(tess, northgate)
    assert marek.post(url(old), correction(step_temp="70")).status_code == 302
    assert newest(northgate).performer_name == "Tess"
    with system(northgate.organization):
        assert AuditEvent.objects.get(action="log.supersede").actor == "Marek"


def test_a_guests_log_is_corrected_by_a_manager(
    anonymous: Client, marek: Client, tess: Client, northgate: House
) -> None:
    """A guest has nothing to come back with; another technician is not the author."""
    allow_label_logging(northgate)
    old = logged(anonymous, northgate, name="Gus")
    assert tess.get(url(old)).status_code == 403
    assert anonymous.get(url(old)).status_code == 302
    assert marek.post(url(old), correction()).status_code == 302
    new = newest(northgate)
    assert (new.performer_name, new.via, new.performed_by_id) == ("Gus", "name", None)


def test_who_may_not(audrey: Client, rosa: Client, oscar: Client, cast: Cast) -> None:
    """Auditors 403, members of another site and outsiders 404; nothing changes, by the action's own check too."""
    log = cast.northgate.log
    assert audrey.get(url(log)).status_code == 403
    assert audrey.post(url(log), correction()).status_code == 403
    for client in (rosa, oscar):
        assert client.get(url(log)).status_code == 404
        assert client.post(url(log), correction()).status_code == 404
    with member(cast.northgate.auditor), pytest.raises(PermissionDenied):
        actions.supersede_log(log, actions.Entry(uuid=log.uuid, performed_at=NOW), reason="x")
    assert newest(cast.northgate).pk == log.pk


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": "  "}, "Say what was wrong."),
        ({"reason": "x" * 501}, "at most 500"),
        ({"step_rinse": None}, "Answer yes or no."),
        ({"step_temp": "hot"}, "as a number"),
        ({"performed_at": "2026-06-11T10:00"}, "in the future"),
        ({"uuid": "x"}, "Open the label again"),
    ],
)
def test_bad_input_is_said_and_kept(tess: Client, northgate: House, changes: dict[str, Any], words: str) -> None:
    """At its place; nothing is stored."""
    log = logged(tess, northgate)
    response = tess.post(url(log), correction(**{"notes": "kept", **changes}))
    assert response.status_code == 200
    html = response.content.decode()
    assert words in html
    assert "kept" in html
    assert newest(northgate).pk == log.pk


def test_a_log_is_replaced_once(tess: Client, marek: Client, northgate: House) -> None:
    """The newest is corrected instead; sent again, the same correction is found."""
    old = logged(tess, northgate)
    sent = correction(step_temp="70")
    first = tess.post(url(old), sent)
    assert tess.post(url(old), sent)["Location"] == first["Location"]
    assert "replaced already" in tess.post(url(old), correction()).content.decode()
    assert tess.get(url(old))["Location"] == first["Location"]
    new = newest(northgate)
    assert marek.post(url(new), correction(step_temp="71")).status_code == 302
    with system(northgate.organization):
        assert CleaningLog.objects.count() == 4
        assert Completion.objects.filter(voided_at=None).exclude(pk=northgate.completion.pk).count() == 1
    html = marek.get(f"/logs/{new.pk}/").content.decode()
    assert html.count("Correction</a>") + html.count(">Correction<") + html.count("First log") >= 2
    assert "Correct this log" not in html


def test_photos_are_carried_over(tess: Client, northgate: House) -> None:
    """Those of the old log stay with the new one, new ones are added; a mistake keeps them."""
    old = logged(tess, northgate, photos=[photo()])
    assert "1 photo stays with it." in tess.get(url(old)).content.decode()
    sent = correction(step_rinse=None)
    html = tess.post(url(old), {**sent, "photos": [photo()]}).content.decode()
    assert "1 photo is kept." in html
    tess.post(url(old), {**sent, "step_rinse": "yes", "held": hidden(html, "held")})
    with system(northgate.organization):
        assert LogPhoto.objects.filter(log=old).count() == 1
        assert LogPhoto.objects.filter(log=newest(northgate)).count() == 2
    for picture in newest(northgate).pk, old.pk:
        assert "/logs/photos/" in tess.get(f"/logs/{picture}/").content.decode()


def test_an_exact_time_is_not_cut_to_the_minute(tess: Client, northgate: House, frozen: Any) -> None:
    """What the form shows without seconds keeps them when it is left alone."""
    frozen.shift(37)
    log = logged(tess, northgate)
    shown = tess.get(url(log)).context["form"].initial["performed_at"]
    tess.post(url(log), correction(performed_at=shown))
    assert newest(northgate).performed_at == log.performed_at


def test_a_log_itself_never_changes(northgate: House, in_northgate: House) -> None:
    """The database refuses, whoever asks."""
    for change in (
        lambda: CleaningLog.objects.filter(pk=northgate.log.pk).update(notes="x"),
        lambda: CleaningLog.objects.filter(pk=northgate.log.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_an_id_of_another_log_is_refused(tess: Client, northgate: House) -> None:
    """A form that was tampered with."""
    log = logged(tess, northgate)
    assert "used already" in tess.post(url(log), correction(uuid=northgate.log.uuid)).content.decode()
    assert tess.post(url(log), correction(uuid=new_uuid())).status_code == 302
