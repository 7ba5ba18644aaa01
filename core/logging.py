"""One log line per fact, to standard error, with the request's id on every one of them."""

import json
import logging
from typing import Any

import orjson
import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(*, style: str, level: str) -> dict[str, Any]:
    """Django's `LOGGING`: `style` is `json` (machines) or `console` (people)."""
    # Nobody is told from which line a fact comes, so none is asked; by which process and thread the
    # servers' own lines tell.
    logging._srcfile = None  # noqa: SLF001
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
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
                "foreign_pre_chain": _SHARED,
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
        ours = vars(record).get("_name")
        if not ours:
            return super().format(record)
        said: Any = {**vars(record)["msg"], "_record": record, "_from_structlog": True}
        for process in self.processors:
            said = process(vars(record)["_logger"], ours, said)
        return str(said)


def _json(facts: dict[str, Any], default: Any, **_options: Any) -> str:
    """What a library logs may have keys of any kind, or a number too large: `default` prints it."""
    try:
        return str(orjson.dumps(facts, default, orjson.OPT_NON_STR_KEYS), "utf-8")
    except TypeError:
        return json.dumps(facts, default=default)
