"""Settlements: what a gateway has sent to the shop's bank account."""

from itertools import permutations
from typing import Any

import pytest

from tests.api.answers import refusal
from tests.shop import Shop

LIST = "/api/admin/settlements"


def settled(shop: Shop) -> Any:
    """Have everything paid out that was paid in, and give the message about it."""
    shop.sandbox.post("razorpay/settle")
    event = shop.events()[-1]
    assert event["event"] == "settlement.processed"
    return event


def test_a_settlement_is_listed_with_what_the_gateway_has_kept(shop: Shop) -> None:
    shop.paid()
    event = settled(shop)

    assert shop.deliver(event).status_code == 200

    [settlement] = shop.admin.get(LIST).json["data"]
    told = event["payload"]["settlement"]["entity"]
    amounts = [settlement[name] * 100 for name in ("amount", "fee", "tax")]
    assert amounts == [told["amount"], told["fees"], told["tax"]] == [97_640, 2_360, 360]
    assert (settlement["reference"], settlement["settlement_id"]) == (told["utr"], told["id"])
    assert (settlement["gateway"], settlement["state"], settlement["currency"]) == (
        "razorpay",
        "processed",
        "INR",
    )
    assert settlement["settled_at"].endswith("Z")


def test_a_settlement_is_recorded_once(shop: Shop) -> None:
    shop.paid()
    event = settled(shop)

    for _ in range(3):
        assert shop.deliver(event).status_code == 200

    assert shop.admin.get(LIST).json["total"] == 1


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_settlements_are_told_apart_in_any_order(shop: Shop, order: tuple[int, ...]) -> None:
    events = []
    for amount_minor in (50_000, 80_000):
        shop.paid(amount_minor)
        events.append(settled(shop))

    for place in order:
        shop.deliver(events[place])

    listed = shop.admin.get(LIST).json
    told = {event["payload"]["settlement"]["entity"]["amount"] for event in events}
    assert (listed["total"], {one["amount"] * 100 for one in listed["data"]}) == (2, told)


def test_settlements_can_be_paged(shop: Shop) -> None:
    for _ in range(3):
        shop.paid()
        shop.deliver(settled(shop))

    everything = shop.admin.get(LIST).json["data"]
    page = shop.admin.get(f"{LIST}?limit=1&skip=2").json

    assert (page["data"], page["total"]) == (everything[2:], 3)


def test_a_settlement_changes_no_payment(shop: Shop) -> None:
    opened = shop.paid()
    before = (shop.payment(opened), shop.order_of(opened))

    shop.deliver(settled(shop))

    assert (shop.payment(opened), shop.order_of(opened)) == before


def test_settlements_are_for_admins_only(shop: Shop) -> None:
    assert refusal(shop.customer.get(LIST)) == (403, "FORBIDDEN")
    assert shop.admin.get(LIST).json == {"status": "success", "data": [], "total": 0}
