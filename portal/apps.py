from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portal"


class AdminSite(admin_apps.AdminConfig):
    """Django's admin with our own site: „Redaktion", second factor, 404 for what is not mine."""

    default = False
    default_site = "portal.redaktion.Redaktion"
