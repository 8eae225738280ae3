"""The database twin of the status table agrees with Python, case by case, in PostgreSQL."""

from __future__ import annotations

import dataclasses
import datetime

from django.db.models import F

from apps.compliance.engine import SAME
from apps.compliance.models import FAR_FUTURE, Occurrence
from apps.compliance.status import status
from apps.compliance.status_sql import case_expression
from apps.compliance.tests.test_status import make_cases
from tests.cast import House

CASES = 10_000


def test_ten_thousand_cases_agree(in_northgate: House) -> None:
    """Each case is moved to days of its own, since a requirement has one occurrence for each opening."""
    rows, wanted = [], {}
    for number, (case, at) in enumerate(make_cases(CASES, seed=7)):
        shift = datetime.timedelta(days=number - 20_000)
        fields = {
            name: value + shift if isinstance(value := getattr(case, name), datetime.datetime) else value
            for name in SAME
        }
        # The moment asked about stands in a column that the table of rules does not read.
        fields["completed_recorded_at"] = at + shift
        opens_at = case.opens_at + shift
        rows.append(
            Occurrence(
                requirement=in_northgate.requirement,
                facility=in_northgate.hospital,
                opens_at=opens_at,
                closes_at=FAR_FUTURE,
                **fields,
            )
        )
        wanted[opens_at] = status(dataclasses.replace(case), at)
    Occurrence.objects.bulk_create(rows, batch_size=2_000)
    moment = F("completed_recorded_at")
    found = Occurrence.objects.filter(opens_at__in=list(wanted)).annotate(
        colour=case_expression(moment, "colour"), reason=case_expression(moment, "reason")
    )
    checked = 0
    for row in found:
        expected = wanted[row.opens_at]
        assert (row.colour, row.reason) == (str(expected.colour), str(expected.reason)), row.opens_at
        checked += 1
    assert checked == CASES
    found.delete()
