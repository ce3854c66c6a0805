"""The project package and shared kernel. Tasks find the Celery app because it is imported here."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
