"""``{% panels "equipment" equipment "main" %}``: what other rooms show on this page."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

from apps.tenants.panels import panels_for

register = template.Library()


@register.simple_tag(takes_context=True)
def panels(context: Context, place: str, obj: Any, slot: str) -> SafeString:
    """Render the registered panels of a slot, each with its own variables on top of the page's."""
    parts: list[str] = []
    for name, variables in panels_for(place, slot, context["request"], obj):
        with context.push(**variables):
            parts.append(context.template.engine.get_template(name).render(context))  # type: ignore[union-attr]
    # Each part is the output of a template, escaped there.
    return mark_safe("".join(parts))  # noqa: S308
