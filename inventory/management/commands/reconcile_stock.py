"""`manage.py reconcile_stock`: does everything that is derived equal its sum?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inventory.selectors import find_drift


class Command(BaseCommand):
    help = "Compare levels, lots and quantities with the ledger; exits with 1 when one differs."

    def handle(self, *args: Any, **options: Any) -> None:
        drift = find_drift()
        for fault in drift:
            self.stderr.write(f"{fault.what} {fault.key}: {fault.column} is {fault.is_now}, "
                              f"the ledger says {fault.should_be}")  # fmt: skip
        if drift:
            raise CommandError(f"{len(drift)} figures differ from the ledger.")
        self.stdout.write("Levels, lots and quantities equal the ledger.")
