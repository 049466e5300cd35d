"""Logs as events with fields: what happened and opaque ids, never who or what was said.

Three nets, each enough alone for what we know of: libraries that print addresses, tokens or bodies are silenced; other
libraries show their name, level and error type only; and every field of ours must look like an identifier or a number.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

SILENCED = (
    "aiohttp",
    "aiosqlite",
    "alembic",
    "asyncpg",
    "httpcore",
    "httpx",
    "multipart",
    "python_multipart",
    "requests",
    "sqlalchemy",
    "telegram",
    "twilio",
    "urllib3",
    "uvicorn.access",
    "uvicorn.asgi",
)
"""Loggers that print addresses, tokens, form bodies or SQL parameters; with everything below them, at every level."""

SPEAKING = "uvicorn.error"
"""The one library whose words are shown: it says where the server listens and why it cannot."""

HIDDEN_FIELDS = frozenset({"address", "body", "digest", "location", "message", "name", "phone", "text", "token", "url"})
"""Never shown, whatever they hold."""

HIDDEN = "[hidden]"

_identifier = re.compile(r"[\w.:/+-]{1,80}", re.ASCII)
_personal = re.compile(
    r"(?<![0-9A-Za-z])\+?[0-9](?:[ .()-]*[0-9]){6,}(?![0-9A-Za-z])"  # a telephone number, however it is written
    r"|(?<![\w])[0-9]{6,}:[\w-]{20,}"  # a Telegram bot's token
    r"|(?:AC|SK)[0-9a-f]{32}"  # a Twilio account or key
    r"|@\w{3,}"  # a user name, or the end of an e-mail address
)


def set_up(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Log to a stream (default: standard error), one event a line. The libraries are silenced at every level."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            redact,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_ThroughUs()]
    root.setLevel(max(level, logging.WARNING))
    for name in ("uvicorn", SPEAKING):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
        library.setLevel(level)
    silence()


def silence() -> None:
    """Silence the libraries, and whatever they hold below, even if somebody set a level there."""
    for name in list(logging.Logger.manager.loggerDict):
        if name.startswith(tuple(f"{silenced}." for silenced in SILENCED)):
            logging.getLogger(name).setLevel(logging.NOTSET)
    for name in SILENCED:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [logging.NullHandler()], False
        logger.setLevel(logging.CRITICAL + 1)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave only what cannot be personal: identifiers, numbers, and the type of an error."""
    clean: dict[str, Any] = {}
    for name, value in event.items():
        if name in ("exc_info", "stack_info", "exception"):
            clean["error"] = _error_type(value)
        elif name == "says":
            clean[name] = _personal.sub(HIDDEN, str(value))
        elif name in HIDDEN_FIELDS:
            clean[name] = HIDDEN
        else:
            clean[name] = value if value is None or isinstance(value, bool) else _identifier_only(value)
    return clean


def _identifier_only(value: Any) -> Any:
    if isinstance(value, int | float):
        return value if abs(value) < 10_000_000 else HIDDEN  # a telephone number is a number too
    if isinstance(value, BaseException):
        return type(value).__name__
    text = str(value)
    return text if _identifier.fullmatch(text) and not _personal.search(text) else HIDDEN


def _error_type(value: Any) -> str:
    error = sys.exc_info()[1] if value is True else value[1] if isinstance(value, tuple) else value
    return type(error).__name__ if isinstance(error, BaseException) else "unknown"


class _ThroughUs(logging.Handler):
    """What a library logs, told in our way."""

    def emit(self, record: logging.LogRecord) -> None:
        """Name, level and error type; words only from the server that says where it listens."""
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = type(record.exc_info[1]).__name__
        if record.name == SPEAKING and not record.exc_info:
            fields["says"] = record.getMessage()
        structlog.get_logger().log(record.levelno, "library", **fields)
