"""Whatever the tests do, no secret gets into a log: every line is read, as production writes it.

A secret is what looks like one (a JWT, a mailed link, an `Authorization`), what signs, and what a
test sent as one: that is learnt from the requests as they come in.
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from logging.config import DictConfigurator
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.signals import request_started
from django.db import connection
from django.test.client import FakePayload
from django.test.signals import setting_changed
from psycopg.pq import TransactionStatus

from core.logging import logging_config
from core.models import AuditLog
from tests.factories import NEW_PASSWORD, PASSWORD
from users.tokens import key_ring

LOOKS_SECRET = re.compile(
    r"eyJ[\w-]{8,}\.eyJ|token=[\w-]{20}|Bearer [\w.+/=-]{8,}"
    # Not a “Basic Building Set”: what is encoded has a digit, or is filled up.
    r"|Basic (?=[\w+/]*[\d=])[\w+/=]{8,}"
)
# In JSON and in forms. Shorter ones are words, found in every second line.
SENT = re.compile(
    rb'"\w*(?:password|token|secret|refresh|access)\w*"(?:: ?"|\r\n\r\n)([^"\r\n]{8,})'
)
INERROR = TransactionStatus.INERROR
SIGNS = {"SECRET_KEY", "SETUP_SECRET", "JWT_SIGNING_KEYS"}
# They log what the tests do, not what the product does.
TOOLS = ["factory", "faker"]


class Watch(logging.Handler):
    """Keeps the lines of one test, and the secrets that were used in it."""

    def __init__(self) -> None:
        super().__init__()
        form = logging_config(style="json", level="DEBUG")["formatters"]["structured"]
        self.setFormatter(DictConfigurator({}).configure_formatter(form))
        self._always = {PASSWORD, NEW_PASSWORD, settings.SECRET_KEY, str(key_ring().signing_key)}
        self.forget()

    def forget(self) -> None:
        self.lines: list[str] = []
        self._secrets = set(self._always)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def leaks(self) -> list[str]:
        """The lines that hold a secret."""
        return self.with_secrets(self.lines)

    def leaks_in_audit(self) -> list[Any]:
        """The same of the audit log, where a test has not left its transaction broken."""
        line = connection.connection
        if connection.needs_rollback or (line and line.info.transaction_status == INERROR):
            return []
        rows = AuditLog.objects.values_list("user", "action", "details", "before", "after")
        return self.with_secrets(rows)

    def with_secrets(self, things: Iterable[Any]) -> list[Any]:
        for message in getattr(mail, "outbox", []):
            self._secrets.update(re.findall(r"token=(\S+)", str(message.body)))
        words = self._secrets | {json.dumps(word)[1:-1] for word in self._secrets}
        texts = ((thing, str(thing)) for thing in things)
        return [
            thing
            for thing, text in texts
            if LOOKS_SECRET.search(text) or any(word in text for word in words)
        ]

    @contextmanager
    def everywhere(self) -> Iterator["Watch"]:
        """On every logger there is, whether or not it tells the root, from DEBUG upwards."""
        for name in TOOLS:
            logging.getLogger(name).setLevel(logging.INFO)
        loggers = [each for each in _loggers() if not each.propagate or each is logging.root]
        for logger in loggers:
            logger.addHandler(self)
        level = logging.root.level
        logging.root.setLevel(logging.DEBUG)
        request_started.connect(self._learn_from_request)
        setting_changed.connect(self._learn_from_setting)
        yield self
        setting_changed.disconnect(self._learn_from_setting)
        request_started.disconnect(self._learn_from_request)
        logging.root.setLevel(level)
        for logger in loggers:
            logger.removeHandler(self)

    def _learn_from_request(self, environ: dict[str, Any] | None = None, **_more: Any) -> None:
        environ = environ or {}  # ASGI has none
        _scheme, _, credentials = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if credentials:
            self._secrets.add(credentials)
        body = environ.get("wsgi.input")
        if isinstance(body, FakePayload) and 0 < len(body) < 64 * 1024:
            content = body.read()
            environ["wsgi.input"] = FakePayload(content)  # it can be read once
            self._secrets.update(found.decode() for found in SENT.findall(content))

    def _learn_from_setting(self, setting: str, value: Any, **_more: Any) -> None:
        if setting in SIGNS and value:
            self._secrets.update(value.values() if isinstance(value, dict) else [value])


def _loggers() -> list[logging.Logger]:
    known = logging.root.manager.loggerDict.values()
    return [logging.root, *(each for each in known if isinstance(each, logging.Logger))]
