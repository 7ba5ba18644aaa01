"""`manage.py purge_expired_tokens`: what the worker does every night, now."""

from typing import Any

from django.core.management.base import BaseCommand

from users.services import EmailTokenService, SessionService


class Command(BaseCommand):
    help = "Remove sessions and e-mailed tokens whose time is over."

    def handle(self, *args: Any, **options: Any) -> None:
        sessions, links = SessionService.purge_expired(), EmailTokenService.purge_expired()
        self.stdout.write(f"{sessions} sessions and {links} e-mailed tokens removed.")
