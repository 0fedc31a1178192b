"""Which certificates are believed to be PayPal's."""

from datetime import timedelta
from pathlib import Path

import certifi
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from backend.gateways.errors import NotConfigured
from backend.gateways.paypal_webhooks import PayPalWebhooks
from tests.gateways.certificates import NOW, SIGNER, Certificate, authority, ec_key, leaf, rsa_key
from tests.gateways.local_servers import Reply
from tests.gateways.paypal_signer import BODY, INTERMEDIATE, LEAF, ROOT, Signer, refuses, verifier

PATH = "/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270"


@pytest.mark.parametrize("body", [b"", b"no certificate", b"\xff\xfe", LEAF.pem[:-60], b"x" * 100_000])
def test_what_is_no_certificate_is_refused(signer: Signer, webhooks: PayPalWebhooks, body: bytes) -> None:
    signer.server.answer = lambda _: Reply(body)

    assert refuses(webhooks, signer.headers())


STRANGER = authority("Somebody")


@pytest.mark.parametrize(
    "chain",
    [
        pytest.param([leaf(None)], id="signed by itself"),
        pytest.param([leaf(STRANGER), STRANGER], id="by an authority nobody knows"),
        pytest.param([LEAF], id="without its intermediate"),
        pytest.param([leaf(LEAF), LEAF, INTERMEDIATE], id="by a certificate that may not sign"),
        pytest.param([leaf(ROOT, ends=NOW - timedelta(seconds=1))], id="expired"),
        pytest.param([leaf(ROOT, begins=NOW + timedelta(seconds=1))], id="not begun"),
        pytest.param([leaf(ROOT, names=("evil.io",))], id="for another name"),
        pytest.param([leaf(ROOT, names=("paypal.com.evil.io",))], id="for a name that begins alike"),
        pytest.param([leaf(ROOT, names=("evilpaypal.com",))], id="for a name that ends alike"),
        pytest.param([leaf(ROOT, names=())], id="for no name"),
        pytest.param([leaf(ROOT, key=rsa_key(1024))], id="with a weak key"),
        pytest.param([leaf(ROOT, purpose=ExtendedKeyUsageOID.EMAIL_PROTECTION)], id="for another purpose"),
    ],
)
def test_a_certificate_that_is_not_paypals_is_refused(
    signer: Signer, webhooks: PayPalWebhooks, chain: list[Certificate]
) -> None:
    signer.uses(*chain)

    assert refuses(webhooks, signer.headers())


def test_a_key_that_is_not_rsa_is_refused(signer: Signer, webhooks: PayPalWebhooks) -> None:
    headers = signer.headers()
    signer.uses(leaf(ROOT, key=ec_key()))

    assert refuses(webhooks, headers)


def test_the_name_may_be_the_second_one(signer: Signer, webhooks: PayPalWebhooks) -> None:
    signer.uses(leaf(ROOT, names=("paypal.example", SIGNER)))

    webhooks.verify(BODY, signer.headers())


def test_test_roots_do_not_vouch_without_being_named(signer: Signer) -> None:
    assert refuses(verifier(signer.server.url, certifi.where()), signer.headers())


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_roots_that_cannot_be_read_are_a_missing_setting(
    signer: Signer, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "roots.pem"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(NotConfigured):
        verifier(signer.server.url, file).verify(BODY, signer.headers())
