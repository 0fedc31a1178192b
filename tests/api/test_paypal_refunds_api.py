"""Refunds of payments that PayPal has charged in dollars for an order in rupees."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
import requests

from backend.sandbox import keys
from tests.api.answers import refusal
from tests.gateways.controls import SECONDS
from tests.shop import Shop

CHARGED_CENTS = 1_203  # Rs 1000 at 83.10.


@pytest.fixture
def opened(shop: Shop) -> Any:
    """A payment of Rs 1000, paid by PayPal."""
    return shop.paid(method="paypal")


def ask_paypal(shop: Shop, path: str, body: Any) -> Any:
    """Do something on PayPal's own pages, in the shop's name."""
    account = (keys.PAYPAL_CLIENT_ID, keys.PAYPAL_CLIENT_SECRET)
    grant = {"grant_type": "client_credentials"}
    url = shop.sandbox.url
    token = requests.post(f"{url}/v1/oauth2/token", data=grant, auth=account, timeout=SECONDS).json()
    headers = {"Authorization": f"Bearer {token['access_token']}", "Prefer": "return=representation"}
    response = requests.post(f"{url}/v2/payments/{path}", json=body, headers=headers, timeout=SECONDS)
    assert response.ok, response.text
    return response.json()


def refund_at_paypal(shop: Shop, opened: Any, dollars: str) -> Any:
    """Give money back on PayPal's own pages."""
    path = f"captures/{shop.payment(opened)['gateway_payment_id']}/refund"
    return ask_paypal(shop, path, {"amount": {"value": dollars, "currency_code": "USD"}})


def told(shop: Shop, kind: str = "PAYMENT.CAPTURE.REFUNDED") -> list[Any]:
    return [event for event in shop.events("paypal") if event["event_type"] == kind]


def deliver(shop: Shop, *events: Any) -> None:
    for event in events:
        response = shop.deliver(event | {"id": f"{event['id']}-sent"}, provider="paypal")
        assert response.status_code == 200, response.text


def left(shop: Shop, opened: Any) -> Any:
    return shop.payment(opened)["refundable_amount"]


class TestShare:
    def test_is_what_was_charged_for_that_part(self, shop: Shop, opened: Any) -> None:
        refund = shop.refund(opened, 400).json["data"]

        [known] = shop.refunds_at_gateway(opened)
        assert known["amount"] == {"currency_code": "USD", "value": "4.81"}
        assert (refund["amount"], refund["status"]) == (400, "COMPLETED")
        assert refund["gateway_refund_id"] == known["id"]

    @pytest.mark.parametrize(
        "amounts",
        [[1000], [333.33, 333.33, None], [0.83] * 9 + [None], [999.5, None], [142.86] * 6 + [None]],
    )
    def test_of_all_parts_is_the_charge_to_the_cent(
        self, shop: Shop, opened: Any, amounts: list[float | None]
    ) -> None:
        answers = [shop.refund(opened, amount).status_code for amount in amounts]

        assert set(answers) == {201}
        assert shop.refunded_at_gateway(opened) == CHARGED_CENTS
        assert shop.payment(opened)["status"] == "REFUNDED"
        shop.assert_refunds_agree(opened)

    def test_of_less_than_a_cent_is_refused(self, shop: Shop, opened: Any) -> None:
        response = shop.refund(opened, 0.4)

        assert refusal(response) == (400, "BELOW_MINIMUM")
        assert left(shop, opened) == 1000
        shop.assert_refunds_agree(opened)

    def test_of_the_rest_is_exact_after_a_refund_at_paypal(self, shop: Shop, opened: Any) -> None:
        shop.refund(opened, 367)
        refund_at_paypal(shop, opened, "2.00")
        deliver(shop, told(shop)[-1])

        rest = shop.refund(opened)

        assert rest.status_code == 201, rest.text
        assert shop.refunded_at_gateway(opened) == CHARGED_CENTS
        shop.assert_refunds_agree(opened)

    def test_of_many_refunds_at_paypal_is_what_paypal_says(self, shop: Shop, opened: Any) -> None:
        for dollars in ("0.01", "3.33", "1.11", "2.22", "0.07"):
            refund_at_paypal(shop, opened, dollars)
            deliver(shop, told(shop)[-1])

            shop.assert_refunds_agree(opened)


