"""The Redaktion: Django's admin site with our gate, and separation per organisation."""

from django.contrib import admin


class Redaktion(admin.AdminSite):
    site_header = "Redaktion"
    site_title = "Redaktion"
    index_title = "Redaktion"
