"""Believes a webhook only if PayPal has signed it for our own subscription."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from backend.gateways.errors import GatewayRefused, NotConfigured, WebhookSignatureInvalid
from backend.gateways.outgoing import Outgoing
from backend.gateways.paypal_certificates import CertificateStore
from backend.gateways.resilience import KEYS_REFUSED
from backend.gateways.settings import PayPalSettings

ALGORITHM = "SHA256withRSA"
OLDEST = timedelta(days=4)  # PayPal tries again for three days.
AHEAD = timedelta(minutes=10)

# The bar separates the parts of what is signed, so no part may hold one.
_PLAIN = re.compile(r"[!-{}~]{1,500}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    """What PayPal's headers say about one delivery."""

    id: str
    time: str
    signature: str
    certificate_url: str
    algorithm: str

    @property
    def sent_at(self) -> datetime:
        """When PayPal says that it sent this."""
        try:
            found = datetime.fromisoformat(self.time)
        except ValueError:
            raise WebhookSignatureInvalid from None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    @property
    def signature_bytes(self) -> bytes:
        """The signature itself."""
        try:
            return base64.b64decode(self.signature, validate=True)
        except binascii.Error:
            raise WebhookSignatureInvalid from None

    def signed_bytes(self, raw: bytes, webhook_id: str) -> bytes:
        """Rebuild what PayPal signed: the body counts by its checksum only."""
        return f"{self.id}|{self.time}|{webhook_id}|{zlib.crc32(raw)}".encode()


def read_transmission(headers: Mapping[str, str]) -> Transmission:
    """Read the headers; every one of them must be there and plain."""
    return Transmission(
        id=_plain(headers, "paypal-transmission-id"),
        time=_plain(headers, "paypal-transmission-time"),
        signature=_plain(headers, "paypal-transmission-sig"),
        certificate_url=_plain(headers, "paypal-cert-url"),
        algorithm=_plain(headers, "paypal-auth-algo"),
    )


class PayPalWebhooks:
    """Checks signatures itself, or asks PayPal to."""

    def __init__(
        self,
        settings: PayPalSettings,
        *,
        outgoing: Outgoing,
        ask_paypal: Callable[[bytes], Mapping[str, Any]],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._ask_paypal = ask_paypal
        self._now = now
        self._certificates = CertificateStore(settings, outgoing=outgoing, now=now)

    def verify(self, raw: bytes, headers: Mapping[str, str]) -> None:
        """Raise WebhookSignatureInvalid unless PayPal sent this to our subscription, and lately."""
        if not self._settings.webhook_id:
            raise NotConfigured("PayPal's webhooks are not configured.")
        transmission = read_transmission(headers)
        if transmission.algorithm != ALGORITHM:
            raise WebhookSignatureInvalid
        if not -OLDEST <= transmission.sent_at - self._now() <= AHEAD:
            raise WebhookSignatureInvalid
        if self._settings.verifies_by_postback:
            self._check_by_postback(raw, transmission)
        else:
            self._check(raw, transmission)

    def _check(self, raw: bytes, transmission: Transmission) -> None:
        signature = transmission.signature_bytes
        signed = transmission.signed_bytes(raw, self._settings.webhook_id)
        key = self._certificates.key_at(transmission.certificate_url)
        try:
            key.verify(signature, signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            raise WebhookSignatureInvalid from None

    def _check_by_postback(self, raw: bytes, transmission: Transmission) -> None:
        question = postback_question(raw, transmission, self._settings.webhook_id)
        try:
            answer = self._ask_paypal(question)
        except GatewayRefused as error:
            if error.details.get("reason") == KEYS_REFUSED:
                raise
            raise WebhookSignatureInvalid from error
        if answer.get("verification_status") != "SUCCESS":
            raise WebhookSignatureInvalid


def postback_question(raw: bytes, transmission: Transmission, webhook_id: str) -> bytes:
    """Write the question whether a webhook is PayPal's, with the body byte for byte as it came.

    A body that is one JSON value cannot add anything to the question around it.
    """
    try:
        json.loads(raw.decode())
    except (ValueError, RecursionError):
        raise WebhookSignatureInvalid from None
    fields = {
        "auth_algo": transmission.algorithm,
        "cert_url": transmission.certificate_url,
        "transmission_id": transmission.id,
        "transmission_sig": transmission.signature,
        "transmission_time": transmission.time,
        "webhook_id": webhook_id,
    }
    return json.dumps(fields).encode().removesuffix(b"}") + b', "webhook_event": ' + raw + b"}"


def _plain(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not _PLAIN.fullmatch(value):
        raise WebhookSignatureInvalid
    return value
