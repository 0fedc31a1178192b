"""PayPal's orders are made, approved and captured as at PayPal."""

from typing import Any

import paypalrestsdk
import pytest
import requests

from backend.sandbox import keys
from tests.sandbox.conftest import Controls
from tests.sandbox.paypal import PayPal, order_body


@pytest.fixture
def wire(controls: Controls) -> PayPal:
    return PayPal(controls.url)


def test_the_sdk_makes_and_captures_an_order(paypal: paypalrestsdk.Api, controls: Controls) -> None:
    order = paypal.post("v2/checkout/orders", order_body(), headers={"PayPal-Request-Id": "request-1"})
    controls.post("paypal/approve", order_id=order["id"])
    captured = paypal.post(f"v2/checkout/orders/{order['id']}/capture", {})

    assert len(order["id"]) == 17
    [capture] = captured["purchase_units"][0]["payments"]["captures"]
    assert (captured["status"], capture["status"]) == ("COMPLETED", "COMPLETED")
    assert capture["amount"] == {"currency_code": "USD", "value": "29.35"}
    assert capture["seller_receivable_breakdown"]["net_amount"]["value"] == "27.84"


def test_a_wrong_secret_gets_no_token(controls: Controls) -> None:
    answer = requests.post(
        f"{controls.url}/v1/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(keys.PAYPAL_CLIENT_ID, "wrong"),
        timeout=5,
    )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    unknown = {"Authorization": "Bearer unknown"}
    assert requests.get(f"{controls.url}/v2/checkout/orders/1", headers=unknown, timeout=5).status_code == 401


@pytest.mark.parametrize(
    ("amount", "status", "issue"),
    [
        ({"currency_code": "INR", "value": "100.00"}, 422, "CURRENCY_NOT_SUPPORTED"),
        ({"currency_code": "USD", "value": 29.35}, 400, "INVALID_PARAMETER_SYNTAX"),
        ({"currency_code": "USD", "value": "29.355"}, 422, "DECIMAL_PRECISION"),
        ({"currency_code": "JPY", "value": "29.35"}, 422, "DECIMALS_NOT_SUPPORTED"),
        ({"currency_code": "USD", "value": "0.00"}, 422, "CANNOT_BE_ZERO_OR_NEGATIVE"),
        ({"currency_code": "USD"}, 400, "MISSING_REQUIRED_PARAMETER"),
    ],
)
def test_a_bad_amount_is_refused(wire: PayPal, amount: dict[str, Any], status: int, issue: str) -> None:
    answer = wire.post("/v2/checkout/orders", order_body(amount=amount))

    assert answer.status_code == status
    assert answer.json()["details"][0]["issue"] == issue
    assert answer.json()["debug_id"]


def test_a_repeated_request_gives_the_same_order(wire: PayPal) -> None:
    first = wire.post("/v2/checkout/orders", order_body(), key="request-1")
    second = wire.post("/v2/checkout/orders", order_body(), key="request-1")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


def test_an_order_says_where_its_payer_goes(wire: PayPal) -> None:
    source = {"paypal": {"experience_context": {"return_url": "https://shop.example/back"}}}
    plain = wire.post("/v2/checkout/orders", order_body()).json()
    sourced = wire.post("/v2/checkout/orders", order_body(payment_source=source), key="request-1").json()

    assert [link["rel"] for link in plain["links"]][1] == "approve"
    assert [link["rel"] for link in sourced["links"]][1] == "payer-action"
    assert sourced["status"] == "PAYER_ACTION_REQUIRED"
    refused = wire.post("/v2/checkout/orders", order_body(payment_source=source))
    assert refused.json()["details"][0]["issue"] == "PAYPAL_REQUEST_ID_REQUIRED"


@pytest.mark.parametrize(("answer", "address"), [("approve", "/back?n=1&token="), ("cancel", "/left?token=")])
def test_the_page_sends_the_payer_back(wire: PayPal, answer: str, address: str) -> None:
    context = {"return_url": "https://shop.example/back?n=1", "cancel_url": "https://shop.example/left"}
    order = wire.post("/v2/checkout/orders", order_body(application_context=context)).json()
    page = next(link["href"] for link in order["links"] if link["rel"] == "approve")

    shown = requests.get(page, timeout=5)
    left = requests.post(page, data={"answer": answer}, allow_redirects=False, timeout=5)

    assert "USD 29.35" in shown.text
    assert left.headers["Location"].startswith(f"https://shop.example{address}{order['id']}")
    assert ("PayerID=" in left.headers["Location"]) == (answer == "approve")


def test_an_order_is_captured_after_approval_and_once(wire: PayPal, controls: Controls) -> None:
    order_id = wire.post("/v2/checkout/orders", order_body()).json()["id"]
    too_early = wire.post(f"/v2/checkout/orders/{order_id}/capture", {})
    controls.post("paypal/approve", order_id=order_id)
    first = wire.post(f"/v2/checkout/orders/{order_id}/capture", {}, key="capture-1")
    replayed = wire.post(f"/v2/checkout/orders/{order_id}/capture", {}, key="capture-1")
    again = wire.post(f"/v2/checkout/orders/{order_id}/capture", {}, key="capture-2")

    assert too_early.json()["details"][0]["issue"] == "ORDER_NOT_APPROVED"
    assert (first.status_code, replayed.status_code, again.status_code) == (201, 200, 422)
    assert again.json()["details"][0]["issue"] == "ORDER_ALREADY_CAPTURED"
    assert len(controls.get("books")["paypal_captures"]) == 1


def test_an_invoice_is_paid_once(wire: PayPal) -> None:
    wire.paid(invoice_id="invoice-1")

    again = wire.post("/v2/checkout/orders", order_body(invoice_id="invoice-1"))

    assert again.status_code == 422
    assert again.json()["details"][0]["issue"] == "DUPLICATE_INVOICE_ID"
    assert wire.post("/v2/checkout/orders", order_body(invoice_id="invoice-2")).status_code == 201


def test_what_does_not_exist_is_not_found(wire: PayPal) -> None:
    answer = wire.get("/v2/checkout/orders/00000000000000000")

    assert (answer.status_code, answer.json()["name"]) == (404, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize(
    ("setting", "action", "end"),
    [("pending", "complete", "COMPLETED"), ("pending", "deny", "DECLINED"), ("declined", None, "DECLINED")],
)
def test_a_capture_may_wait_or_be_declined(
    wire: PayPal, controls: Controls, setting: str, action: str | None, end: str
) -> None:
    controls.post("paypal/settings", captures=setting)
    capture = wire.paid()
    if action:
        controls.post(f"paypal/captures/{capture['id']}/{action}")

    assert capture["status"] == setting.upper()
    assert wire.get(f"/v2/payments/captures/{capture['id']}").json()["status"] == end
    assert controls.events()[-1] == f"PAYMENT.CAPTURE.{end}"


@pytest.mark.parametrize("name", ["intent", "purchase_units", "payment_source", "application_context"])
@pytest.mark.parametrize("junk", [[1], {"a": 1}, 1.5, "x"])
def test_junk_is_never_the_sandboxs_fault(wire: PayPal, name: str, junk: Any) -> None:
    answer = wire.post("/v2/checkout/orders", order_body() | {name: junk}, key="request-1")

    assert answer.status_code in (201, 400, 422)
