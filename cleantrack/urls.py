"""Every address of CleanTrack. Each view declares its door, or this module does not import."""

from django.conf import settings
from django.urls import include, path

from apps.tenants.admin_sites import autodiscover, platform_site, tenant_site
from apps.tenants.doors import verify

autodiscover()

urlpatterns = [
    path("", include("apps.operations.urls")),
    path("", include("apps.accounts.urls")),
    path("", include("apps.facilities.urls")),
    path("", include("apps.equipment.urls")),
    path("", include("apps.compliance.urls")),
    path("", include("apps.cleaning_logs.urls")),
    path("", include("apps.audit.urls")),
    path("admin/", tenant_site.urls),
    path("platform/", platform_site.urls),
]

handler400 = "apps.operations.views.bad_request"
handler403 = "apps.operations.views.forbidden"
handler404 = "apps.operations.views.not_found"
handler500 = "apps.operations.views.server_error"

if settings.DEBUG or settings.TESTING:
    urlpatterns.append(path("styleguide/", include("apps.operations.styleguide_urls")))

verify(urlpatterns)
