"""Wallets and gateways in any interleaving: whatever customers, gateways and admins do, the books are whole.

`make soak` runs it with many more examples.
"""

import os
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from pymongo import MongoClient

from backend import create_app
from backend.config import Settings
from backend.sandbox.server import SandboxServer
from tests.api import meetings
from tests.api.crashes import endings
from tests.conftest import QUICK_PASSWORDS, Document, Person, services_of
from tests.gateways.controls import Controls
from tests.shop import DECLINED_CARD, Shop, quick_gateways, shop_settings

EXAMPLES, STEPS = int(os.environ.get("SOAK_EXAMPLES", "12")), 25
GATEWAY_METHODS = st.sampled_from(["card", "card", "upi", "paypal"])
OUTCOMES = st.sampled_from(["success", "success", "authorized", "declined"])
FAULTS = st.sampled_from(["error", "drop", "drop_after", "html", "rate_limit"])
AMOUNTS = st.sampled_from([1, 40, 100.5, 300])


@pytest.fixture
def shop(
    settings: Settings, sandbox_server: SandboxServer, mongo_client: MongoClient[Document], sandbox: Controls
) -> Iterator[Shop]:
    own = shop_settings(settings, sandbox_server)
    app: Flask = create_app(own, client=mongo_client, gateways=quick_gateways(own), passwords=QUICK_PASSWORDS)
    customer = Person(app, email="asha@shop.example")
    yield Shop(app, sandbox, customer, Person(app, email="owner@shop.example", is_admin=True))
    services_of(app).ledger.close()


class Interleaving(RuleBasedStateMachine):
    """A customer, an admin and two gateways who do as they please."""

    shop: ClassVar[Shop]
    orders, opened = Bundle("orders"), Bundle("opened")

    @initialize()
    def empty(self) -> None:
        self.shop.sandbox.reset()
        for name in ("orders", "payment_orders", "captures", "refunds", "webhook_events"):
            self.shop.database[name].delete_many({})
        self.shop.database["payment_exceptions"].delete_many({})
        self.shop.database["topup_counts"].delete_many({})

    @rule(target=orders, rupees=st.sampled_from([100, 250, 600]))
    def place_an_order(self, rupees: int) -> str:
        return self.shop.order(rupees * 100)

    @rule(target=opened, rupees=AMOUNTS.filter(lambda rupees: rupees >= 10))
    def open_a_topup(self, rupees: float) -> Any:
        return opened_by(meetings.initiate_topup(self.shop, rupees))

    @rule(target=opened, order=orders, method=GATEWAY_METHODS)
    def open_a_payment(self, order: str, method: str) -> Any:
        due = self.shop.services.orders.get(order, owner_id=None).amount_due_minor
        return opened_by(self.shop.initiate(order, method=method)) if due else None

    @rule(target=opened, order=orders, rupees=AMOUNTS, method=GATEWAY_METHODS)
    def open_a_split(self, order: str, rupees: float, method: str) -> Any:
        return opened_by(meetings.initiate_split(self.shop, order, rupees, method=method))

    @rule(order=orders)
    def pay_with_the_wallet(self, order: str) -> None:
        due = self.shop.services.orders.get(order, owner_id=None).amount_due_minor
        answered(meetings.pay_with_wallet(self.shop, order, due / 100 or 1))

    @rule(opened=opened, outcome=OUTCOMES)
    def pay_at_the_gateway(self, opened: Any, outcome: str) -> None:
        at_gateway(self.shop, opened, outcome)

    @rule(opened=opened, kind=FAULTS)
    def ask_while_the_gateway_fails(self, opened: Any, kind: str) -> None:
        if opened:
            self.shop.sandbox.fault("/(payments|orders)", kind, times=2, status=500)
            ask(self.shop, opened)
            self.shop.mend()

    @rule(opened=opened)
    def come_back(self, opened: Any) -> None:
        if opened:
            ask(self.shop, opened)

    @rule(opened=opened)
    def give_up(self, opened: Any) -> None:
        if opened:
            answered(self.shop.customer.post(f"/api/payments/{opened['payment_order_id']}/cancel", {}))

    @rule(opened=opened)
    def let_time_pass(self, opened: Any) -> None:
        if opened:
            meetings.expire(self.shop, opened)

    @rule(place=st.integers(0, 40), gateway=st.sampled_from(["razorpay", "paypal"]))
    def hear_a_message(self, place: int, gateway: str) -> None:
        events = self.shop.events(gateway)
        if events:
            self.shop.deliver(events[place % len(events)], provider=gateway)

    @rule(order=orders, rupees=AMOUNTS)
    def give_back_into_the_wallet(self, order: str, rupees: float) -> None:
        answered(meetings.refund_order(self.shop, order, rupees))

    @rule(opened=opened, rupees=AMOUNTS)
    def give_back_at_the_source(self, opened: Any, rupees: float) -> None:
        if opened:
            answered(self.shop.refund(opened | {"payment_id": opened["payment_order_id"]}, rupees))

    @rule(opened=opened, rupees=AMOUNTS)
    def take_back_at_the_gateway(self, opened: Any, rupees: float) -> None:
        if opened:
            taken_back(self.shop, opened, int(rupees * 100))

    @rule(order=orders)
    def cancel_the_order(self, order: str) -> None:
        answered(self.shop.customer.post(f"/api/orders/{order}/cancel", {}))

    @rule()
    def look_after_everything(self) -> None:
        self.shop.reconcile()

    @invariant()
    def the_books_are_whole(self) -> None:
        assert_half_paid_is_nothing(self.shop)

    def teardown(self) -> None:
        assert_everything_has_an_owner(self.shop)


