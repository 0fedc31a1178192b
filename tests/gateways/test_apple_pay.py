"""How Apple is asked for a session: with our certificate, at Apple's own address."""

import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from backend.errors import Invalid
from backend.gateways.apple_pay import ApplePay
from backend.gateways.errors import (
    GatewayError,
    GatewayRefused,
    GatewayTimeout,
    GatewayUnavailable,
    NotConfigured,
)
from backend.gateways.resilience import PATIENT, Line, Patience
from backend.gateways.settings import ApplePaySettings
from tests.gateways.certificates import authority, leaf
from tests.gateways.controls import HANGS_FOR_SECONDS, IMPATIENT
from tests.gateways.local_servers import LocalServer, Reply

ROOT, STRANGER = authority(), authority("Stranger")
SESSION = {"epochTimestamp": 1, "merchantSessionIdentifier": "SSH", "signature": "3080"}


@pytest.fixture
def apple(tmp_path: Path) -> Iterator[LocalServer]:
    """Serve TLS, to those only who show a certificate of the right authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf(ROOT, names=("127.0.0.1",)).write(tmp_path / "server.pem", with_key=True))
    context.load_verify_locations(ROOT.write(tmp_path / "root.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    with LocalServer(lambda _: Reply(SESSION), tls=context) as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path) -> ApplePaySettings:
    ours = leaf(ROOT, names=("merchant.example",), purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
    cert_file = ours.write(tmp_path / "merchant.pem", with_key=True)
    return ApplePaySettings(merchant_id="merchant.example", cert_file=cert_file, display_name="B" * 100)


def asking(
    settings: ApplePaySettings, apple: LocalServer, ca_file: Path, patience: Patience = PATIENT
) -> ApplePay:
    line = Line("apple_pay", patience=replace(patience, first_seconds=0.0))
    return ApplePay(settings, line=line, base_url=apple.url, ca_file=str(ca_file))


@pytest.fixture
def apple_pay(settings: ApplePaySettings, apple: LocalServer, tmp_path: Path) -> ApplePay:
    return asking(settings, apple, tmp_path / "root.pem")


def test_a_session_comes_back_unchanged(apple: LocalServer, apple_pay: ApplePay) -> None:
    assert apple_pay.merchant_session("shop.example") == SESSION

    [asked] = apple.asked
    assert (asked.method, asked.path) == ("POST", "/paymentservices/paymentSession")
    assert asked.json == {
        "merchantIdentifier": "merchant.example",
        "displayName": "B" * 64,
        "initiative": "web",
        "initiativeContext": "shop.example",
    }


def test_a_certificate_of_somebody_else_gets_no_session(
    settings: ApplePaySettings, apple: LocalServer, tmp_path: Path
) -> None:
    theirs = leaf(STRANGER, names=("x.example",), purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
    cert_file = theirs.write(tmp_path / "theirs.pem", with_key=True)

    with pytest.raises(GatewayError):
        asking(replace(settings, cert_file=cert_file), apple, tmp_path / "root.pem").merchant_session(
            "shop.example"
        )
    assert apple.asked == []


def test_a_server_that_is_not_apple_is_told_nothing(settings: ApplePaySettings, apple: LocalServer) -> None:
    apple_pay = ApplePay(settings, line=Line("apple_pay", patience=IMPATIENT), base_url=apple.url)

    with pytest.raises(GatewayUnavailable):
        apple_pay.merchant_session("shop.example")
    assert apple.asked == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply({}, 400), GatewayRefused),
        (Reply({}, 401), GatewayRefused),
        (Reply({}, 417), GatewayRefused),
        (Reply({}, 429), GatewayError),
        (Reply({}, 500), GatewayError),
        (Reply(b"", 302, {"Location": "/elsewhere"}), GatewayError),
        (Reply(b"<html>"), GatewayError),
        (Reply([1]), GatewayError),
        (Reply(None), GatewayError),
    ],
)
def test_a_failure_says_what_is_known(
    apple: LocalServer, apple_pay: ApplePay, reply: Reply, error: type[GatewayError]
) -> None:
    apple.answer = lambda _: reply

    with pytest.raises(GatewayError) as caught:
        apple_pay.merchant_session("shop.example")

    assert type(caught.value) is error
    assert set(apple.paths()) == {"/paymentservices/paymentSession"}


def test_silence_ends_with_a_timeout(settings: ApplePaySettings, apple: LocalServer, tmp_path: Path) -> None:
    apple.answer = lambda _: time.sleep(HANGS_FOR_SECONDS) or Reply()

    with pytest.raises(GatewayTimeout):
        asking(settings, apple, tmp_path / "root.pem", IMPATIENT).merchant_session("shop.example")


@pytest.mark.parametrize(
    "domain",
    [
        *("", "localhost", "shop.example/x", "https://shop.example", "shop.example:443", "a@b.example"),
        *(
            "-a.example",
            "a..example",
            "shop.example.",
            "shop example.com",
            "ä.example",
            "x" * 64 + ".example",
        ),
        *("SHOP.EXAMPLE\n", '"},{"', "a." * 130 + "example"),
    ],
)
def test_what_is_no_domain_is_not_asked_about(apple: LocalServer, apple_pay: ApplePay, domain: str) -> None:
    with pytest.raises(Invalid):
        apple_pay.merchant_session(domain)

    assert apple.asked == []


@pytest.mark.parametrize("missing", [{"merchant_id": ""}, {"cert_file": ""}, {"cert_file": "/nowhere.pem"}])
def test_without_an_identity_there_is_no_apple_pay(
    settings: ApplePaySettings, missing: dict[str, str]
) -> None:
    with pytest.raises(NotConfigured):
        ApplePay(replace(settings, **missing)).merchant_session("shop.example")


@pytest.mark.parametrize("content", [b"", b"no certificate", leaf(ROOT).pem], ids=["empty", "text", "no key"])
def test_a_certificate_that_cannot_be_used_is_no_identity(
    settings: ApplePaySettings, tmp_path: Path, content: bytes
) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_bytes(content)

    with pytest.raises(NotConfigured):
        ApplePay(replace(settings, cert_file=str(broken))).merchant_session("shop.example")


def test_a_key_with_a_password_is_no_identity_and_nobody_is_asked_for_it(
    settings: ApplePaySettings, tmp_path: Path
) -> None:
    ours = leaf(ROOT, names=("merchant.example",))
    locked = ours.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    file = tmp_path / "locked.pem"
    file.write_bytes(ours.pem + locked)

    with pytest.raises(NotConfigured):
        ApplePay(replace(settings, cert_file=str(file))).merchant_session("shop.example")
