"""`manage.py purge_idempotency_keys`: what the worker does every hour, now."""

from typing import Any

from django.core.management.base import BaseCommand

from core.idempotency import purge_expired


class Command(BaseCommand):
    help = "Forget the idempotency keys that are older than a day, with the answers kept for them."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{purge_expired()} keys removed.")
