"""What each provider says when something is wrong on its side."""

import re
from typing import Any

from backend.sandbox import ids

_OWNERS = (
    (re.compile(r"^/(v1/(oauth2|notifications|reporting)/|v[23]/|checkoutnow|agreements/)"), "paypal"),
    (re.compile(r"^/(v1/|methods$)"), "razorpay"),
    (re.compile(r"^/2010-04-01/"), "twilio"),
    (re.compile(r"^/v\d+\.\d+/"), "whatsapp"),
)
_PAYPAL_NAMES = {401: "AUTHENTICATION_FAILURE", 429: "RATE_LIMIT_REACHED", 503: "SERVICE_UNAVAILABLE"}
_RAZORPAY_WORDS = {401: "Authentication failed", 429: "Request failed because of too many requests"}


def provider_of(path: str) -> str | None:
    """Tell whose path this is."""
    return next((name for pattern, name in _OWNERS if pattern.match(path)), None)


def html_page(status: int) -> str:
    """Give what a proxy answers when the service behind it is away."""
    return f"<html><head><title>{status}</title></head><body><h1>{status} Bad Gateway</h1></body></html>"


def default_body(provider: str | None, status: int) -> dict[str, Any]:
    """Give what this provider says with this status."""
    return _BODIES[provider](status) if provider else {}


def _razorpay(status: int) -> dict[str, Any]:
    code = "BAD_REQUEST_ERROR" if status < 500 else "GATEWAY_ERROR" if status == 502 else "SERVER_ERROR"
    words = _RAZORPAY_WORDS.get(status, "We are facing some trouble completing your request at the moment.")
    return {"error": {"code": code, "description": words, "metadata": {}}}


def _paypal(status: int) -> dict[str, Any]:
    name = _PAYPAL_NAMES.get(status, "INTERNAL_SERVER_ERROR" if status >= 500 else "INVALID_REQUEST")
    return {
        "name": name,
        "message": "An error occurred.",
        "debug_id": ids.debug(),
        "details": [],
        "links": [],
    }


def _whatsapp(status: int) -> dict[str, Any]:
    code = {401: 190, 429: 130429}.get(status, 131000)
    words = f"(#{code}) Something went wrong"
    return {"error": {"message": words, "type": "OAuthException", "code": code, "fbtrace_id": ids.debug()}}


def _twilio(status: int) -> dict[str, Any]:
    code = {401: 20003, 429: 20429}.get(status, 20500)
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": "An error occurred", "more_info": more, "status": status}


_BODIES = {"razorpay": _razorpay, "paypal": _paypal, "whatsapp": _whatsapp, "twilio": _twilio}
PROVIDERS = tuple(_BODIES)
