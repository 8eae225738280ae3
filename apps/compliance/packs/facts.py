"""What is asked about a facility, so that a pack knows which of its duties apply there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Kind = Literal["yes_no", "number", "choice"]
STATES = (
    *("Andhra Pradesh", "Assam", "Bihar", "Gujarat", "Jharkhand", "Karnataka", "Kerala", "Madhya Pradesh"),
    *("Maharashtra", "Manipur", "Meghalaya", "Mizoram", "Odisha", "Puducherry", "Sikkim", "Tamil Nadu"),
    *("Telangana", "West Bengal"),
)


@dataclass(frozen=True)
class Question:
    """One fact: how it is asked, how it is answered. ``own``: it is a field of the facility itself."""

    name: str
    label: str | Promise
    kind: Kind = "yes_no"
    choices: tuple[str, ...] = ()
    help: str | Promise = ""
    unit: str = ""
    own: bool = False

    def words(self, value: Any) -> str:
        """Say the fact with its value: “Has gas: no”."""
        if self.kind == "yes_no":
            said = _("yes") if value else _("no")
        else:
            said = f"{value:g} {self.unit}".strip() if isinstance(value, float) else f"{value} {self.unit}".strip()
        return f"{self.label}: {said}"

    def read(self, value: Any) -> Any:
        """Return a stored value as this question understands it; None when it is no answer to it."""
        if self.kind == "yes_no":
            return value if isinstance(value, bool) else None
        if self.kind == "number":
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        return value if value in self.choices else None


QUESTIONS: dict[str, Question] = {
    question.name: question
    for question in (
        Question(
            "has_gas",
            gettext_lazy("Has gas"),
            help=gettext_lazy(
                "A gas appliance, flue or connected supply. A capped supply with its meter still counts."
            ),
            own=True,
        ),
        Question("storeys", gettext_lazy("Storeys"), "number", own=True),
        Question("is_hmo", gettext_lazy("House in multiple occupation"), own=True),
        Question("has_sleeping_risk", gettext_lazy("People sleep there"), own=True),
        Question(
            "functional_risk",
            gettext_lazy("Functional risk category"),
            "choice",
            ("FR1", "FR2", "FR3", "FR4", "FR5", "FR6"),
            help=gettext_lazy("For areas that have no category of their own."),
            own=True,
        ),
        Question("has_tenancy", gettext_lazy("Let as a home")),
        Question(
            "uk_region",
            gettext_lazy("Part of the United Kingdom"),
            "choice",
            ("England", "Wales", "Scotland", "Northern Ireland"),
        ),
        Question("common_parts", gettext_lazy("Two or more homes with common parts")),
        Question("is_workplace", gettext_lazy("People work there")),
        Question(
            "height_m",
            gettext_lazy("Height of the top storey"),
            "number",
            help=gettext_lazy("In metres above the ground."),
            unit="m",
        ),
        Question(
            "certificates_to_council",
            gettext_lazy("Its licence asks to send certificates to the council"),
        ),
        Question("gst_quarterly", gettext_lazy("Files GST quarterly (QRMP)")),
        Question("indian_state", gettext_lazy("State"), "choice", STATES),
    )
}


def read_answers(facility: Any, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return every known answer of a facility; what is not answered is left out."""
    found: dict[str, Any] = {}
    for name, question in QUESTIONS.items():
        value = question.read(getattr(facility, name) if question.own else extra.get(name))
        if value is not None:
            found[name] = value
    return found
