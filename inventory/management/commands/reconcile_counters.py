"""`manage.py reconcile_counters`: do the kept figures of each catalog equal what its items say?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inventory.services import CounterService


class Command(BaseCommand):
    help = "Compare kept figures with the items and mend them; exits with 1 when one was off."

    def handle(self, *args: Any, **options: Any) -> None:
        drift = CounterService.mend()
        for fault in drift:
            self.stderr.write(f"{fault.what} {fault.key}: {fault.column} was {fault.is_now}, "
                              f"the items say {fault.should_be}")  # fmt: skip
        if drift:
            raise CommandError(f"{len(drift)} figures were off, and are mended.")
        self.stdout.write("The figures equal the items.")
