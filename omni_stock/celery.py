"""The worker's application. Its settings are the `CELERY_*` names of the Django settings."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni_stock.settings.production")

app = Celery("omni_stock", task_cls="core.queueing:PromptTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
@beat_init.connect
def take_time(**_signal: Any) -> None:
    """Nobody waits for the worker: it rides out what a request would rather not."""
    patience = {"socket_connect_timeout": 1, "socket_timeout": 5, "max_retries": None}
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, **patience}


@worker_process_init.connect
def keep_code(**_signal: Any) -> None:
    """What a process begins with stays to its end: a table's rows need not have it looked through
    for garbage again and again, which took a sixth of Python's time for them."""
    gc.collect()
    gc.freeze()
