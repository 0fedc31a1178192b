"""A stand-in for the part of PayPal that signs webhooks, with everything about it open to change."""

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from backend.gateways.errors import WebhookSignatureInvalid
from backend.gateways.outgoing import Outgoing
from backend.gateways.paypal_webhooks import PayPalWebhooks
from backend.gateways.settings import PayPalSettings
from tests.gateways.certificates import NOW, Certificate, authority, leaf
from tests.gateways.local_servers import Asked, LocalServer, Reply

WEBHOOK_ID = "WH-OURS"
BODY = b'{"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED"}'
CERTIFICATE_PATH = "/v1/notifications/certs/CERT-360caa42"

ROOT = authority()
INTERMEDIATE = authority("Test Intermediate", by=ROOT)
LEAF = leaf(INTERMEDIATE)


@dataclass
class Signer:
    """Serves a chain and signs with its leaf."""

    server: LocalServer
    leaf: Certificate = LEAF
    chain: list[Certificate] = field(default_factory=lambda: [LEAF, INTERMEDIATE])

    def __post_init__(self) -> None:
        self.server.answer = self.serve

    def serve(self, asked: Asked) -> Reply:
        return Reply(b"".join(one.pem for one in self.chain))

    def uses(self, certificate: Certificate, *others: Certificate) -> None:
        """Sign with another certificate from now on."""
        self.leaf, self.chain = certificate, [certificate, *others]

    @property
    def url(self) -> str:
        return self.server.url + CERTIFICATE_PATH

    def headers(
        self, raw: bytes = BODY, *, webhook_id: str = WEBHOOK_ID, sent_at: datetime = NOW, **changes: str
    ) -> dict[str, str]:
        time = sent_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = f"tx-1|{time}|{webhook_id}|{zlib.crc32(raw)}".encode()
        signature = self.leaf.key.sign(signed, PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr, call-arg, arg-type]
        known = {
            "paypal-transmission-id": "tx-1",
            "paypal-transmission-time": time,
            "paypal-transmission-sig": base64.b64encode(signature).decode(),
            "paypal-cert-url": self.url,
            "paypal-auth-algo": "SHA256withRSA",
        }
        return known | {f"paypal-{name.replace('_', '-')}": value for name, value in changes.items()}


def verifier(
    api_url: str,
    ca_file: Path | str,
    *,
    now: Callable[[], datetime] = lambda: NOW,
    ask_paypal: Callable[[bytes], dict[str, Any]] = lambda _: {},
    timeout: tuple[float, float] = (5.0, 5.0),
    **changes: Any,
) -> PayPalWebhooks:
    """Give our verifier, trusting the test root and the test server."""
    known: dict[str, Any] = {
        "api_url": api_url,
        "webhook_id": WEBHOOK_ID,
        "webhook_cert_ca": str(ca_file),
        "allows_test_roots": True,
    }
    settings = PayPalSettings(**(known | changes))
    return PayPalWebhooks(settings, outgoing=Outgoing(timeout=timeout), ask_paypal=ask_paypal, now=now)


def refuses(webhooks: PayPalWebhooks, headers: dict[str, str], raw: bytes = BODY) -> bool:
    """See that a message is not believed to be PayPal's."""
    with pytest.raises(WebhookSignatureInvalid):
        webhooks.verify(raw, headers)
    return True
