"""Lets one of many things break off without keeping the others from being done."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from backend.db import Document, is_away
from backend.errors import AppError

log = logging.getLogger(__name__)

T = TypeVar("T")


class BrokenOff(AppError):
    """Something has gone wrong that nobody has foreseen."""

    code, message = "BROKEN_OFF", "Something has gone wrong that nobody has foreseen. The log says what."


def foreseen(deed: Callable[[], T]) -> T:
    """Do one thing; whatever goes wrong is an error of ours, unless the database is away from us all."""
    try:
        return deed()
    except AppError:
        raise
    except Exception as error:
        if is_away(error):
            raise
        log.exception("something broke off")
        raise BrokenOff from error


def readable(documents: Iterable[Document], read: Callable[[Document], T]) -> Iterator[T]:
    """Read row after row; one that cannot be read is logged and left alone."""
    for document in documents:
        try:
            yield read(document)
        except (KeyError, ValueError, TypeError, AttributeError):
            log.exception("a row cannot be read", extra={"id": document.get("_id")})
