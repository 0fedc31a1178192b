"""A call is made again only if that cannot do anything twice: a read, or one with an idempotency key."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backend.gateways.errors import GatewayError, GatewayRefused
from backend.gateways.listing import Window
from backend.gateways.paypal_api import TOKEN_PATH
from backend.gateways.paypal_gateway import PayPalGateway
from backend.gateways.port import (
    GatewayPayment,
    GatewayRefund,
    Method,
    OrderRequest,
    PaymentGateway,
    PaymentState,
    RefundRequest,
    RefundState,
    SavedCharge,
)
from backend.gateways.razorpay_gateway import RazorpayGateway
from backend.gateways.resilience import CircuitBreaker, Line, Patience
from tests.gateways import paypal_hooks, razorpay_hooks
from tests.gateways.contract_hooks import PAYER
from tests.gateways.local_servers import Asked, LocalServer, Reply
from tests.gateways.paypal_stand_in import TOKEN

Call = Callable[[PaymentGateway], object]

TRIES = 2
KEYS = ("X-Refund-Idempotency", "PayPal-Request-Id")
HASTY = Patience(
    attempts=TRIES, first_seconds=0.0, longest_seconds=0.0, deadline_seconds=60.0, timeout=(5.0, 1.0)
)
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)

AGREED = GatewayPayment(
    id="P1", gateway="any", order_id="O1", state=PaymentState.AUTHORIZED, amount_minor=1000, currency="USD"
)
PENDING = GatewayRefund(
    id="R1", gateway="any", gateway_payment_id="P1", state=RefundState.PENDING, amount_minor=1, currency="USD"
)
REFUND = RefundRequest(
    refund_id="refund_00000001", gateway_payment_id="P1", amount_minor=1, currency="USD", reason="Too late"
)
ORDER = OrderRequest(
    payment_id="PAY-1",
    receipt="rcpt_0000000001",
    amount_minor=1000,
    currency="USD",
    method=Method.CARD,
    payer=PAYER,
    description="Order ORD-1",
)
CHARGE = SavedCharge(
    payment_id="PAY-1",
    order_id="O1",
    amount_minor=1000,
    currency="INR",
    payer=PAYER,
    gateway_customer_id="C1",
    token="T1",
    description="Wallet top-up",
)
YESTERDAY = Window(NOW - timedelta(days=1), NOW)
DELIVERY = {
    "paypal-transmission-id": "tx-1",
    "paypal-transmission-time": NOW.isoformat(),
    "paypal-transmission-sig": "c2ln",
    "paypal-cert-url": "https://api.paypal.com/v1/notifications/certs/CERT-1",
    "paypal-auth-algo": "SHA256withRSA",
}

READS: dict[str, Call] = {
    "payments_of": lambda gateway: gateway.payments_of("O1"),
    "fetch_payment": lambda gateway: gateway.fetch_payment("P1"),
    "fetch_refund": lambda gateway: gateway.fetch_refund(PENDING),
    "refunds_of": lambda gateway: gateway.refunds_of("P1"),
    "fetch_token": lambda gateway: gateway.fetch_token("C1", "T1"),
    "receipt_of": lambda gateway: gateway.receipt_of("O1"),
    "list_payments": lambda gateway: gateway.list_payments(YESTERDAY),
    "list_refunds": lambda gateway: gateway.list_refunds(YESTERDAY),
    "list_settled": lambda gateway: gateway.list_settled(YESTERDAY),
}
WRITES: dict[str, Call] = {
    "create_order": lambda gateway: gateway.create_order(ORDER),
    "capture": lambda gateway: gateway.capture(AGREED),
    "charge_saved": lambda gateway: gateway.charge_saved(CHARGE),
    "refund": lambda gateway: gateway.refund(REFUND),
    "ensure_customer": lambda gateway: gateway.ensure_customer(PAYER),
    "delete_token": lambda gateway: gateway.delete_token("C1", "T1"),
    "read_event": lambda gateway: gateway.read_event(b"{}", DELIVERY),
}
ASKS_NOBODY = {
    "razorpay": {"check_return", "parse_event", "read_event"},
    "paypal": {"check_return", "parse_event", "ensure_customer", "list_settled", "charge_saved"},
}
KEYED = {"razorpay": {"refund"}, "paypal": {"create_order", "capture", "refund"}}

cases_of_writes = pytest.mark.parametrize(
    ("name", "verb"), [(name, verb) for name in KEYED for verb in WRITES if verb not in ASKS_NOBODY[name]]
)
cases_of_reads = pytest.mark.parametrize(
    ("name", "verb"), [(name, verb) for name in KEYED for verb in READS if verb not in ASKS_NOBODY[name]]
)
every_gateway = pytest.mark.parametrize("name", sorted(KEYED))
every_loss = pytest.mark.parametrize("loss", ["hangs up", "silence", "500", "503", "429", "a page"])


class Breaking:
    """A gateway that does what it is asked, and whose answers to what `breaks` get lost."""

    def __init__(self) -> None:
        self.loss = ""
        self.breaks: Callable[[Asked], bool] = lambda asked: asked.method != "GET"
        self.is_over = threading.Event()
        self.server = LocalServer(self._answer)

    def gateway(self, name: str) -> PaymentGateway:
        line = Line(name, patience=HASTY, breaker=CircuitBreaker(failures=1000))
        if name == "razorpay":
            return RazorpayGateway(razorpay_hooks.settings(self.server.url), line=line)
        settings = paypal_hooks.settings(self.server.url, verifies_by_postback=True)
        return PayPalGateway(settings, line=line, now=lambda: NOW)

    @property
    def broken(self) -> list[Asked]:
        return [asked for asked in self.server.asked if asked.path != TOKEN_PATH and self.breaks(asked)]

    def _answer(self, asked: Asked) -> Reply:
        if asked.path == TOKEN_PATH:
            return Reply(TOKEN)
        if not self.breaks(asked):
            return Reply({"id": "X1", "customer": {"id": "C1"}})
        if self.loss == "silence":
            self.is_over.wait(60)
        if self.loss in ("silence", "hangs up"):
            return Reply(None)
        return Reply(b"<html>", 502) if self.loss == "a page" else Reply({}, int(self.loss))


@pytest.fixture
def breaking() -> Iterator[Breaking]:
    breaking = Breaking()
    with breaking.server:
        yield breaking
        breaking.is_over.set()


def key_of(asked: Asked) -> str | None:
    return next((asked.headers[name] for name in KEYS if name in asked.headers), None)


@every_gateway
def test_every_verb_is_tried_here(name: str) -> None:
    verbs = {verb for verb in vars(PaymentGateway) if callable(getattr(PaymentGateway, verb))}

    assert {verb for verb in verbs if verb[0] != "_"} == {*READS, *WRITES, *ASKS_NOBODY[name]}


@every_loss
@cases_of_writes
def test_what_carries_no_key_is_sent_once_and_what_carries_one_until_the_gateway_is_given_up(
    breaking: Breaking, name: str, verb: str, loss: str
) -> None:
    breaking.loss = loss

    with pytest.raises(GatewayError) as caught:
        WRITES[verb](breaking.gateway(name))

    sent = Counter((asked.method, asked.path, asked.body, key_of(asked)) for asked in breaking.broken)
    [((*_, key), times)] = sent.items()
    assert (key is not None, times) == ((True, TRIES) if verb in KEYED[name] else (False, 1))
    assert not isinstance(caught.value, GatewayRefused)  # What became of it is still open.


@pytest.mark.parametrize("loss", ["hangs up", "500", "429", "a page"])
@cases_of_reads
def test_a_read_is_made_again(breaking: Breaking, name: str, verb: str, loss: str) -> None:
    breaking.loss, breaking.breaks = loss, lambda _: True

    with pytest.raises(GatewayError):
        READS[verb](breaking.gateway(name))

    assert [asked.method for asked in breaking.broken] == ["GET"] * TRIES


@every_loss
def test_a_link_for_a_upi_app_is_asked_for_once(breaking: Breaking, loss: str) -> None:
    breaking.loss, breaking.breaks = loss, lambda asked: asked.path != "/v1/orders"

    order = breaking.gateway("razorpay").create_order(replace(ORDER, currency="INR", method=Method.UPI))

    assert order.upi_link is None
    assert breaking.server.paths() == ["/v1/orders", "/v1/payments/create/upi"]
