"""``{% saved_views %}``: the reader's saved views of this list, and a form to save it as it is shown."""

from __future__ import annotations

from typing import Any

from django import template

from apps.accounts import saved_views as saved

register = template.Library()


@register.inclusion_tag("accounts/_saved_views.html", takes_context=True)
def saved_views(context: template.Context) -> dict[str, Any]:
    """Return what the partial shows; nothing where nobody is a member (jobs, platform staff)."""
    request = context["request"]
    match, scope = request.resolver_match, getattr(request, "scope", None)
    if match is None or scope is None or not scope.membership_id or match.view_name not in saved.LISTS:
        return {"list_name": ""}
    query = saved.clean_query(request.META.get("QUERY_STRING", ""))
    return {
        "list_name": match.view_name,
        "query": query,
        "views": [
            {"view": view, "url": f"{request.path}?{view.query}", "current": view.query == query}
            for view in saved.own_views(match.view_name)
        ],
        "csrf_token": context.get("csrf_token"),
    }
