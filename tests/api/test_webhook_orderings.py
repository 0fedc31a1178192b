"""Messages come twice and in any order, and everything ends the same."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from backend.gateways.port import RefundRequest
from tests.api.answers import contents
from tests.api.gateway_events import answer, latest
from tests.gateways.controls import Delivery
from tests.shop import DECLINED_CARD, Shop

Document = dict[str, Any]
State = dict[str, list[Document]]

MONEY = ("payment_orders", "orders", "captures", "refunds", "disputes", "payment_exceptions", "customers_v2")
# When things happened, and what is told only on the way.
PASSING = {"created_at", "updated_at", "completed_at", "paid_at", "refunded_at", "authorized_payment"}
MODEST = settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@dataclass(frozen=True)
class Story:
    """What has happened at a gateway, as the shop will be told, and the shop before it knew."""

    shop: Shop
    database: Database[Document]
    provider: str
    before: State
    deliveries: Sequence[Delivery]

    def told(self, order: Sequence[int]) -> State:
        """Tell a shop that knows nothing, in this order, and give where everything ends."""
        for name, documents in self.before.items():
            self.database[name].delete_many({})
            if documents:
                self.database[name].insert_many(documents)
        for number in order:
            delivery = self.deliveries[number % len(self.deliveries)]
            assert answer(self.shop.post_webhook(delivery, provider=self.provider))[0] == 200
        return ending(self.database)


def ending(database: Database[Document], *, without: frozenset[str] = frozenset()) -> State:
    """Give everything about money but for when it happened."""
    dropped = PASSING | without
    return {
        name: [{key: value for key, value in document.items() if key not in dropped} for document in found]
        for name, found in contents(database).items()
        if name in MONEY
    }


def signed_twice(shop: Shop, provider: str) -> list[Delivery]:
    """Sign every message twice, as two messages, so that both are applied."""
    return [
        shop.sandbox.forge(provider, event | new_id, event_id=f"evt-{number}-{copy}")
        for copy in range(2)
        for number, event in enumerate(shop.events(provider))
        for new_id in [{"id": f"WH-{number}-{copy}"} if provider == "paypal" else {}]
    ]


def give_back(shop: Shop, gateway: str, gateway_payment_id: str, *amounts_minor: int) -> None:
    """Refund a payment on the gateway's own pages."""
    currency = "USD" if gateway == "paypal" else "INR"
    for number, amount_minor in enumerate(amounts_minor):
        shop.services.gateways.get(gateway).refund(
            RefundRequest(
                refund_id=f"made-elsewhere-{number}",
                gateway_payment_id=gateway_payment_id,
                amount_minor=amount_minor,
                currency=currency,
                reason="other",
            )
        )


def at_razorpay(shop: Shop, database: Database[Document], *, dispute: str) -> Story:
    """A card is declined, the next one pays, two refunds are made, and a dispute comes and goes."""
    opened = shop.opened()
    before = contents(database)
    shop.pay(opened, method="card", card_number=DECLINED_CARD)
    id_ = shop.pay(opened)["razorpay_payment_id"]
    give_back(shop, "razorpay", id_, 30_000, 20_000)
    shop.sandbox.post(f"razorpay/payments/{id_}/dispute", amount=50_000)
    shop.sandbox.post(f"razorpay/payments/{id_}/dispute-close", status=dispute)
    return Story(shop, database, "razorpay", before, signed_twice(shop, "razorpay"))


def at_paypal(shop: Shop, database: Database[Document], *shares_minor: int) -> Story:
    """A payer agrees, the money is taken, and parts of it are given back."""
    opened = shop.opened(method="paypal")
    shop.pay(opened)
    before = contents(database)
    shop.verify(opened)
    [capture] = shop.sandbox.books()["paypal_captures"]
    give_back(shop, "paypal", capture["id"], *shares_minor)
    return Story(shop, database, "paypal", before, signed_twice(shop, "paypal"))


