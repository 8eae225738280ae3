"""Pages of the import: file, columns, preview, result, undo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.operations.importing import actions
from apps.operations.importing.forms import ApplyForm, ColumnsForm, ReadingForm, UploadForm
from apps.operations.importing.queries import (
    PAGE_SIZE,
    get_import,
    last_applied,
    lines_of,
    list_imports,
    page_of,
    undo_obstacle,
)
from apps.operations.importing.targets import KINDS
from apps.operations.models import ImportLine, ImportRun, ImportState, Outcome
from apps.tenants.action_forms import add_errors, attempt, posted
from apps.tenants.csv_safe import write_csv
from apps.tenants.doors import requires
from apps.tenants.permissions import Permission, demand_all_facilities
from apps.tenants.scope import stream

write = require_http_methods(["GET", "HEAD", "POST"])
RECENT = 50


def crumbs(*steps: tuple[Any, str]) -> list[dict[str, Any]]:
    """Return the way down to a page, the start of an import first."""
    first = {"label": _("Import"), "url": reverse("operations:import_start")}
    return [first, *({"label": label, "url": url} for label, url in steps)]


def run_url(name: str, run: ImportRun) -> str:
    """Return the address of one of an import's pages."""
    return reverse(f"operations:{name}", args=[run.pk])


def number(text: str | None) -> int | None:
    """Return a line number from an address, or None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def csv_download(name: str, columns: list[str], rows: Any) -> StreamingHttpResponse:
    """Return neutralised CSV as a download, streamed in this scope."""
    response = StreamingHttpResponse(stream(lambda: write_csv(columns, rows())), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@requires(Permission.IMPORT)
@write
def import_start(request: HttpRequest) -> HttpResponse:
    """Choose what to import, and the file."""
    demand_all_facilities()
    data = posted(request)
    files = request.FILES or None
    # Known once the request is parsed, which reading the files has done.
    refused = getattr(request, "upload_refused", False)
    initial = {"kind": request.GET["kind"]} if request.GET.get("kind") in KINDS else {}
    form = UploadForm(data, files, initial=initial, too_large=actions.too_large() if refused else "")
    if request.method == "POST":
        done, run = attempt(form, lambda: actions.start_import(form.cleaned_data["kind"], form.cleaned_data["file"]))
        if done:
            return redirect(run_url("import_map", run))
    last = last_applied()
    context = {
        "form": form,
        "kinds": [
            {"label": kind.label, "url": reverse("operations:import_template", args=[kind.key])}
            for kind in KINDS.values()
        ],
        "last": last,
        "last_can_be_undone": last is not None and not undo_obstacle(last),
    }
    return render(request, "operations/import_start.html", context, status=413 if refused else 200)


@requires(Permission.IMPORT)
@require_safe
def import_template(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Download a file with the right columns and one example row."""
    if kind not in KINDS:
        raise Http404
    fields = KINDS[kind].fields
    labels, example = [str(field.label) for field in fields], [field.sample for field in fields]
    return csv_download(f"{kind}-template", labels, lambda: [example])


