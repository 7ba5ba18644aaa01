"""What a worker's process does before its first task."""

import gc

from celery.signals import worker_process_init

from omni_stock.celery import app


def test_worker_does_not_look_for_garbage_in_what_it_began_with() -> None:
    assert app.main == "omni_stock"
    began_with, before = len(gc.get_objects()), gc.get_freeze_count()
    try:
        worker_process_init.send(sender=None)
        assert gc.get_freeze_count() - before > began_with // 2
        assert len(gc.get_objects()) < began_with // 2
    finally:
        gc.unfreeze()
