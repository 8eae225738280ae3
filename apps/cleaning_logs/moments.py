"""When it was done against when we learned it: reading a stated time, refusing the future, saying the delay. Pure."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# Phones' clocks and the seconds between tapping and arriving.
SKEW = datetime.timedelta(minutes=2)
# Below this nobody asks why it came late.
PROMPT = datetime.timedelta(minutes=5)
EARLIEST = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def parse_moment(text: str, zone: ZoneInfo, now: datetime.datetime) -> datetime.datetime:
    """Read a stated time; "" means now.

    With an offset ("2026-06-10T09:00Z") it is that instant. Without one it is the clock of the facility; in the hour
    that comes twice when the clocks go back, the later one that has passed. Raises ValidationError.
    """
    text = text.strip()
    if not text:
        return now
    try:
        moment = datetime.datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return check_performed(moment.astimezone(datetime.UTC), now)
        first, second = (moment.replace(tzinfo=zone, fold=fold).astimezone(datetime.UTC) for fold in (0, 1))
    except (ValueError, OverflowError):
        raise ValidationError(_("Write the date and time, for example 2026-06-10 09:30.")) from None
    if first.astimezone(zone).replace(tzinfo=None) != moment:
        raise ValidationError(_("That time did not exist: the clocks went forward. Choose another."))
    return check_performed(second if first < second <= now else first, now)


def check_performed(moment: datetime.datetime, now: datetime.datetime) -> datetime.datetime:
    """Return the moment, never later than ``now``; raise ValidationError for the future or a mistyped year."""
    if moment > now + SKEW:
        raise ValidationError(_("This time is in the future. Say when it was done."))
    if moment < EARLIEST:
        raise ValidationError(_("This is before the year 2000. Check the year."))
    return min(moment, now)


def span_in_words(span: datetime.timedelta) -> str:
    """Say a length of time in its largest whole unit: "4 minutes", "3 hours", "2 days"."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if minutes < 48 * 60:
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d day", "%(n)d days", minutes // 1440) % {"n": minutes // 1440}


def ago_in_words(moment: datetime.datetime, now: datetime.datetime) -> str:
    """Say how long ago something was: "just now", "4 minutes ago"."""
    if now - moment < datetime.timedelta(minutes=1):
        return _("just now")
    return _("%(span)s ago") % {"span": span_in_words(now - moment)}


def delay_in_words(performed_at: datetime.datetime, recorded_at: datetime.datetime) -> str:
    """Say how much later it was recorded than done; "" when it was recorded at once."""
    delay = recorded_at - performed_at
    return _("Recorded %(span)s later") % {"span": span_in_words(delay)} if delay >= PROMPT else ""
