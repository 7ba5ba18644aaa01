"""One log line per fact, to standard error, with the request's id on every one of them."""

import json
import logging
import os
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from core.context import current_request_id


def _add_request_id(_logger: Any, _method: str, facts: Any) -> Any:
    if request_id := current_request_id():
        facts.setdefault("request_id", request_id)
    return facts


_FROM: list[Any] = [
    _add_request_id,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
]
_WHEN = structlog.processors.TimeStamper(fmt="iso", utc=True)


# What a record of ours has besides its facts, which nobody asks for.
_UNASKED = vars(logging.makeLogRecord({"levelno": logging.INFO, "levelname": "INFO"}))


def tell(logger: logging.Logger, event: str, **facts: object) -> None:
    """What structlog's `info` would say, for the line that each call says: of it neither the way
    there is found out anew, nor the thread that says it."""
    if logger.isEnabledFor(logging.INFO):
        now = datetime.now(UTC)
        facts |= {"event": event, "logger": logger.name, "level": "info"}
        facts["timestamp"] = now.isoformat().replace("+00:00", "Z")
        record = logging.LogRecord.__new__(logging.LogRecord)
        vars(record).update(_UNASKED, name=logger.name, msg=facts, created=now.timestamp())
        vars(record).update(msecs=now.microsecond // 1000, process=os.getpid())
        vars(record).update(_logger=logger, _name="info")
        logger.handle(record)


def logging_config(*, style: str, level: str) -> dict[str, Any]:
    """Django's `LOGGING`: `style` is `json` (machines) or `console` (people)."""
    # Nobody is told from which line a fact comes, so none is asked; by which process and thread the
    # servers' own lines tell.
    logging._srcfile = None  # noqa: SLF001
    structlog.configure(
        processors=[*_FROM, _WHEN, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    last: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]
        if style == "json"
        else [structlog.dev.ConsoleRenderer(colors=False)]
    )
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": _Formatter,
                "foreign_pre_chain": [*_FROM, structlog.stdlib.ExtraAdder(), _WHEN],
                "processors": [remove_meta, *last],
            }
        },
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            # Every request has its own line from core.middleware; these would repeat it.
            "django.server": {"handlers": [], "propagate": False},
            "django.request": {"level": "ERROR"},
        },
    }


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """structlog's; of its own facts it makes no record anew, for there is one handler."""

    def format(self, record: logging.LogRecord) -> str:
        known: dict[str, Any] = record.__dict__
        if "_name" not in known:
            return super().format(record)
        said: Any = {**known["msg"], "_record": record, "_from_structlog": True}
        for process in self.processors:
            said = process(known["_logger"], known["_name"], said)
        return str(said)


def _json(facts: dict[str, Any], default: Any, **_options: Any) -> str:
    """What a library logs may have keys of any kind, or a number too large: `default` prints it."""
    try:
        return str(orjson.dumps(facts, default, orjson.OPT_NON_STR_KEYS), "utf-8")
    except TypeError:
        return json.dumps(facts, default=default)