def opened_by(response: Any) -> Any:
    """Give what was opened under one set of names, or nothing where it was refused."""
    answered(response)
    told = response.json.get("data", response.json)
    if response.status_code not in (200, 201) or told.get("gateway_order_id") is None:
        return None
    return told | {"payment_order_id": told.get("payment_order_id", told.get("payment_id"))}


def answered(response: Any) -> None:
    """See that a request was understood: done, refused, or kept from by the gateway, never broken."""
    assert response.status_code < 500 or response.json["error"]["code"].startswith("GATEWAY"), response.text


def at_gateway(shop: Shop, opened: Any, outcome: str) -> None:
    """Be the customer at the gateway, who may find that the page is of no use any more."""
    if not opened:
        return
    if opened["gateway"] == "paypal":
        shop.sandbox.try_post("paypal/approve", order_id=opened["gateway_order_id"])
        return
    card = DECLINED_CARD if outcome == "declined" else "4111 1111 1111 1111"
    how: dict[str, Any] = {"outcome": "authorized"} if outcome == "authorized" else {}
    body = {"order_id": opened["gateway_order_id"], "method": "card", "card_number": card}
    shop.sandbox.try_post("razorpay/pay", **body, **how)


def taken_back(shop: Shop, opened: Any, amount_minor: int) -> None:
    """Let Razorpay give back what it has taken, without us, if there is as much of it."""
    for payment in shop.sandbox.books()["payments"]:
        left_minor = payment["amount"] - payment["amount_refunded"]
        is_there = payment["captured"] and amount_minor <= left_minor
        if payment["order_id"] == opened["gateway_order_id"] and is_there:
            shop.refund_on_dashboard(opened, amount_minor, paid={"razorpay_payment_id": payment["id"]})


def ask(shop: Shop, opened: Any) -> None:
    answered(shop.customer.get(f"/api/payments/{opened['payment_order_id']}/verify"))


def assert_half_paid_is_nothing(shop: Shop) -> None:
    """Hold wallets against entries, and orders against what was paid for them."""
    report = shop.services.verifier.run()
    assert report.is_whole, report.problems
    for order in shop.database["orders"].find():
        is_paid = order["payment_status"] in ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")
        assert order["amount_paid"] == (order["amount"] if is_paid else 0)
        assert order["refund_amount"] <= order["amount_paid"]


def assert_everything_has_an_owner(shop: Shop) -> None:
    """Let all be heard and looked after, and see that no captured rupee is without an owner."""
    for gateway in ("razorpay", "paypal"):
        for event in shop.events(gateway):
            shop.deliver(event, provider=gateway)
    shop.reconcile()
    endings.assert_money_has_an_owner(shop)
    assert_half_paid_is_nothing(shop)


def test_whatever_happens_the_books_are_whole_and_money_has_an_owner(shop: Shop) -> None:
    run_state_machine_as_test(
        type("InThisShop", (Interleaving,), {"shop": shop}),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
