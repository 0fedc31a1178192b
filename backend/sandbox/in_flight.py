"""Knows which idempotency keys belong to a request that is still being worked on."""

import re
import threading

from flask import Request, g

_REFUND = re.compile(r"^/v1/(payments/[^/]+/refund|refunds)$")


class InFlight:
    """The keys in use; a second request with one of them has to come again later."""

    def __init__(self) -> None:
        self._keys: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def claim(self, request: Request) -> bool:
        """Note the request's key, if it has one; False means that it is taken."""
        key = _key_of(request)
        if key is None:
            return True
        with self._lock:
            if key in self._keys:
                return False
            self._keys.add(key)
        g.claimed_key = key
        return True

    def release(self) -> None:
        """Give back the current request's key; doing so twice does no harm."""
        key = g.pop("claimed_key", None)
        with self._lock:
            self._keys.discard(key)


def _key_of(request: Request) -> tuple[str, str] | None:
    if request.method != "POST":
        return None
    if _REFUND.match(request.path):
        value = request.headers.get("X-Refund-Idempotency")
        return ("razorpay", value) if value else None
    value = request.headers.get("PayPal-Request-Id")
    return (request.path, value) if value else None
