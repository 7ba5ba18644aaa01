"""Composition of Omni-Stock: settings, routes, servers and the worker. No business lives here."""

from omni_stock.celery import app as celery_app

__all__ = ["celery_app"]
