"""One way out to other people's servers: no redirects, bounded in time and size, failures in our words."""

import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar

from backend.gateways.errors import GatewayError, GatewayTimeout, GatewayUnavailable

POOL_SIZE = 64  # As many connections may be kept as one process has threads.
LARGEST_ANSWER = 1 << 20

log = logging.getLogger(__name__)


class AnswerTooLarge(GatewayError):
    """The answer was longer than anything we have a use for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, read to its end."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes = b""

    def json(self) -> Any:
        """Read the body; raises GatewayError for one that is not JSON."""
        try:
            return json.loads(self.content.decode())
        except ValueError as error:
            raise GatewayError from error


class _NoCookies(RequestsCookieJar):
    """Keeps nothing, because one session serves many customers."""

    def set_cookie(self, *_: Any, **__: Any) -> None:
        """Forget it."""


class Outgoing:
    """Sends requests over kept connections; safe to share between threads."""

    def __init__(self, *, timeout: tuple[float, float], cert_file: str | None = None) -> None:
        self._timeout = timeout
        self._session = requests.Session()
        self._session.cookies = _NoCookies()
        # Otherwise a .netrc file would replace the Authorization header.
        self._session.auth = _as_it_is
        self._session.cert = cert_file
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=POOL_SIZE, max_retries=0))

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        largest: int = LARGEST_ANSWER,
        ca_file: str | None = None,
    ) -> Answer:
        """Send a request and read the answer, whatever its status."""
        try:
            with self._session.request(
                method,
                url,
                headers=dict(headers or {}),
                data=data,
                timeout=self._timeout,
                allow_redirects=False,
                verify=ca_file or certifi.where(),
                stream=True,
            ) as response:
                content = _read(response, largest)
        except requests.RequestException as error:
            # The original names the address, and addresses may hold tokens.
            raise failure(error) from None
        return Answer(status_code=response.status_code, headers=response.headers, content=content)


def failure(error: requests.RequestException) -> GatewayError:
    """Translate a network failure: was nothing sent, was it too slow, or is the outcome open?"""
    causes = _causes(error)
    log.warning("No answer from another server: %s", " < ".join(type(cause).__name__ for cause in causes))
    if isinstance(error, requests.ConnectTimeout) or any(isinstance(cause, NEVER_SENT) for cause in causes):
        return GatewayUnavailable()
    if any(isinstance(cause, TOO_SLOW) for cause in causes):
        return GatewayTimeout()
    return GatewayError()


NEVER_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
    ssl.SSLCertVerificationError,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
TOO_SLOW = (requests.Timeout, urllib3.exceptions.ReadTimeoutError)


def _causes(error: BaseException) -> list[BaseException]:
    """List an error and what it wraps; requests keeps causes as arguments, urllib3 as reasons."""
    found = [error]
    for cause in found:
        inner = [*cause.args, getattr(cause, "reason", None)]
        found += [one for one in inner if isinstance(one, BaseException) and one not in found]
    return found


def _read(response: requests.Response, largest: int) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(8192):
        content += chunk
        if len(content) > largest:
            raise AnswerTooLarge
    return bytes(content)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