class TestOutcome:
    @pytest.fixture(autouse=True)
    def _pending(self, shop: Shop) -> None:
        shop.sandbox.post("paypal/settings", refunds="pending")

    def test_is_known_when_paypal_tells(self, shop: Shop, opened: Any) -> None:
        refund = shop.refund(opened, 400).json["data"]
        assert (refund["status"], left(shop, opened)) == ("PROCESSING", 600)
        shop.sandbox.post(f"paypal/refunds/{refund['gateway_refund_id']}/complete")

        deliver(shop, *told(shop), *told(shop))

        found = shop.admin.get(f"/api/refunds/{refund['refund_id']}").json["data"]
        assert (found["status"], shop.payment(opened)["refunded_amount"]) == ("COMPLETED", 400)
        shop.assert_refunds_agree(opened)

    def test_is_asked_for_where_paypal_does_not_tell(self, shop: Shop, opened: Any) -> None:
        refund = shop.refund(opened, 400).json["data"]
        shop.sandbox.post(f"paypal/refunds/{refund['gateway_refund_id']}/fail")

        shop.reconcile()

        found = shop.admin.get(f"/api/refunds/{refund['refund_id']}").json["data"]
        assert (found["status"], left(shop, opened)) == ("FAILED", 1000)
        shop.assert_refunds_agree(opened)

    @pytest.mark.parametrize("kind", ["drop_after", "drop", "error", "html"])
    def test_that_was_lost_is_asked_for_and_happens_once(self, shop: Shop, opened: Any, kind: str) -> None:
        shop.sandbox.fault("/refund$", kind, times=3)
        refund = shop.refund(opened, 400).json["data"]
        assert (refund["status"], left(shop, opened)) == ("PROCESSING", 600)

        for _ in range(2):
            shop.reconcile()

        assert len(shop.refunds_at_gateway(opened)) == 1
        assert shop.refunded_at_gateway(opened) == 481
        shop.assert_refunds_agree(opened)


class TestMadeAtPayPal:
    @pytest.mark.parametrize("times", [1, 3])
    def test_a_refund_is_booked_once(self, shop: Shop, opened: Any, times: int) -> None:
        refund_at_paypal(shop, opened, "5.00")

        for number in range(times):
            deliver(shop, *[event | {"id": f"WH-{number}"} for event in told(shop)])

        assert shop.payment(opened)["refunded_amount"] == Decimal("415.63")
        shop.assert_refunds_agree(opened)

    def test_a_refund_we_did_not_know_of_makes_ours_be_refused(self, shop: Shop, opened: Any) -> None:
        refund_at_paypal(shop, opened, "8.00")

        response = shop.refund(opened, 400)

        answer = response.json["data"]
        assert (answer["status"], answer["error"]) == ("FAILED", "Refund amount exceeded")
        assert left(shop, opened) == 1000
        deliver(shop, *told(shop))
        shop.assert_refunds_agree(opened)

    def test_a_message_is_believed_only_as_far_as_paypal_confirms_it(self, shop: Shop, opened: Any) -> None:
        refund_at_paypal(shop, opened, "1.00")
        [event] = told(shop)
        event["resource"]["amount"]["value"] = "12.03"

        deliver(shop, event)

        assert shop.payment(opened)["refunded_amount"] == Decimal("83.13")

    def test_a_refund_that_paypal_does_not_know_is_not_booked(self, shop: Shop, opened: Any) -> None:
        refund_at_paypal(shop, opened, "1.00")
        [event] = told(shop)
        event["resource"]["id"] = "0AB12345CD678901E"

        deliver(shop, event)

        assert left(shop, opened) == 1000


class TestReversal:
    def reverse(self, shop: Shop, opened: Any) -> None:
        shop.sandbox.post(f"paypal/captures/{shop.payment(opened)['gateway_payment_id']}/reverse")

    def test_leaves_nothing_to_refund(self, shop: Shop, opened: Any) -> None:
        self.reverse(shop, opened)

        for _ in range(2):
            deliver(shop, *told(shop, "PAYMENT.CAPTURE.REVERSED"))

        [dispute] = shop.admin.get("/api/admin/disputes").json["data"]
        assert (dispute["state"], dispute["amount"], dispute["currency"]) == (
            "reversed",
            Decimal("12.03"),
            "USD",
        )
        assert (shop.order_of(opened)["disputed"], shop.payment(opened)["disputed"]) == (True, True)
        assert refusal(shop.refund(opened)) == (409, "REFUND_NOT_ALLOWED")
        assert shop.services.refunds.of_payment(opened["payment_id"])[0].amount_minor == 100_000

    @pytest.mark.parametrize("order", list(permutations(range(2))))
    def test_takes_what_refunds_have_left(self, shop: Shop, opened: Any, order: tuple[int, ...]) -> None:
        refund_at_paypal(shop, opened, "5.00")
        self.reverse(shop, opened)
        events = [*told(shop), *told(shop, "PAYMENT.CAPTURE.REVERSED")]

        deliver(shop, *[events[place] for place in order])

        assert (left(shop, opened), shop.payment(opened)["refunded_amount"]) == (0, 1000)
        shop.assert_refunds_agree(opened)

    def test_that_paypal_does_not_confirm_is_not_booked(self, shop: Shop, opened: Any) -> None:
        self.reverse(shop, shop.paid(method="paypal"))
        [event] = told(shop, "PAYMENT.CAPTURE.REVERSED")
        event["resource"]["id"] = "0AB12345CD678901E"
        [up] = [link for link in event["resource"]["links"] if link["rel"] == "up"]
        capture_id = shop.payment(opened)["gateway_payment_id"]
        up["href"] = f"{up['href'].rsplit('/', 1)[0]}/{capture_id}"

        deliver(shop, event)

        assert left(shop, opened) == 1000
