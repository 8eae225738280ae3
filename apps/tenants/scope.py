"""Scope: who is asking, for which organization, in one transaction.

A scope lives in two places at once: a context variable, which the ORM reads when a query compiles, and the PostgreSQL
session (``SET LOCAL ROLE`` and settings), which row-level security reads. Both end with the transaction, so nothing can
leak to the next user of a pooled connection.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from django.db import connections, transaction

if TYPE_CHECKING:
    from apps.tenants.models import Membership, Organization

T = TypeVar("T")
Kind = Literal["tenant", "platform", "identity"]

DATABASE_ROLES: dict[Kind, str] = {
    "tenant": "cleantrack_tenant",
    "platform": "cleantrack_platform",
    "identity": "cleantrack_identity",
}


class NoScope(RuntimeError):
    """Tenant data was asked for without a scope that may see it."""


class WrongTenant(RuntimeError):
    """A scope tried to widen itself, switch organization, or write a row of another organization."""


@dataclass(frozen=True)
class Scope:
    """Who is asking: the kind of access, the organization, the role in it and the facilities it covers.

    ``all_facilities`` is stated, never implied: an empty ``facility_ids`` means no facility at all.
    """

    kind: Kind
    organization_id: int | None = None
    user_id: int | None = None
    membership_id: int | None = None
    role: str = ""
    actor: str = ""
    all_facilities: bool = False
    facility_ids: frozenset[int] = field(default_factory=frozenset)
    reason: str = ""
    host: str = ""
    label_code: str = ""

    def covers_facility(self, facility_id: int | None) -> bool:
        """Tell whether this scope may touch rows of that facility (None: rows that belong to no facility)."""
        return self.all_facilities or (facility_id is not None and facility_id in self.facility_ids)


_scope: ContextVar[Scope | None] = ContextVar("cleantrack_scope", default=None)


def current() -> Scope | None:
    """Return the active scope, or None."""
    return _scope.get()


def require() -> Scope:
    """Return the active scope; raise NoScope when there is none."""
    scope = _scope.get()
    if scope is None:
        raise NoScope("No scope is active. Open one with system(), member(), label() or platform().")
    return scope


def require_tenant() -> Scope:
    """Return the active scope of one organization; raise NoScope for any other kind."""
    scope = require()
    if scope.kind != "tenant" or scope.organization_id is None:
        raise NoScope(f"This needs the scope of one organization; the active one is {scope.kind!r}.")
    return scope


def require_organization_id() -> int:
    """Return the id of the organization whose scope is active; raise NoScope outside the scope of one."""
    organization_id = require_tenant().organization_id
    if organization_id is None:
        raise NoScope("This needs the scope of one organization.")
    return organization_id


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "").replace("'", "''").replace("\x00", "") + "'"


def _arm(scope: Scope | None, using: str) -> None:
    """Tell PostgreSQL, for this transaction only, in one round trip."""
    role = DATABASE_ROLES[scope.kind] if scope else "NONE"
    organization = "" if scope is None or scope.organization_id is None else str(int(scope.organization_id))
    user = "" if scope is None or scope.user_id is None else str(int(scope.user_id))
    sql = f"SET LOCAL ROLE {role}; SET LOCAL app.organization_id = '{organization}'; SET LOCAL app.user_id = '{user}'"
    host, code = (scope.host, scope.label_code) if scope else ("", "")
    sql += f"; SET LOCAL app.host = {_quote(host)}; SET LOCAL app.label_code = {_quote(code)}"
    with connections[using].cursor() as cursor:
        cursor.execute(sql)


@contextmanager
def enter(scope: Scope, using: str = "default") -> Iterator[Scope]:
    """Open a transaction in ``scope``; raise WrongTenant rather than widen or switch an active one."""
    outer, connection = _scope.get(), connections[using]
    if outer == scope and connection.in_atomic_block:
        yield scope
        return
    if outer is not None and outer.kind != "platform":
        raise WrongTenant("A scope is already active; it can be left, not widened or switched.")
    nested = connection.in_atomic_block
    with transaction.atomic(using=using):
        token = _scope.set(scope)
        try:
            _arm(scope, using)
            yield scope
        finally:
            _scope.reset(token)
        # On an error, ROLLBACK TO SAVEPOINT restores role and settings by itself.
        if nested and not connection.needs_rollback:
            _arm(outer, using)


def system(organization: Organization | int, *, reason: str = "") -> Any:
    """Open the scope of a job that acts for one organization, with all its facilities."""
    organization_id = organization if isinstance(organization, int) else organization.pk
    return enter(
        Scope("tenant", organization_id, role="system", actor="CleanTrack", all_facilities=True, reason=reason)
    )


def scope_of(membership: Membership, facility_ids: Iterable[int], actor: str) -> Scope:
    """Build (without opening) the scope of a person's membership."""
    return Scope(
        "tenant",
        membership.organization_id,
        user_id=membership.user_id,
        membership_id=membership.pk,
        role=membership.role,
        actor=actor,
        all_facilities=membership.all_facilities,
        facility_ids=frozenset(() if membership.all_facilities else facility_ids),
    )


def member(membership: Membership) -> Any:
    """Open the scope of one person's membership, as the middleware does for a request."""
    from apps.tenants.queries import granted_facility_ids

    with identity(user_id=membership.user_id):
        facility_ids = granted_facility_ids(membership)
        actor = str(membership.user)
    return enter(scope_of(membership, facility_ids, actor))


def label(organization_id: int, facility_id: int, code: str) -> Any:
    """Open the scope of somebody without an account who stands in front of a label: one facility, one role."""
    return enter(label_scope(organization_id, facility_id, code))


def label_scope(organization_id: int, facility_id: int, code: str) -> Scope:
    """Build (without opening) the scope behind a label."""
    return Scope(
        "tenant",
        organization_id,
        role="label",
        actor="Label",
        facility_ids=frozenset({facility_id}),
        label_code=code,
    )


def platform(reason: str, *, user_id: int | None = None, actor: str = "CleanTrack") -> Any:
    """Open all organizations, for platform staff and commands that cross tenants. Needs a reason, which is audited."""
    if not reason.strip():
        raise ValueError("platform() needs a reason.")
    return enter(Scope("platform", user_id=user_id, role="platform", actor=actor, all_facilities=True, reason=reason))


def identity(*, user_id: int | None = None, host: str = "", label_code: str = "") -> Any:
    """Open the narrow look-ups made before an organization is known: own memberships, a host, a label's code."""
    return enter(Scope("identity", user_id=user_id, host=host, label_code=label_code))


def stream(make_iterator: Callable[[], Iterable[T]]) -> Generator[T, None, None]:
    """Iterate inside the scope that is active now, from a private context, after the request has ended.

    A plain generator would find no scope (fail closed); entering the scope in the server's own context would leave it
    open between chunks.
    """
    scope = require()
    context = contextvars.copy_context()

    def run() -> Generator[T, None, None]:
        with enter(scope):
            yield from make_iterator()

    def first() -> Generator[T, None, None]:
        _scope.set(None)
        return run()

    return _drain(context, context.run(first))


def _drain(context: contextvars.Context, rows: Generator[T, None, None]) -> Generator[T, None, None]:
    try:
        while True:
            try:
                item = context.run(rows.__next__)
            except StopIteration:
                return
            yield item
    finally:
        context.run(rows.close)
