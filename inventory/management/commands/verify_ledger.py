"""`manage.py verify_ledger`: is every movement as it was written, and none missing?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inventory.models import Collectible
from inventory.selectors import find_tampering, get_ledger_head


class Command(BaseCommand):
    help = "Check the chain of digests of every item; exits with 1 and names what does not fit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--item", type=int, help="only this item, by id")

    def handle(self, *args: Any, **options: Any) -> None:
        item = options["item"]
        if item is not None and not Collectible.all_objects.filter(pk=item).exists():
            raise CommandError(f"There is no item {item}.")
        faults = find_tampering(item)
        for fault in faults:
            self.stderr.write(f"item {fault.item}, movement {fault.movement}: {fault.fault}")
        if faults:
            raise CommandError(f"{len(faults)} movements are not as they were written.")
        head = get_ledger_head(item)
        self.stdout.write(f"{head.movements} movements are as they were written.")
        self.stdout.write(f"Head {head.digest} (keep it elsewhere, and compare).")