@pytest.mark.parametrize(
    ("dispute", "expected"), [("won", ("PARTIAL_REFUND", 50_000)), ("lost", ("REFUNDED", 100_000))]
)
def test_razorpays_messages_end_the_same_in_any_order(
    shop: Shop, database: Database[Document], dispute: str, expected: tuple[str, int]
) -> None:
    story = at_razorpay(shop, database, dispute=dispute)
    in_order = story.told(range(len(story.deliveries)))

    @MODEST
    @given(st.permutations(range(len(story.deliveries))))
    def ends_the_same(order: list[int]) -> None:
        assert story.told(order) == in_order

    ends_the_same()
    [payment] = in_order["payment_orders"]
    assert (payment["status"], payment["refunded"]) == expected
    assert (payment["refund_reserved"], in_order["payment_exceptions"]) == (0, [])


def test_paypals_messages_end_the_same_in_any_order(shop: Shop, database: Database[Document]) -> None:
    story = at_paypal(shop, database, 300, 200)
    in_order = story.told(range(len(story.deliveries)))

    @MODEST
    @given(st.permutations(range(len(story.deliveries))))
    def ends_the_same(order: list[int]) -> None:
        assert story.told(order) == in_order

    ends_the_same()
    [payment] = in_order["payment_orders"]
    assert (payment["status"], payment["refund_reserved"]) == ("PARTIAL_REFUND", 0)
    assert (len(in_order["captures"]), in_order["payment_exceptions"]) == (1, [])


def test_everything_given_back_at_paypal_leaves_nothing(shop: Shop, database: Database[Document]) -> None:
    third_minor = 401  # Of the 12.03 USD that 1000.00 INR are: each is worth 333.33 INR and a bit.
    story = at_paypal(shop, database, third_minor, third_minor, third_minor)

    ended = story.told(range(len(story.deliveries)))

    [payment], [order] = ended["payment_orders"], ended["orders"]
    assert (payment["status"], payment["refunded"]) == ("REFUNDED", 100_000)
    assert (order["payment_status"], order["refund_amount"]) == ("REFUNDED", 100_000)


def test_what_has_paid_is_known_whichever_message_comes_first(
    shop: Shop, database: Database[Document]
) -> None:
    story = at_paypal(shop, database)
    kinds = [event["event_type"] for event in shop.events("paypal")]
    agreed, taken = kinds.index("CHECKOUT.ORDER.APPROVED"), kinds.index("PAYMENT.CAPTURE.COMPLETED")

    first, second = story.told([agreed, taken]), story.told([taken, agreed])

    assert first["payment_orders"][0]["paid_with"] == second["payment_orders"][0]["paid_with"]


def test_refunds_of_ours_end_the_same_in_any_order(shop: Shop, database: Database[Document]) -> None:
    shop.sandbox.post("razorpay/settings", refunds="pending")
    opened = shop.paid()
    made = [shop.refund(opened, amount).json["data"]["refund_id"] for amount in (300, 200)]
    before = contents(database)
    for refund, action in zip(shop.sandbox.books()["refunds"], ("process", "fail"), strict=True):
        shop.sandbox.post(f"razorpay/refunds/{refund['id']}/{action}")
    story = Story(shop, database, "razorpay", before, signed_twice(shop, "razorpay"))

    endings = [story.told(order) for order in shuffled(len(story.deliveries), times=4)]

    assert all(ending == endings[0] for ending in endings)
    found = {refund["_id"]: refund["status"] for refund in endings[0]["refunds"]}
    assert found == dict(zip(made, ("COMPLETED", "FAILED"), strict=True))
    assert shop.payment(opened)["refunded_amount"] == 300


def shuffled(length: int, *, times: int) -> list[list[int]]:
    """Give some orders, the natural one and its reverse among them."""
    forwards = list(range(length))
    chance = random.Random(7)
    return [forwards, forwards[::-1], *(chance.sample(forwards, length) for _ in range(times - 2))]


def test_a_refund_may_be_told_of_before_its_payment(shop: Shop) -> None:
    opened = shop.opened()
    give_back(shop, "razorpay", shop.pay(opened)["razorpay_payment_id"], 30_000)

    assert answer(shop.deliver(latest(shop, "refund.processed"))) == (200, "ok")

    payment = shop.payment(opened)
    assert (payment["status"], payment["refunded_amount"]) == ("PARTIAL_REFUND", 300)
