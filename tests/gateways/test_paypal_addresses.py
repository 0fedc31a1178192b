"""Where PayPal's certificates are fetched from, and how often."""

import socket
import time
from datetime import timedelta

import pytest

from backend.gateways.errors import (
    GatewayError,
    GatewayTimeout,
    GatewayUnavailable,
)
from backend.gateways.paypal_certificates import is_address_of_paypal
from backend.gateways.paypal_webhooks import PayPalWebhooks
from tests.gateways.certificates import NOW, leaf
from tests.gateways.controls import HANGS_FOR_SECONDS
from tests.gateways.local_servers import Reply
from tests.gateways.paypal_signer import BODY, INTERMEDIATE, LEAF, ROOT, Signer, refuses, verifier

PATH = "/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270"


@pytest.mark.parametrize(
    "host", ["api.paypal.com", "api.sandbox.paypal.com", "api-m.paypal.com", "api-m.sandbox.paypal.com"]
)
def test_paypals_own_addresses_are_known(host: str) -> None:
    assert is_address_of_paypal(f"https://{host}{PATH}")


@pytest.mark.parametrize(
    "url",
    [
        f"http://api.paypal.com{PATH}",
        f"https://api.paypal.com@evil.io{PATH}",
        f"https://api.paypal.com:443{PATH}",
        f"https://api.paypal.com:8443{PATH}",
        f"https://user@api.paypal.com{PATH}",
        f"https://evil.io{PATH}",
        f"https://api.paypal.com.evil.io{PATH}",
        f"https://evilapi.paypal.com{PATH}",
        f"https://www.paypal.com{PATH}",
        f"https://API.PAYPAL.COM{PATH}",
        f"https://api.paypal.com.{PATH}",
        f"https://api.paypal.com\\@evil.io{PATH}",
        f"https://api.paypal.com#@evil.io{PATH}",
        f"https://api.paypal.com?@evil.io{PATH}",
        f"https:///api.paypal.com{PATH}",
        f"https:/api.paypal.com{PATH}",
        f"//api.paypal.com{PATH}",
        f" https://api.paypal.com{PATH}",
        f"https://api.paypal.com{PATH}\n",
        f"https://api.paypal.com{PATH}?next=https://evil.io",
        f"https://api.paypal.com{PATH}#x",
        f"https://api.paypal.com{PATH}/x",
        f"https://api.paypal.com/x{PATH}",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://api.paypal.com/v1/notifications/certs/../../oauth2/token",
        "https://api.paypal.com/v1/notifications/certs/%2e%2e%2foauth2",
        "https://api.paypal.com/v1/notifications/webhooks",
        "https://api.paypal.com/",
        "https://api.paypal.com",
        "http://169.254.169.254/v1/notifications/certs/CERT-1",
        "file:///v1/notifications/certs/CERT-1",
        "ftp://api.paypal.com/v1/notifications/certs/CERT-1",
        "",
    ],
)
def test_no_other_address_is_paypals(signer: Signer, webhooks: PayPalWebhooks, url: str) -> None:
    assert not is_address_of_paypal(url)
    assert refuses(webhooks, signer.headers(cert_url=url))


@pytest.mark.parametrize(
    "suffix", ["?x", "#x", "/x", "/../x", "@evil.io/v1/notifications/certs/CERT-1", "%2e"]
)
def test_the_test_server_serves_nothing_but_certificates(
    signer: Signer, webhooks: PayPalWebhooks, suffix: str
) -> None:
    assert refuses(webhooks, signer.headers(cert_url=signer.url + suffix))
    assert signer.server.asked == []


@pytest.mark.parametrize("without", [{"allows_test_roots": False}, {"webhook_cert_ca": ""}])
def test_only_tests_may_take_certificates_from_the_apis_own_host(
    signer: Signer, ca_file: str, without: dict[str, object]
) -> None:
    webhooks = verifier(signer.server.url, ca_file, **without)

    assert refuses(webhooks, signer.headers())
    assert signer.server.asked == []


def test_another_port_of_the_test_host_is_another_server(signer: Signer, ca_file: str) -> None:
    assert refuses(verifier("http://127.0.0.1:1", ca_file), signer.headers())
    assert signer.server.asked == []


def test_a_redirect_is_not_followed(signer: Signer, webhooks: PayPalWebhooks) -> None:
    signer.server.answer = lambda _: Reply(b"", 302, {"Location": f"{signer.url}-2"})

    assert refuses(webhooks, signer.headers())
    assert len(signer.server.asked) == 1


def test_a_certificate_that_does_not_exist_is_refused(signer: Signer, webhooks: PayPalWebhooks) -> None:
    signer.server.answer = lambda _: Reply(b"", 404)

    assert refuses(webhooks, signer.headers())


def test_a_certificate_is_fetched_once(signer: Signer, webhooks: PayPalWebhooks) -> None:
    for _ in range(3):
        webhooks.verify(BODY, signer.headers())

    assert len(signer.server.asked) == 1


def test_a_certificate_is_fetched_again_the_next_day(signer: Signer, ca_file: str) -> None:
    now = [NOW]
    webhooks = verifier(signer.server.url, ca_file, now=lambda: now[0])
    webhooks.verify(BODY, signer.headers())
    now[0] += timedelta(hours=25)

    webhooks.verify(BODY, signer.headers())

    assert len(signer.server.asked) == 2


def test_a_kept_certificate_does_not_outlive_itself(signer: Signer, ca_file: str) -> None:
    now = [NOW]
    webhooks = verifier(signer.server.url, ca_file, now=lambda: now[0])
    signer.uses(leaf(ROOT, ends=NOW + timedelta(hours=1)))
    webhooks.verify(BODY, signer.headers())
    now[0] += timedelta(hours=2)

    assert refuses(webhooks, signer.headers())


def test_what_was_refused_is_not_kept(signer: Signer, webhooks: PayPalWebhooks) -> None:
    signer.uses(leaf(None))
    assert refuses(webhooks, signer.headers())
    signer.uses(LEAF, INTERMEDIATE)

    webhooks.verify(BODY, signer.headers())


def test_many_addresses_do_not_fill_the_memory(signer: Signer, webhooks: PayPalWebhooks) -> None:
    for number in range(40):
        webhooks.verify(BODY, signer.headers(cert_url=f"{signer.url}-{number}"))

    webhooks.verify(BODY, signer.headers(cert_url=f"{signer.url}-39"))
    webhooks.verify(BODY, signer.headers(cert_url=f"{signer.url}-0"))

    assert len(signer.server.asked) == 41


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_server_in_trouble_lets_paypal_try_again(
    signer: Signer, webhooks: PayPalWebhooks, status: int
) -> None:
    signer.server.answer = lambda _: Reply(b"", status)

    with pytest.raises(GatewayError):
        webhooks.verify(BODY, signer.headers())


def test_a_server_that_is_away_lets_paypal_try_again(signer: Signer, ca_file: str) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"

        with pytest.raises(GatewayUnavailable):
            verifier(url, ca_file).verify(BODY, signer.headers(cert_url=url + PATH))


def test_a_server_that_hangs_lets_paypal_try_again(signer: Signer, ca_file: str) -> None:
    signer.server.answer = lambda _: time.sleep(HANGS_FOR_SECONDS) or Reply()

    with pytest.raises(GatewayTimeout):
        verifier(signer.server.url, ca_file, timeout=(0.3, 0.3)).verify(BODY, signer.headers())
