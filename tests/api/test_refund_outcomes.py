"""Refunds that end later, elsewhere, or without an answer."""

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from backend import create_app
from tests.api.answers import refusal
from tests.conftest import Person, services_of
from tests.shop import Shop, quick_gateways

REFUND_PATH = "/refund$"
HANGS = ["timeout_before", "timeout_after"]
BREAKS = ["drop", "drop_after", "error", "html", "rate_limit", "in_flight"]
HANGS_FOR_SECONDS = 1.5


def pending(shop: Shop, opened: Any, amount: Any = 400, **more: Any) -> Any:
    """Make a refund that the bank has not carried out yet."""
    shop.sandbox.post("razorpay/settings", refunds="pending")
    response = shop.refund(opened, amount, **more)
    assert response.status_code == 201, response.text
    return response.json["data"]


def refund_events(shop: Shop) -> list[Any]:
    return [event for event in shop.events() if event["event"].startswith("refund.")]


def deliver(shop: Shop, events: Sequence[Any]) -> None:
    for event in events:
        assert shop.deliver(event).status_code == 200


def break_refunds(shop: Shop, kind: str, *, times: int = 9) -> None:
    details: Any = {"kind": "error", "status": 409} if kind == "in_flight" else {"kind": kind}
    shop.sandbox.post(
        "faults", path=REFUND_PATH, method="POST", seconds=HANGS_FOR_SECONDS, times=times, **details
    )


def amounts(shop: Shop, opened: Any) -> tuple[Any, Any]:
    """Tell what was refunded and what still can be."""
    payment = shop.payment(opened)
    return payment["refunded_amount"], payment["refundable_amount"]


def status(shop: Shop, refund: Any) -> str:
    found: str = shop.admin.get(f"/api/refunds/{refund['refund_id']}").json["data"]["status"]
    return found


class TestPending:
    def test_reserves_its_amount(self, shop: Shop) -> None:
        opened = shop.paid()

        refund = pending(shop, opened)

        assert (refund["status"], refund["completed_at"]) == ("PROCESSING", None)
        assert amounts(shop, opened) == (0, 600)
        assert shop.payment(opened)["status"] == "COMPLETED"
        assert shop.order_of(opened)["payment_status"] == "PAID"
        assert refusal(shop.refund(opened, 601)) == (409, "REFUND_EXCEEDS_PAYMENT")

    def test_ends_when_the_bank_has_paid(self, shop: Shop) -> None:
        opened = shop.paid()
        refund = pending(shop, opened)
        shop.sandbox.post(f"razorpay/refunds/{refund['gateway_refund_id']}/process")

        deliver(shop, refund_events(shop)[-1:])

        assert status(shop, refund) == "COMPLETED"
        assert amounts(shop, opened) == (400, 600)
        assert shop.order_of(opened)["payment_status"] == "PARTIALLY_REFUNDED"

    @pytest.mark.parametrize("order", sorted(set(permutations((0, 0, 1, 1)))))
    @pytest.mark.parametrize(
        ("end", "ended", "left"), [("process", "COMPLETED", (400, 600)), ("fail", "FAILED", (0, 1000))]
    )
    def test_ends_the_same_whatever_order_the_messages_come_in(
        self, shop: Shop, order: tuple[int, ...], end: str, ended: str, left: tuple[int, int]
    ) -> None:
        opened = shop.paid()
        refund = pending(shop, opened)
        shop.sandbox.post(f"razorpay/refunds/{refund['gateway_refund_id']}/{end}")
        events = refund_events(shop)

        deliver(shop, [events[place] for place in order])

        assert status(shop, refund) == ended
        assert amounts(shop, opened) == left
        shop.assert_refunds_agree(opened)

    @pytest.mark.parametrize("name", ["refund.created", "refund.completed", "refund.speed_changed"])
    def test_ends_by_any_message_that_says_processed(self, shop: Shop, name: str) -> None:
        opened = shop.paid()
        refund = pending(shop, opened)
        shop.sandbox.post(f"razorpay/refunds/{refund['gateway_refund_id']}/process")

        deliver(shop, [refund_events(shop)[-1] | {"event": name}])

        assert status(shop, refund) == "COMPLETED"
        shop.assert_refunds_agree(opened)

    def test_whose_bank_refused_can_be_made_again(self, shop: Shop) -> None:
        opened = shop.paid()
        refund = pending(shop, opened, 1000)
        shop.sandbox.post(f"razorpay/refunds/{refund['gateway_refund_id']}/fail")
        deliver(shop, refund_events(shop))

        again = pending(shop, opened, 1000)

        assert again["refund_id"] != refund["refund_id"]
        assert amounts(shop, opened) == (0, 0)
        shop.assert_refunds_agree(opened)


