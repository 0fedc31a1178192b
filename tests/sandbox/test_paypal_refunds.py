"""PayPal gives back what was captured and no more, and keeps accounts in its vault."""

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Controls
from tests.sandbox.paypal import AMOUNT, PayPal, order_body

SETUP = {"payment_source": {"paypal": {"usage_type": "MERCHANT"}}, "customer": {"id": "customer-1"}}


@pytest.fixture
def wire(controls: Controls) -> PayPal:
    return PayPal(controls.url)


def refund(wire: PayPal, capture: dict[str, Any], value: str | None = None, key: str | None = None) -> Any:
    body = {"amount": AMOUNT | {"value": value}} if value else {}
    return wire.post(f"/v2/payments/captures/{capture['id']}/refund", body, key=key)


def status_of(wire: PayPal, capture: dict[str, Any]) -> str:
    return str(wire.get(f"/v2/payments/captures/{capture['id']}").json()["status"])


def test_a_capture_is_given_back_in_parts(wire: PayPal) -> None:
    capture = wire.paid()
    first = refund(wire, capture, "9.35")
    after_first = status_of(wire, capture)
    rest = refund(wire, capture)

    made = wire.get(f"/v2/payments/refunds/{rest.json()['id']}").json()
    assert (first.status_code, first.json()["status"]) == (201, "COMPLETED")
    assert (after_first, status_of(wire, capture)) == ("PARTIALLY_REFUNDED", "REFUNDED")
    assert made["amount"]["value"] == "20.00"
    assert made["seller_payable_breakdown"]["total_refunded_amount"]["value"] == "29.35"


@pytest.mark.parametrize(
    ("before", "value", "issue"),
    [
        (None, "29.36", "REFUND_AMOUNT_EXCEEDED"),
        ("20.00", "9.36", "REFUND_AMOUNT_EXCEEDED"),
        ("29.35", "0.01", "CAPTURE_FULLY_REFUNDED"),
    ],
)
def test_more_than_is_left_is_refused(wire: PayPal, before: str | None, value: str, issue: str) -> None:
    capture = wire.paid()
    if before:
        refund(wire, capture, before)

    answer = refund(wire, capture, value)

    assert answer.status_code == 422
    assert answer.json()["details"][0]["issue"] == issue


def test_a_pending_capture_is_not_refunded(wire: PayPal, controls: Controls) -> None:
    controls.post("paypal/settings", captures="pending")

    answer = refund(wire, wire.paid())

    assert answer.json()["details"][0]["issue"] == "PENDING_CAPTURE"


def test_a_repeated_refund_is_the_same_as_it_is_now(wire: PayPal, controls: Controls) -> None:
    controls.post("paypal/settings", refunds="pending")
    capture = wire.paid()
    first = refund(wire, capture, "5.00", key="refund-1")
    controls.post(f"paypal/refunds/{first.json()['id']}/complete")
    again = refund(wire, capture, "5.00", key="refund-1")

    assert (first.status_code, first.json()["status"]) == (201, "PENDING")
    assert (again.status_code, again.json()["status"]) == (200, "COMPLETED")
    assert first.json()["id"] == again.json()["id"]


def test_a_failed_refund_can_be_made_again(wire: PayPal, controls: Controls) -> None:
    controls.post("paypal/settings", refunds="pending")
    capture = wire.paid()
    failed = refund(wire, capture)
    controls.post(f"paypal/refunds/{failed.json()['id']}/fail")

    assert status_of(wire, capture) == "COMPLETED"
    assert refund(wire, capture).status_code == 201


def test_paypal_takes_money_back(wire: PayPal, controls: Controls) -> None:
    capture = wire.paid()
    controls.post(f"paypal/captures/{capture['id']}/reverse")

    assert status_of(wire, capture) == "REFUNDED"
    assert controls.events()[-1] == "PAYMENT.CAPTURE.REVERSED"


def test_the_vault_needs_a_request_id(wire: PayPal) -> None:
    for path in ("/v3/vault/setup-tokens", "/v3/vault/payment-tokens"):
        assert wire.post(path, SETUP).status_code == 400
        assert wire.post(path, SETUP).json()["details"][0]["issue"] == "PAYPAL_REQUEST_ID_REQUIRED"


def test_an_account_is_saved_after_its_owner_approves(wire: PayPal, controls: Controls) -> None:
    setup = wire.post("/v3/vault/setup-tokens", SETUP, key="setup-1").json()
    exchange = {"payment_source": {"token": {"id": setup["id"], "type": "SETUP_TOKEN"}}}
    too_early = wire.post("/v3/vault/payment-tokens", exchange, key="token-1")
    controls.post("paypal/approve", setup_token=setup["id"])
    token = wire.post("/v3/vault/payment-tokens", exchange, key="token-2").json()

    saved = wire.get("/v3/vault/payment-tokens", customer_id="customer-1").json()["payment_tokens"]
    assert too_early.status_code == 422
    assert [one["id"] for one in saved] == [token["id"]]
    assert wire.delete(f"/v3/vault/payment-tokens/{token['id']}").status_code == 204
    assert wire.get(f"/v3/vault/payment-tokens/{token['id']}").status_code == 404


def test_a_saved_account_pays_without_a_page(wire: PayPal, controls: Controls) -> None:
    vault = {"vault": {"store_in_vault": "ON_SUCCESS"}, "customer": {"id": "customer-1"}}
    source = {"paypal": {"attributes": vault}}
    order_id = wire.post("/v2/checkout/orders", order_body(payment_source=source), key="one").json()["id"]
    controls.post("paypal/approve", order_id=order_id)
    paid = wire.post(f"/v2/checkout/orders/{order_id}/capture", {}).json()
    saved = paid["payment_source"]["paypal"]["attributes"]["vault"]

    again = {"paypal": {"vault_id": saved["id"]}}
    order = wire.post("/v2/checkout/orders", order_body(payment_source=again), key="two").json()

    assert (saved["status"], saved["customer"]["id"]) == ("VAULTED", "customer-1")
    assert order["status"] == "COMPLETED"


def test_an_account_is_saved_on_paypals_page(wire: PayPal) -> None:
    context = {"return_url": "https://shop.example/saved", "cancel_url": "https://shop.example/left"}
    source = {"paypal": {"usage_type": "MERCHANT", "experience_context": context}}
    setup = wire.post("/v3/vault/setup-tokens", {"payment_source": source}, key="setup-1").json()
    page = next(link["href"] for link in setup["links"] if link["rel"] == "approve")

    shown = requests.get(page, timeout=5)
    left = requests.post(page, data={"answer": "approve"}, allow_redirects=False, timeout=5)

    assert "Save your PayPal account" in shown.text
    assert left.headers["Location"].startswith("https://shop.example/saved?approval_token_id=")
    assert wire.get(f"/v3/vault/setup-tokens/{setup['id']}").json()["status"] == "APPROVED"


def test_another_currency_is_not_given_back(wire: PayPal) -> None:
    capture = wire.paid()
    body = {"amount": {"currency_code": "EUR", "value": "1.00"}}

    answer = wire.post(f"/v2/payments/captures/{capture['id']}/refund", body)

    assert answer.json()["details"][0]["issue"] == "REFUND_CAPTURE_CURRENCY_MISMATCH"
