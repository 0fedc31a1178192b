"""What leaves for Razorpay is exactly what its documents ask for, and goes nowhere else."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace

import pytest

from backend.gateways.errors import GatewayError, GatewayTimeout, InvalidSignature
from backend.gateways.port import GatewayOrder, GatewayPayment, PaymentState, RefundRequest
from backend.gateways.razorpay_gateway import RazorpayGateway
from backend.sandbox import keys
from tests.gateways.contract_hooks import AMOUNT_MINOR, PAYER
from tests.gateways.controls import quick_line
from tests.gateways.local_servers import LocalServer, Reply
from tests.gateways.razorpay_hooks import RazorpayHooks, settings

PAYMENT = {"id": "pay_1", "status": "captured", "amount": 100, "currency": "USD", "order_id": "order_1"}
AUTHORIZED = GatewayPayment(
    id="pay_1",
    gateway="razorpay",
    order_id="order_1",
    state=PaymentState.AUTHORIZED,
    amount_minor=100,
    currency="USD",
)


@pytest.fixture
def razorpay() -> Iterator[LocalServer]:
    with LocalServer(lambda _: Reply(PAYMENT)) as server:
        yield server


@pytest.fixture
def gateway(razorpay: LocalServer) -> RazorpayGateway:
    return RazorpayGateway(settings(razorpay.url), line=quick_line("razorpay"))


def test_an_order_is_sent_with_its_receipt_and_captures_itself(
    razorpay: LocalServer, gateway: RazorpayGateway
) -> None:
    gateway.create_order(RazorpayHooks().request())
    [asked] = razorpay.asked

    login = b64encode(f"{keys.RAZORPAY_KEY_ID}:{keys.RAZORPAY_KEY_SECRET}".encode()).decode()
    assert (asked.method, asked.path) == ("POST", "/v1/orders")
    assert asked.headers["Authorization"] == f"Basic {login}"
    assert (asked.json["amount"], asked.json["currency"]) == (AMOUNT_MINOR, "INR")
    assert asked.json["receipt"] == "rcpt_0000000001"
    assert asked.json["notes"] == {"payment_id": "pay_internal_1", "customer_id": "cus_1"}
    assert asked.json["payment"]["capture"] == "automatic"
    assert asked.json["payment"]["capture_options"]["automatic_expiry_period"] >= 12


def test_an_order_that_registers_says_how_far_later_charges_may_go(
    razorpay: LocalServer, gateway: RazorpayGateway
) -> None:
    payer = replace(PAYER, gateway_customer_id="cust_1")
    order = gateway.create_order(RazorpayHooks().request(payer=payer, registers=True))
    [asked] = razorpay.asked

    told = {"customer_id": "cust_1", "method": "card"}
    assert {name: asked.json[name] for name in told} == told
    assert asked.json["token"] == {"max_amount": 1_500_000, "frequency": "as_presented"}
    assert (order.checkout["recurring"], order.checkout["customer_id"]) == (1, "cust_1")


def test_a_charge_of_what_was_saved_is_sent_as_documented(
    razorpay: LocalServer, gateway: RazorpayGateway
) -> None:
    order = GatewayOrder(id="order_1", checkout_url=None, checkout={})
    with pytest.raises(GatewayError):  # This server answers something else.
        gateway.charge_saved(RazorpayHooks().charge_of(order, ("cust_1", "token_1")))
    [asked] = razorpay.asked

    assert (asked.method, asked.path) == ("POST", "/v1/payments/create/recurring")
    assert asked.json == {
        "email": PAYER.email,
        "contact": PAYER.phone,
        "amount": AMOUNT_MINOR,
        "currency": "INR",
        "order_id": "order_1",
        "customer_id": "cust_1",
        "token": "token_1",
        "recurring": "1",
        "description": "Wallet top-up",
        "notes": {"payment_id": "pay_internal_1", "customer_id": "cus_1"},
    }


def test_a_refund_carries_our_id_as_key_note_and_receipt(
    razorpay: LocalServer, gateway: RazorpayGateway
) -> None:
    gateway.refund(
        RefundRequest(
            refund_id="refund_00000001",
            gateway_payment_id="pay_1",
            amount_minor=100,
            currency="USD",
            reason="x" * 300,
        )
    )
    [asked] = razorpay.asked

    assert (asked.path, asked.headers["X-Refund-Idempotency"]) == (
        "/v1/payments/pay_1/refund",
        "refund_00000001",
    )
    assert (asked.json["amount"], asked.json["receipt"]) == (100, "refund_00000001")
    assert asked.json["notes"] == {"refund_id": "refund_00000001", "reason": "x" * 256}


def test_one_capture_leaks_nothing_into_the_next(razorpay: LocalServer, gateway: RazorpayGateway) -> None:
    gateway.capture(AUTHORIZED)
    gateway.capture(AUTHORIZED)

    assert [asked.json for asked in razorpay.asked] == [{"currency": "USD", "amount": 100}] * 2


def test_a_redirect_is_not_followed(razorpay: LocalServer, gateway: RazorpayGateway) -> None:
    with LocalServer() as elsewhere:
        razorpay.answer = lambda _: Reply({}, 302, {"Location": f"{elsewhere.url}/v1/payments/pay_1"})

        with pytest.raises(GatewayError):
            gateway.fetch_payment("pay_1")

        assert elsewhere.asked == []


def test_a_cookie_is_not_kept(razorpay: LocalServer, gateway: RazorpayGateway) -> None:
    razorpay.answer = lambda _: Reply(PAYMENT, 200, {"Set-Cookie": "customer=somebody; Path=/"})

    gateway.fetch_payment("pay_1")
    gateway.fetch_payment("pay_1")

    assert [asked for asked in razorpay.asked if "Cookie" in asked.headers] == []


def test_an_answer_that_breaks_off_leaves_open_what_happened(
    razorpay: LocalServer, gateway: RazorpayGateway
) -> None:
    razorpay.answer = lambda _: Reply(b'{"id": "order_1"', 200, {"Content-Length": "1000"})

    with pytest.raises(GatewayError) as caught:
        gateway.create_order(RazorpayHooks().request())

    assert type(caught.value) in (GatewayError, GatewayTimeout)
    assert len(razorpay.asked) == 1


def test_a_signed_return_with_a_strange_payment_id_is_refused(gateway: RazorpayGateway) -> None:
    text = b"order_1|pay_1|pay_2"
    signature = hmac.new(keys.RAZORPAY_KEY_SECRET.encode(), text, hashlib.sha256).hexdigest()

    with pytest.raises(InvalidSignature):
        gateway.check_return(order_id="order_1", gateway_payment_id="pay_1|pay_2", signature=signature)
