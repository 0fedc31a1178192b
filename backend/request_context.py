"""What happens around every request: its id, its size, its log line, its metrics, its headers."""

import logging
import re
import time
import uuid
from http import HTTPStatus

from flask import Flask, Response, abort, g, request

from backend.logs import request_id
from backend.metrics import HTTP_SECONDS

log = logging.getLogger(__name__)

LARGEST_BODY = 256 * 1024
LARGEST_DRAIN = 16 * 1024 * 1024
RETRY_AFTER_SECONDS = "2"
BUSY_RETRY_AFTER_SECONDS = "60"
KNOWN_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000",
    "Cache-Control": "no-store",
}

# The documentation viewer starts itself from an inline script; everything it loads is ours.
DOCS_PATH = "/api/docs"
DOCS_CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'"
)


def init_app(app: Flask) -> None:
    """Wrap every request of the application."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.before_request(_begin)
    app.before_request(_refuse_large_body)
    app.after_request(_end)
    app.teardown_request(_forget)


def _begin() -> None:
    g.started = time.perf_counter()
    sent = request.headers.get("X-Request-ID", "")
    request_id.set(sent if _GOOD_ID.fullmatch(sent) else uuid.uuid4().hex)


def _refuse_large_body() -> None:
    """Refuse a body by its length, after reading some of it so that the client sees the answer."""
    largest = request.max_content_length or LARGEST_BODY
    length = request.content_length
    if length is None:  # Sent in chunks: werkzeug cuts it off at the limit, and says nothing.
        length = len(request.get_data(cache=True)) + 1
    if length <= largest:
        return
    stream, left = request.environ["wsgi.input"], LARGEST_DRAIN
    while left > 0 and (chunk := stream.read(min(left, 65536))):
        left -= len(chunk)
    abort(413)


def _end(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path == DOCS_PATH:
        response.headers["Content-Security-Policy"] = DOCS_CSP
    response.headers["X-Request-ID"] = request_id.get()
    _settle_retry_after(response)
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    route = request.url_rule.rule if request.url_rule else "unknown"
    method = request.method if request.method in KNOWN_METHODS else "OTHER"
    HTTP_SECONDS.labels(method, route, response.status_code).observe(seconds)
    log.info(
        "request",
        extra={
            "method": method,
            "route": route,
            "status": response.status_code,
            "milliseconds": round(seconds * 1000, 1),
            "customer_id": g.caller.customer_id if "caller" in g else None,
        },
    )
    return response


def _forget(_error: BaseException | None) -> None:
    """Keep what the thread logs between requests from being taken for the last one's."""
    request_id.set("")


def _settle_retry_after(response: Response) -> None:
    """Say when to try again only where trying again is right; the limiter says it on every answer."""
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_AFTER_SECONDS
    elif response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers.setdefault("Retry-After", BUSY_RETRY_AFTER_SECONDS)
    else:
        response.headers.pop("Retry-After", None)
