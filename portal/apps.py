from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PortalConfig(AppConfig):
    name = "portal"


class AdminSite(AdminConfig):
    """Django's admin with our own site: „Redaktion", second factor, 404 for what is not mine."""

    default = False
    default_site = "portal.scoping.Redaktion"
