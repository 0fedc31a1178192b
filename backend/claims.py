"""Deeds whose rows others may change meanwhile: looked at again and tried again, for a while."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from backend.errors import ClaimLost, ServiceUnavailable

MAX_TRIES = 10

T = TypeVar("T")


def decided_anew(deed: Callable[[], T], *, too_busy: str) -> T:
    """Do what is decided by how rows stand; when a claim on one is lost, look and decide again."""
    for attempt in range(MAX_TRIES):
        try:
            return deed()
        except ClaimLost:
            time.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311
    raise ServiceUnavailable(too_busy)
