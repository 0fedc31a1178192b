"""Wallets and gateways in any interleaving: whatever customers, gateways and admins do, the books are whole.

`make soak` runs it with many more examples.
"""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

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

from tests.api import meetings
from tests.mongo.dying import die, tasks_about
from tests.mongo.shopping import (
    answered,
    ask,
    at_gateway,
    due_of,
    emptied,
    opened_by,
    order_of,
    taken_back,
)
from tests.mongo.wholeness import assert_gateways_agree, assert_whole
from tests.shop import Shop

EXAMPLES, STEPS = int(os.environ.get("SOAK_EXAMPLES", "12")), 40
GATEWAY_METHODS = st.sampled_from(["card", "card", "upi", "paypal"])
OUTCOMES = st.sampled_from(["success", "success", "authorized", "declined"])
FAULTS = st.sampled_from(["error", "drop", "drop_after", "html", "rate_limit"])
AMOUNTS = st.sampled_from([1, 40, 100.5, 300])
PRICES, PARTS = st.sampled_from([100, 250, 600]), st.sampled_from([0, 0, 40, 99.5])
MOMENTS = st.sampled_from([0.002, 0.006, 0.012, 0.03])
ENDS = st.sampled_from(["give_up", "cancel_the_order", "pay_with_the_wallet", "let_time_pass"])


class Interleaving(RuleBasedStateMachine):
    """A customer, an admin and two gateways who do as they please."""

    opened_shop: ClassVar[Shop]
    shop: Shop
    orders, opened = Bundle("orders"), Bundle("opened")

    @initialize()
    def begin_anew(self) -> None:
        """Empty everything, and give a new customer something to pay with."""
        self.shop = emptied(self.opened_shop)
        self.cancelled: set[str] = set()

    @rule(target=orders, rupees=PRICES)
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

    @rule(target=opened, rupees=PRICES, wallet_rupees=PARTS, method=GATEWAY_METHODS)
    def begin_to_buy(self, rupees: int, wallet_rupees: float, method: str) -> Any:
        """Go a longer way in one step, so that steps are left for what may come after it."""
        order = self.shop.order(rupees * 100)
        if wallet_rupees:
            return opened_by(meetings.initiate_split(self.shop, order, wallet_rupees, method=method))
        return opened_by(self.shop.initiate(order, method=method))

    @rule(target=opened, rupees=PRICES, wallet_rupees=PARTS, method=GATEWAY_METHODS)
    def buy(self, rupees: int, wallet_rupees: float, method: str) -> Any:
        opened = self.begin_to_buy(rupees, wallet_rupees, method)
        self.pay_and_come_back(opened)
        return opened

    @rule(target=opened, rupees=PRICES, wallet_rupees=PARTS, method=GATEWAY_METHODS, end=ENDS)
    def buy_too_late(self, rupees: int, wallet_rupees: float, method: str, end: str) -> Any:
        opened = self.begin_to_buy(rupees, wallet_rupees, method)
        getattr(self, end)(opened)
        self.pay_and_come_back(opened)
        return opened

    @rule(thing=st.one_of(orders, opened))
    def pay_with_the_wallet(self, thing: Any) -> None:
        order = order_of(self.shop, thing)
        if order:
            answered(meetings.pay_with_wallet(self.shop, order["_id"], due_of(order)))

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
    def pay_and_come_back(self, opened: Any) -> None:
        at_gateway(self.shop, opened, "success")
        self.come_back(opened)

    @rule(opened=opened)
    def come_back_while_the_wallet_pays(self, opened: Any) -> None:
        at_gateway(self.shop, opened, "success")
        order = order_of(self.shop, opened)
        if order:
            with ThreadPoolExecutor(2) as pool:
                asked = pool.submit(ask, self.shop, opened)
                answered(meetings.pay_with_wallet(self.shop, order["_id"], due_of(order)))
            asked.result()

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

    @rule(thing=st.one_of(orders, opened), rupees=AMOUNTS)
    def give_back_into_the_wallet(self, thing: Any, rupees: float) -> None:
        order = order_of(self.shop, thing)
        if order:
            answered(meetings.refund_order(self.shop, order["_id"], rupees))

    @rule(opened=opened, rupees=AMOUNTS)
    def give_back_at_the_source(self, opened: Any, rupees: float) -> None:
        if opened:
            answered(self.shop.refund(opened | {"payment_id": opened["payment_order_id"]}, rupees))

    @rule(opened=opened, rupees=AMOUNTS)
    def take_back_at_the_gateway(self, opened: Any, rupees: float) -> None:
        if opened:
            taken_back(self.shop, opened, int(rupees * 100))

    @rule(opened=opened)
    def give_back_both_ways_at_once(self, opened: Any) -> None:
        """Ask twice for more than half of what the order cost, of which only one may be given."""
        order = order_of(self.shop, opened)
        if order:
            rupees, payment = order["amount"] * 0.6 // 100, {"payment_id": opened["payment_order_id"]}
            with ThreadPoolExecutor(2) as pool:
                given = pool.submit(self.shop.refund, payment, rupees)
                answered(meetings.refund_order(self.shop, order["_id"], rupees))
            answered(given.result())

    @rule(thing=st.one_of(orders, opened))
    def cancel_the_order(self, thing: Any) -> None:
        order = order_of(self.shop, thing)
        if order:
            response = self.shop.customer.post(f"/api/orders/{order['_id']}/cancel", {})
            answered(response)
            self.cancelled |= {order["_id"]} if response.status_code == 200 else set()

    @rule(thing=st.one_of(orders, opened), task=st.integers(0, 2), seconds=MOMENTS)
    def a_worker_dies(self, thing: Any, task: int, seconds: float) -> None:
        """Kill a process in the middle of what it does; whoever asks again has a key of their own."""
        tasks = tasks_about(self.shop, thing, uuid.uuid4().hex)
        if tasks:
            die(self.shop, tasks[task % len(tasks)], after_seconds=seconds)

    @rule()
    def look_after_everything(self) -> None:
        self.shop.reconcile()

    @invariant()
    def the_books_are_whole(self) -> None:
        assert_whole(self.shop)
        paid = {"_id": {"$in": list(self.cancelled)}, "status": {"$ne": "CANCELLED"}}
        assert self.shop.database["orders"].find_one(paid) is None

    def teardown(self) -> None:
        """Let all be heard and looked after, and see that the gateways' books say the same."""
        for gateway in ("razorpay", "paypal"):
            for event in self.shop.events(gateway):
                self.shop.deliver(event, provider=gateway)
        self.shop.reconcile()
        self.the_books_are_whole()
        assert_gateways_agree(self.shop)


def test_whatever_happens_the_books_are_whole_and_money_has_an_owner(shop: Shop) -> None:
    run_state_machine_as_test(
        type("InThisShop", (Interleaving,), {"opened_shop": shop}),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