class TestWithoutAnAnswer:
    @pytest.mark.parametrize("kind", HANGS + BREAKS)
    def test_keeps_its_amount_until_it_is_known_and_is_made_once(self, shop: Shop, kind: str) -> None:
        opened = shop.paid()
        break_refunds(shop, kind)

        first, again = [shop.refund(opened, 400, key="refund-1") for _ in range(2)]

        assert (first.status_code, first.json["data"]["status"]) == (201, "PROCESSING")
        assert again.json == first.json
        assert amounts(shop, opened) == (0, 600)
        shop.mend()
        time.sleep(HANGS_FOR_SECONDS if kind in HANGS else 0)
        shop.reconcile()
        assert status(shop, first.json["data"]) == "COMPLETED"
        assert shop.refunded_at_gateway(opened) == 40_000
        shop.assert_refunds_agree(opened)

    @pytest.mark.parametrize("kind", BREAKS)
    def test_is_asked_for_again_at_once(self, shop: Shop, kind: str) -> None:
        opened = shop.paid()
        break_refunds(shop, kind, times=1)

        response = shop.refund(opened, 400)

        assert response.json["data"]["status"] == "COMPLETED"
        assert shop.refunded_at_gateway(opened) == 40_000

    def test_stays_as_it_is_while_the_gateway_stays_broken(self, shop: Shop) -> None:
        opened = shop.paid()
        break_refunds(shop, "drop_after", times=99)
        refund = shop.refund(opened, 400).json["data"]

        for _ in range(2):
            shop.reconcile()

        assert status(shop, refund) == "PROCESSING"
        assert shop.refunded_at_gateway(opened) == 40_000
        assert amounts(shop, opened) == (0, 600)

    def test_is_completed_by_its_message(self, shop: Shop) -> None:
        opened = shop.paid()
        break_refunds(shop, "drop_after")
        refund = shop.refund(opened, 400).json["data"]

        deliver(shop, refund_events(shop))

        assert status(shop, refund) == "COMPLETED"
        shop.assert_refunds_agree(opened)

    def test_learns_what_the_gateway_calls_it(self, shop: Shop) -> None:
        opened = shop.paid()
        break_refunds(shop, "drop_after", times=3)
        refund = pending(shop, opened)

        shop.reconcile()

        [known] = shop.refunds_at_gateway(opened)
        found = shop.admin.get(f"/api/refunds/{refund['refund_id']}").json["data"]
        assert (found["status"], found["gateway_refund_id"]) == ("PROCESSING", known["id"])

    def test_waits_for_keys_that_are_accepted(self, shop: Shop) -> None:
        opened = shop.paid()
        break_refunds(shop, "unauthorized")

        refund = shop.refund(opened, 400).json["data"]

        assert (refund["status"], amounts(shop, opened)) == ("PENDING", (0, 600))
        shop.mend()
        shop.reconcile()
        assert status(shop, refund) == "COMPLETED"

    def test_waits_for_a_gateway_that_cannot_be_reached(self, shop: Shop) -> None:
        opened = shop.paid()
        razorpay = replace(shop.services.settings.razorpay, api_url="http://127.0.0.1:9")
        nowhere = replace(shop.services.settings, razorpay=razorpay)
        app = create_app(nowhere, client=shop.services.client, gateways=quick_gateways(nowhere))
        owner = Person(app, email="second@shop.example", is_admin=True)

        refund = Shop(app, shop.sandbox, shop.customer, owner).refund(opened, 400).json["data"]

        services_of(app).ledger.close()
        assert (refund["status"], amounts(shop, opened)) == ("PENDING", (0, 600))
        shop.reconcile()
        assert status(shop, refund) == "COMPLETED"
        assert shop.refunded_at_gateway(opened) == 40_000
