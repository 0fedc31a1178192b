"""What Razorpay's answers mean, found out before its SDK drops their status."""

import logging
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from backend.gateways.errors import GatewayBusy, GatewayError, GatewayNotFound, GatewayRefused
from backend.gateways.outgoing import POOL_SIZE, failure
from backend.gateways.resilience import KEYS_REFUSED

# Codes of faults on Razorpay's side, or on the banks' behind it, whatever the status.
NOT_OUR_FAULT = ("GATEWAY_ERROR", "SERVER_ERROR")
# Razorpay answers 400 and one of these where others would answer 404.
NOT_FOUND = ("does not exist", "is not a valid id")

log = logging.getLogger(__name__)


class RazorpaySession(requests.Session):
    """A session, safe to share between threads, from which only usable answers come back."""

    def __init__(self, api_url: str) -> None:
        super().__init__()
        # One address: its proxy is looked up once, and not anew for each request.
        self.proxies.update(get_environ_proxies(api_url))
        self.trust_env = False
        # One session serves many customers, so it keeps no cookies.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(pool_maxsize=POOL_SIZE, max_retries=0))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request; raises GatewayError or one of its kinds for all but a good answer."""
        kwargs["allow_redirects"] = False
        try:
            response = super().request(method, url, *args, **kwargs)
        except requests.RequestException as error:
            raise failure(error) from error
        check(response)
        return response


def check(response: requests.Response) -> None:
    """Raise what an answer means, unless it is a good one."""
    status = response.status_code
    if status == 204:
        return
    if status == 401:
        log.error("razorpay: the keys are refused (%s)", urlsplit(response.url).path)
        raise GatewayRefused(gateway="razorpay", reason=KEYS_REFUSED)
    body = _body(response)
    if 200 <= status < 300:
        return
    raise _meaning(status, body.get("error"))


def _body(response: requests.Response) -> dict[str, Any]:
    """Read the answer's JSON object; a page of some proxy in between is not Razorpay's word."""
    try:
        body = response.json()
    except (ValueError, RecursionError) as error:
        raise _unclear(response.status_code) from error
    if not isinstance(body, dict):
        raise _unclear(response.status_code)
    return body


def _meaning(status: int, error: Any) -> GatewayError:
    """Tell a no, after which nothing has happened, from a failure that leaves it open."""
    details = error if isinstance(error, dict) else {}
    description = str(details.get("description") or "")
    if status == 429:
        return GatewayError("The payment gateway is busy. Please try again in a moment.", gateway="razorpay")
    if status == 409:  # An earlier refund of the same idempotency key is still being worked on.
        return GatewayBusy(gateway="razorpay")
    is_no = 400 <= status < 500 and status != 408 and details
    if not is_no or details.get("code") in NOT_OUR_FAULT:
        return _unclear(status)
    if status == 404 or any(text in description for text in NOT_FOUND):
        return GatewayNotFound(gateway="razorpay", reason=description)
    return GatewayRefused(gateway="razorpay", reason=description)


def _unclear(status: int) -> GatewayError:
    log.warning("razorpay: answered %d, which leaves the outcome open", status)
    return GatewayError(gateway="razorpay")
