"""Structured logs that carry the request id and never carry a secret."""

import logging
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

request_id: ContextVar[str] = ContextVar("request_id", default="")

_HIDDEN = "[redacted]"
_NAMES = r"[\w-]*(?:password|passwd|secret|token|cvv|cvc|api_?key|authorization|signature)\w*"
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)
_SECRETS = re.compile(
    r"""
    eyJ[\w-]+\.[\w-]+\.[\w-]*                    # a JWT
    | (?<=://)[^/\s:@"']*:[^/\s@"']+(?=@)        # user:password in a URL
    | \$argon2\w+\$[^\s"'\\]+                    # a password hash
    """,
    re.VERBOSE,
)
_CREDENTIALS = re.compile(r"\b(bearer|basic)\s+[^\s\"',]{8,}", re.IGNORECASE)
_NAMED_SECRETS = re.compile(
    rf"""(["']?\b{_NAMES}["']?\s*[:=]\s*)("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s,}}]+)""", re.IGNORECASE
)
_DIGITS = re.compile(r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?!\w|[.-]\d)")


def redact(text: str) -> str:
    """Blank out whatever looks like a secret or a card number."""
    text = _SECRETS.sub(_HIDDEN, text)
    text = _CREDENTIALS.sub(rf"\1 {_HIDDEN}", text)
    text = _NAMED_SECRETS.sub(rf"\1{_HIDDEN}", text)
    return _DIGITS.sub(lambda found: _HIDDEN if is_card_number(found[0]) else found[0], text)


def redact_all(value: Any) -> Any:
    """Blank out secrets in a structure: by the names of its fields, and inside its texts."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {
            key: _HIDDEN if _SECRET_NAME.fullmatch(str(key)) else redact_all(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set):
        return [redact_all(item) for item in value]
    return _HIDDEN if isinstance(value, int) and is_card_number(str(value)) else value


def is_card_number(text: str) -> bool:
    """Tell whether the digits of a text pass the Luhn check that every card number passes."""
    digits = [int(character) for character in reversed(text) if character.isdigit()]
    doubled = (2 * digit - 9 if digit > 4 else 2 * digit for digit in digits[1::2])
    return 13 <= len(digits) <= 19 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


class RedactingFormatter(JsonFormatter):
    """Writes one JSON object a line, without its secrets."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Blank out secrets in the message, the extra fields and the traceback."""
        processed: dict[str, Any] = redact_all(super().process_log_record(log_data))
        return processed


class RequestIdFilter(logging.Filter):
    """Puts the id of the request being served on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id; never drop a record."""
        record.request_id = request_id.get()
        return True


def configure(level: str) -> None:
    """Send everything to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        RedactingFormatter(
            "{asctime}{levelname}{name}{message}{request_id}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )
    )
    handler.addFilter(RequestIdFilter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("pymongo").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.INFO)  # It would write addresses with token ids in them.