@requires(Permission.IMPORT)
@write
def import_map(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose which column fills which field, or how the file is read."""
    run = get_import(pk)
    if not run.is_open:
        return redirect(run_url("import_result", run))
    rereads = "reread" in request.POST
    form = ColumnsForm(None if rereads else posted(request), run)
    reading = ReadingForm(
        request.POST if rereads else None, initial={"encoding": run.encoding, "delimiter": run.delimiter}
    )
    if request.method == "POST" and rereads:
        done, _run = attempt(reading, lambda: actions.reread(run, **reading.cleaned_data))
        if done:
            messages.success(request, _("The file was read again. Check the columns."))
            return redirect(run_url("import_map", run))
    elif request.method == "POST":
        done, _run = attempt(form, lambda: actions.choose_columns(run, form.cleaned_data))
        if done:
            return redirect(run_url("import_preview", run))
    chosen = {form[name].value() for name in form.fields}
    unused = [
        {"name": column, "samples": [cell for cell in samples if cell.strip()]}
        for column, samples in zip(run.columns, run.samples, strict=False)
        if column not in chosen
    ]
    context = {
        "run": run,
        "form": form,
        "reading": reading,
        "unused": unused,
        "crumbs": crumbs((run.file_name, ""), (_("Columns"), "")),
    }
    return render(request, "operations/import_map.html", context)


@requires(Permission.IMPORT)
@write
def import_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what would happen to each row; POST carries it out."""
    run = get_import(pk)
    if run.state == ImportState.UPLOADED:
        return redirect(run_url("import_map", run))
    if run.state != ImportState.PLANNED:
        return redirect(run_url("import_result", run))
    mode = None if request.method != "POST" else request.POST if run.refused else {**request.POST.dict(), "mode": "all"}
    form = ApplyForm(mode)
    if request.method == "POST" and form.is_valid():
        try:
            fresh = actions.apply_import(run, form.cleaned_data["mode"])
        except ValidationError as error:
            add_errors(form, error)
        else:
            if fresh.state == ImportState.APPLIED:
                return redirect(run_url("import_result", run))
            run = fresh
            form.add_error(
                "mode",
                ngettext(
                    "Nothing was imported: %(count)d row has an error.",
                    "Nothing was imported: %(count)d rows have errors.",
                    run.refused,
                )
                % {"count": run.refused},
            )
    context = {
        "run": run,
        "form": form,
        "changes": run.created + run.updated,
        "crumbs": crumbs((run.file_name, run_url("import_map", run)), (_("Preview"), "")),
        **_rows(request, run, run_url("import_preview", run)),
    }
    return render(request, "operations/import_preview.html", context)


def _rows(request: HttpRequest, run: ImportRun, url: str) -> dict[str, Any]:
    """Return one page of an import's rows, with the tabs by outcome and the addresses of its neighbours."""
    outcome = request.GET.get("outcome", "")
    outcome = outcome if outcome in Outcome.values else ""
    lines, before, after = page_of(
        lines_of(run, outcome), number(request.GET.get("after")), number(request.GET.get("before"))
    )
    query = f"outcome={outcome}&" if outcome else ""
    counts = {"create": run.created, "update": run.updated, "unchanged": run.unchanged, "error": run.refused}
    is_done = run.state != ImportState.PLANNED
    labels = [
        ("", _("All"), run.total),
        ("error", _("Only errors"), counts["error"]),
        ("create", _("Created") if is_done else _("Create"), counts["create"]),
        ("update", _("Updated") if is_done else _("Update"), counts["update"]),
        ("unchanged", _("Unchanged"), counts["unchanged"]),
    ]
    if is_done:
        # Rows that stayed as they were are only counted.
        labels = [(key, label, count) for key, label, count in labels if key not in ("", "unchanged")]
        labels.insert(0, ("", _("All but unchanged"), run.total - run.unchanged))
    return {
        "rows": lines,
        "columns": [
            {"label": _("Line")},
            {"label": _("What")},
            {"label": _("Name")},
            {"label": _("Why")},
        ],
        "tabs": [
            {"label": label, "url": f"{url}?outcome={key}" if key else url, "current": key == outcome, "count": count}
            for key, label, count in labels
        ],
        "shown": len(lines),
        "total": counts.get(outcome, run.total - run.unchanged if is_done else run.total),
        "previous_url": f"{url}?{query}before={lines[0].line}" if before and lines else "",
        "next_url": f"{url}?{query}after={lines[-1].line}" if after and lines else "",
        "page_size": PAGE_SIZE,
        "kind": KINDS[run.kind],
    }


@requires(Permission.IMPORT)
@require_safe
def import_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what an import did."""
    run = get_import(pk)
    context = {
        "run": run,
        "list_url": reverse(KINDS[run.kind].list_url_name),
        "obstacle": undo_obstacle(run),
        "left": ImportLine.objects.filter(run=run).exclude(left_alone="").order_by("line")[:RECENT],
        "crumbs": crumbs((_("Earlier imports"), reverse("operations:import_list")), (run.file_name, "")),
        **_rows(request, run, run_url("import_result", run)),
    }
    return render(request, "operations/import_result.html", context)


@requires(Permission.IMPORT)
@require_safe
def import_errors(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Download the rows with errors as they stand in the file, with what is wrong: correct it and import it."""
    run = get_import(pk)

    def rows() -> Iterator[list[object]]:
        for line in lines_of(run, Outcome.ERROR).iterator(chunk_size=1_000):
            cells = list(line.cells or [])
            yield [*cells, *[""] * (len(run.columns) - len(cells)), line.line, line.message]

    return csv_download(f"import-{run.pk}-errors", [*run.columns, _("Line in the file"), _("What is wrong")], rows)


@requires(Permission.IMPORT)
@write
def import_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take the last import back."""
    run = get_import(pk)
    obstacle = undo_obstacle(run)
    errors = []
    if request.method == "POST":
        try:
            fresh = actions.undo_import(run)
        except ValidationError as error:
            errors = list(error.messages)
        else:
            messages.success(request, _("The import is undone."))
            if fresh.left_alone:
                words = ngettext(
                    "%(count)d row was edited or used since, and stays as it is.",
                    "%(count)d rows were edited or used since, and stay as they are.",
                    fresh.left_alone,
                )
                messages.warning(request, words % {"count": fresh.left_alone})
            return redirect(run_url("import_result", run))
    context = {
        "run": run,
        "obstacle": obstacle,
        "extra_errors": errors,
        "crumbs": crumbs((run.file_name, run_url("import_result", run)), (_("Undo"), "")),
    }
    return render(request, "operations/import_undo.html", context)


@requires(Permission.IMPORT)
@require_POST
def import_discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Give an import up before it is carried out."""
    run = get_import(pk)
    try:
        actions.discard_import(run)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(run_url("import_result", run))
    messages.success(request, _("Nothing was imported, and the file is deleted."))
    return redirect("operations:import_start")


@requires(Permission.IMPORT)
@require_safe
def import_list(request: HttpRequest) -> HttpResponse:
    """List earlier imports, the newest first."""
    before = number(request.GET.get("before"))
    runs = list_imports()
    rows = list((runs.filter(pk__lt=before) if before else runs)[: RECENT + 1])
    context = {
        "rows": rows[:RECENT],
        "shown": len(rows[:RECENT]),
        "next_url": f"{request.path}?before={rows[RECENT - 1].pk}" if len(rows) > RECENT else "",
        "previous_url": request.path if before else "",
        "columns": [
            {"label": _("File")},
            {"label": _("What")},
            {"label": _("State")},
            {"label": _("Created"), "number": True},
            {"label": _("Updated"), "number": True},
            {"label": _("Errors"), "number": True},
            {"label": _("By")},
            {"label": _("When")},
        ],
        "crumbs": crumbs((_("Earlier imports"), "")),
    }
    return render(request, "operations/import_list.html", context)
