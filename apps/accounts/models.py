"""User: a person who signs in, by email. One account may be a member of several organizations."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.tenants.base import TenantForeignKey, TenantModel
from apps.tenants.isolation import RowSecurity


class UserManager(BaseUserManager["User"]):
    """Finds users by email, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user with this email; raise User.DoesNotExist."""
        return self.get(email=(username or "").strip().lower())

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a user; without a password the account cannot sign in until one is set."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a member of the platform staff. Raises ValidationError for a password that is too weak."""
        from django.contrib.auth.password_validation import validate_password

        if password:
            validate_password(password, self.model(email=email.strip().lower(), **fields))
        return self.create_user(email, password, is_platform_staff=True, **fields)


class User(AbstractBaseUser):
    """A person. A tenant scope sees only people who are members of its organization."""

    email = models.EmailField(_("email"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=150)
    is_active = models.BooleanField(_("active"), default=True)
    is_platform_staff = models.BooleanField(_("platform staff"), default=False)
    language = models.CharField(_("language"), max_length=10, blank=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name"]
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="accounts_user_email_lower"),
            RowSecurity(
                name="accounts_user_isolation",
                tenant="tenancy_knows_user(id)",
                grants="SELECT",
                platform_grants="SELECT, INSERT, UPDATE",
                identity="id = nullif(current_setting('app.user_id'), '')::bigint",
                force=False,
                keys=(),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    # The admin sites ask these; what members may do is decided by their role, in permissions.py.
    @property
    def is_staff(self) -> bool:
        """Platform staff may enter the platform admin."""
        return self.is_active and self.is_platform_staff

    @property
    def is_superuser(self) -> bool:
        """Never: nothing is decided by a superuser flag."""
        return False

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Tell whether platform staff may do something in the platform admin."""
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        """Tell whether platform staff may see an app in the platform admin."""
        return self.is_staff


class SavedView(TenantModel):
    """A list with its search, filters and sort, as one member named it. It holds an address, never rows."""

    membership = TenantForeignKey("tenants.Membership", models.CASCADE, related_name="saved_views")
    list_name = models.CharField(_("list"), max_length=60)
    name = models.CharField(_("name"), max_length=80)
    query = models.CharField(_("filters"), max_length=1000, blank=True)

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "membership", "list_name", "name"], name="accounts_savedview_once"
            )
        ]

    def __str__(self) -> str:
        return self.name
