"""The worker's application. Its settings are the `CELERY_*` names of the Django settings."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni_stock.settings.production")

app = Celery("omni_stock")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
