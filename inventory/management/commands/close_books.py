"""`manage.py close_books`: adds up the ledger now, as beat does every night."""

from typing import Any

from django.core.management.base import BaseCommand

from inventory.services import ClosingService


class Command(BaseCommand):
    help = "Make the closings that questions about the past begin with; after a large import."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{ClosingService.close()} closings made.")
