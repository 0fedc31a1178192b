"""PayPal's SDK made fit for money: timeouts, one re-authentication at most, and no secret in any log."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from paypalrestsdk import Api, exceptions

from backend.gateways.errors import GatewayBusy, GatewayError, GatewayNotFound, GatewayRefused
from backend.gateways.outgoing import Answer, Outgoing
from backend.gateways.paypal_json import GATEWAY, as_words
from backend.gateways.resilience import KEYS_REFUSED
from backend.gateways.settings import PayPalSettings

Json = dict[str, Any]

TOKEN_PATH = "/v1/oauth2/token"  # noqa: S105
MARGIN_SECONDS = 60.0
# They leave open what happens to the request, or to an earlier one that is still at work.
UNDECIDED_STATUSES = frozenset({408, 409, 425, 429})
UNDECIDED_ISSUES = frozenset({"PREVIOUS_REQUEST_IN_PROGRESS"})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Token:
    type: str
    value: str
    good_until: float


class PayPalApi(Api):  # type: ignore[misc]
    """The SDK's HTTP and OAuth layer; every failure is one of backend.gateways.errors."""

    def __init__(
        self,
        settings: PayPalSettings,
        *,
        timeout: tuple[float, float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(
            mode="live",  # With any other word the SDK logs headers and bodies.
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            endpoint=settings.api_url.rstrip("/"),
        )
        self._outgoing = Outgoing(timeout=timeout)
        self._clock = clock
        self._refreshing = threading.Lock()
        self._token: _Token | None = None
        self._refusal: tuple[float, GatewayError] | None = None

    def request(
        self,
        url: str,
        method: str,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
        refresh_token: str | None = None,
    ) -> Json:
        """Make an API call; the SDK's get, post and delete come through here."""
        data = None if body is None else json.dumps(body).encode()
        return self.send(url, method, data, headers or {})

    def post_raw(self, path: str, data: bytes) -> Json:
        """Post bytes exactly as they are."""
        return self.send(f"{self.endpoint}/{path}", "POST", data, {})

    def send(self, url: str, method: str, data: bytes | None, headers: Mapping[str, str]) -> Json:
        """Send with an access token; one that was revoked is replaced once."""
        token = self._valid_token()
        try:
            return self._call(url, method, data, headers, token)
        except exceptions.UnauthorizedAccess:
            self._forget(token)
        try:
            return self._call(url, method, data, headers, self._valid_token())
        except exceptions.UnauthorizedAccess:
            raise _keys_refused() from None

    def _call(
        self, url: str, method: str, data: bytes | None, headers: Mapping[str, str], token: _Token
    ) -> Json:
        authorization = {"Authorization": f"{token.type} {token.value}", "Content-Type": "application/json"}
        return self.http_call(url, method, data=data, headers={**headers, **authorization})

    def http_call(
        self, url: str, method: str, *, data: bytes | None = None, headers: Mapping[str, str]
    ) -> Json:
        """Make one HTTP exchange; only a 401 leaves as the SDK's own exception."""
        always = {"Accept": "application/json", "User-Agent": self.user_agent}
        answer = self._outgoing.send(method, url, headers={**headers, **always}, data=data)
        try:
            found = self.handle_response(answer, answer.content.decode())
        except exceptions.UnauthorizedAccess:
            raise
        except (exceptions.ConnectionError, ValueError):
            # The SDK's exception is left behind: its text is PayPal's whole answer.
            raise _failure(answer) from None
        if not isinstance(found, dict):
            raise GatewayError
        return found

    def get_token_hash(
        self,
        authorization_code: str | None = None,
        refresh_token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        """Give the access token in the SDK's form."""
        token = self._valid_token()
        return {"token_type": token.type, "access_token": token.value}

    def _valid_token(self) -> _Token:
        """Give the token that all threads share; one of them renews it while the others wait.

        Those that waited for a failure fail with it, rather than each asking again in turn.
        """
        asked_at = self._clock()
        with self._refreshing:
            if self._token and self._clock() < self._token.good_until:
                return self._token
            if self._refusal and self._refusal[0] > asked_at:
                raise type(self._refusal[1])(**self._refusal[1].details)
            try:
                self._token = self._new_token()
            except GatewayError as error:
                self._refusal = (self._clock(), error)
                raise
            return self._token

    def _forget(self, token: _Token) -> None:
        """Drop a token that was refused, unless another thread has renewed it already."""
        with self._refreshing:
            if self._token == token:
                self._token = None

    def _new_token(self) -> _Token:
        headers = {
            "Authorization": f"Basic {self.basic_auth()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        asked_at = self._clock()
        try:
            found = self.http_call(
                self.endpoint + TOKEN_PATH, "POST", data=b"grant_type=client_credentials", headers=headers
            )
        except exceptions.UnauthorizedAccess:
            raise _keys_refused() from None
        value, seconds = found.get("access_token"), found.get("expires_in")
        if not isinstance(value, str) or not isinstance(seconds, int):
            raise GatewayError
        margin = min(MARGIN_SECONDS, seconds / 10)
        return _Token(str(found.get("token_type") or "Bearer"), value, asked_at + seconds - margin)


def _keys_refused() -> GatewayRefused:
    log.error("PayPal refuses our keys: check PAYPAL_CLIENT_ID, PAYPAL_CLIENT_SECRET and PAYPAL_API_URL")
    return GatewayRefused(gateway=GATEWAY, reason=KEYS_REFUSED)


def _failure(answer: Answer) -> GatewayError:
    """Tell a considered no from a failure, and log what PayPal's support will ask for."""
    name, issue = _name_and_issue(answer)
    details = {"gateway": GATEWAY, "reason": as_words(issue or name or "") or None, "issue": issue}
    log.warning(
        "PayPal answered %s: %s %s (debug id %s)",
        *(answer.status_code, name, issue, answer.headers.get("PayPal-Debug-Id")),
    )
    is_no = 400 <= answer.status_code < 500 and answer.status_code not in UNDECIDED_STATUSES
    if answer.status_code == 409 or issue in UNDECIDED_ISSUES:
        return GatewayBusy(**details)
    if not is_no or name is None:
        return GatewayError(**details)
    if answer.status_code == 404:
        return GatewayNotFound(**details)
    return GatewayRefused(**details)


def _name_and_issue(answer: Answer) -> tuple[str | None, str | None]:
    """Find PayPal's words for an error; a proxy's page has none, and decides nothing."""
    try:
        found = answer.json()
    except GatewayError:
        return None, None
    if not isinstance(found, dict):
        return None, None
    name = found.get("name") or found.get("error")
    details = found.get("details")
    first = details[0] if isinstance(details, list) and details else None
    issue = first.get("issue") if isinstance(first, dict) else None
    return _word(name), _word(issue)


def _word(value: object) -> str | None:
    return value[:80] if isinstance(value, str) and value else None
