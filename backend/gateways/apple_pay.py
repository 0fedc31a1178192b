"""Asks Apple for the session that lets a browser pay with Apple Pay."""

import json
import logging
import re
import ssl
from typing import Any

from backend.errors import Invalid
from backend.gateways.errors import GatewayError, GatewayRefused, NotConfigured
from backend.gateways.outgoing import Answer, Outgoing
from backend.gateways.resilience import Line
from backend.gateways.settings import ApplePaySettings

PATH = "/paymentservices/paymentSession"
LONGEST_NAME = 64
UNDECIDED = frozenset({408, 425, 429})

_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")

log = logging.getLogger(__name__)


class ApplePay:
    """Shows Apple our merchant certificate; where to is fixed, whatever a browser asks for."""

    def __init__(
        self,
        settings: ApplePaySettings,
        *,
        line: Line | None = None,
        base_url: str | None = None,
        ca_file: str | None = None,
    ) -> None:
        self._settings = settings
        self._line = line or Line("apple_pay")
        self._url = (base_url or f"https://{settings.host}") + PATH
        self._ca_file = ca_file
        self._outgoing = Outgoing(timeout=self._line.patience.timeout, cert_file=settings.cert_file or None)

    def merchant_session(self, domain: str) -> dict[str, Any]:
        """Give Apple's session for a domain of ours, unchanged; it works once and for five minutes."""
        if not self._settings.is_configured or not _is_certificate(self._settings.cert_file):
            raise NotConfigured("Apple Pay is not configured.")
        if not _DOMAIN.fullmatch(domain):
            raise Invalid("The domain is not a domain.")
        # A session that nobody uses costs nothing, so another may be asked for.
        return self._line.call("merchant_session", lambda: self._ask(domain), is_repeatable=True)

    def _ask(self, domain: str) -> dict[str, Any]:
        body = {
            "merchantIdentifier": self._settings.merchant_id,
            "displayName": self._settings.display_name[:LONGEST_NAME],
            "initiative": "web",
            "initiativeContext": domain,
        }
        answer = self._outgoing.send(
            "POST",
            self._url,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            data=json.dumps(body).encode(),
            ca_file=self._ca_file,
        )
        return _session(answer)


def _is_certificate(path: str) -> bool:
    """Tell whether the file holds a certificate and its key; a key with a password is asked for none."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(path, password="")
    except OSError as error:
        log.error("APPLE_PAY_CERT_FILE cannot be used: %s", type(error).__name__)
        return False
    return True


def _session(answer: Answer) -> dict[str, Any]:
    if answer.status_code != 200:
        log.warning("Apple Pay answered %s", answer.status_code)
        is_no = 400 <= answer.status_code < 500 and answer.status_code not in UNDECIDED
        failure = GatewayRefused if is_no else GatewayError
        raise failure(gateway="apple_pay", reason=f"status {answer.status_code}")
    found = answer.json()
    if not isinstance(found, dict):
        raise GatewayError(gateway="apple_pay", reason="unreadable")
    return found
