"""Refunds over HTTP: what may be given back, what is answered, and what it does to payment and order."""

from decimal import Decimal
from typing import Any

import pytest

from tests.api.answers import faulty_fields, refusal
from tests.conftest import Person
from tests.shop import Shop

REASONS = ["customer_request", "dispute", "damaged", "not_delivered", "duplicate", "other"]


def standing(shop: Shop, opened: Any) -> tuple[Any, ...]:
    """Tell where payment and order stand after refunds."""
    payment, order = shop.payment(opened), shop.order_of(opened)
    return (
        payment["status"],
        payment["refunded_amount"],
        order["payment_status"],
        order["status"],
        order["refund_amount"],
    )


class TestAmount:
    def test_of_a_part_leaves_the_rest(self, shop: Shop) -> None:
        opened = shop.paid()

        response = shop.refund(opened, 300.5)

        assert response.status_code == 201
        assert (response.json["data"]["amount"], response.json["data"]["status"]) == (300.5, "COMPLETED")
        assert standing(shop, opened) == ("PARTIAL_REFUND", 300.5, "PARTIALLY_REFUNDED", "CONFIRMED", 300.5)
        assert shop.payment(opened)["refundable_amount"] == 699.5

    @pytest.mark.parametrize("body", [{}, {"amount": None}, {"amount": 1000}, {"amount": "1000.00"}])
    def test_of_everything_ends_payment_and_order(self, shop: Shop, body: dict[str, Any]) -> None:
        opened = shop.paid()

        response = shop.refund(opened, **body)

        assert (response.status_code, response.json["data"]["amount"]) == (201, 1000)
        assert standing(shop, opened) == ("REFUNDED", 1000, "REFUNDED", "REFUNDED", 1000)
        assert shop.payment(opened)["refundable_amount"] == 0

    def test_left_out_means_all_that_is_left(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.refund(opened, "998.99")

        response = shop.refund(opened)

        assert '"amount":1.01,' in response.text
        assert standing(shop, opened)[0] == "REFUNDED"
        shop.assert_refunds_agree(opened)

    def test_of_many_parts_adds_up_to_the_whole(self, shop: Shop) -> None:
        opened = shop.paid(10_010)

        answers = [shop.refund(opened, 10.01).status_code for _ in range(10)]

        assert answers == [201] * 10
        assert standing(shop, opened)[:2] == ("REFUNDED", Decimal("100.1"))
        assert len(shop.refunds_at_gateway(opened)) == 10
        shop.assert_refunds_agree(opened)

    def test_above_what_was_paid_is_refused(self, shop: Shop) -> None:
        opened = shop.paid()

        response = shop.refund(opened, 1000.01)

        assert refusal(response) == (409, "REFUND_EXCEEDS_PAYMENT")
        assert response.json["error"]["details"]["refundable"] == 1000
        assert shop.refunds_at_gateway(opened) == []

    def test_above_what_is_left_is_refused(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.refund(opened, 600)

        assert refusal(shop.refund(opened, 400.01)) == (409, "REFUND_EXCEEDS_PAYMENT")
        assert shop.refund(opened, 400).status_code == 201

    @pytest.mark.parametrize("body", [{}, {"amount": 1}])
    def test_of_nothing_left_is_refused(self, shop: Shop, body: dict[str, Any]) -> None:
        opened = shop.paid()
        shop.refund(opened)

        status, code = refusal(shop.refund(opened, **body))

        assert (status, code in ("REFUND_NOT_ALLOWED", "REFUND_EXCEEDS_PAYMENT")) == (409, True)
        shop.assert_refunds_agree(opened)

    @pytest.mark.parametrize("amount", [0, -1, 1.005, "0.001", "x", True, "NaN", 1e300, [1], {"$gt": 0}])
    def test_that_is_none_is_refused(self, shop: Shop, amount: Any) -> None:
        opened = shop.paid()

        assert faulty_fields(shop.refund(opened, amount)) == {"amount"}
        assert shop.refunds_at_gateway(opened) == []

    def test_that_changed_since_it_was_seen_is_refused_with_the_present_one(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.refund(opened, 100)

        response = shop.refund(opened, 500, refundable_amount=1000)

        assert refusal(response) == (412, "REFUNDABLE_CHANGED")
        assert response.json["error"]["details"]["refundable"] == 900
        assert shop.refund(opened, 500, refundable_amount=900).status_code == 201


class TestWho:
    def test_makes_refunds_is_an_admin_and_nobody_else(self, shop: Shop) -> None:
        opened = shop.paid()
        path, body = f"/api/payments/{opened['payment_id']}/refund", {"reason": "other"}

        assert refusal(shop.customer.post(path, body)) == (403, "FORBIDDEN")
        anonymous = shop.app.test_client().post(path, json=body)
        assert refusal(anonymous) == (401, "UNAUTHENTICATED")
        assert shop.refunds_at_gateway(opened) == []

    def test_sees_a_refund_is_its_owner_or_an_admin(self, shop: Shop) -> None:
        opened = shop.paid()
        made = shop.refund(opened, 250, notes="Cracked").json["data"]
        paths = [f"/api/refunds/{made['refund_id']}", f"/api/payments/{opened['payment_id']}/refunds"]
        stranger = Person(shop.app, email="stranger@shop.example")

        for person in (shop.customer, shop.admin):
            assert person.get(paths[0]).json["data"] == made
            assert person.get(paths[1]).json == {"status": "success", "data": [made], "total": 1}
        assert refusal(stranger.get(paths[0])) == (404, "REFUND_NOT_FOUND")
        assert refusal(stranger.get(paths[1])) == (404, "PAYMENT_NOT_FOUND")

    def test_asks_for_refunds_that_do_not_exist_learns_so(self, shop: Shop) -> None:
        assert refusal(shop.admin.get("/api/refunds/REFUND-x")) == (404, "REFUND_NOT_FOUND")
        assert refusal(shop.admin.get("/api/payments/PAY-x/refunds")) == (404, "PAYMENT_NOT_FOUND")
        assert refusal(shop.refund({"payment_id": "PAY-x"})) == (404, "PAYMENT_NOT_FOUND")


class TestRefund:
    @pytest.mark.parametrize("reason", REASONS)
    def test_has_a_reason(self, shop: Shop, reason: str) -> None:
        response = shop.refund(shop.paid(), 10, reason=reason)

        assert (response.status_code, response.json["data"]["reason"]) == (201, reason)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("reason", "because"),
            ("reason", None),
            ("destination", "bank"),
            ("notes", "x" * 501),
            ("to", "me"),
        ],
    )
    def test_is_refused_for_a_bad_field(self, shop: Shop, field: str, value: Any) -> None:
        opened = shop.paid()

        assert faulty_fields(shop.refund(opened, 10, **{field: value})) == {field}
        assert shop.refunds_at_gateway(opened) == []

    @pytest.mark.parametrize("body", [{}, {"amount": 1}, {"destination": "wallet"}])
    def test_of_an_unpaid_payment_is_refused(self, shop: Shop, body: dict[str, Any]) -> None:
        opened = shop.opened()

        assert refusal(shop.refund(opened, **body)) == (409, "REFUND_NOT_ALLOWED")
        assert shop.services.wallets.get_wallet(shop.customer.id).balance_minor == 0

    def test_names_the_gateway_and_what_a_bank_statement_shows(self, shop: Shop) -> None:
        opened = shop.paid()

        made = shop.refund(opened).json["data"]

        [known] = shop.refunds_at_gateway(opened)
        assert made["refund_id"].startswith("REFUND-")
        assert (made["gateway"], made["gateway_refund_id"]) == ("razorpay", known["id"])
        assert made["reference"] == known["acquirer_data"]["arn"]
        assert made["completed_at"].endswith("Z")
        assert shop.order_of(opened)["refunded_at"].endswith("Z")

    def test_is_listed_newest_first(self, shop: Shop) -> None:
        opened = shop.paid()
        made = [shop.refund(opened, amount).json["data"]["refund_id"] for amount in (10, 20, 30)]

        listed = shop.customer.get(f"/api/payments/{opened['payment_id']}/refunds").json

        assert [refund["refund_id"] for refund in listed["data"]] == made[::-1]
        assert listed["total"] == 3


class TestKey:
    def test_sent_twice_gives_back_once(self, shop: Shop) -> None:
        opened = shop.paid()

        first, again = [shop.refund(opened, 100, key="refund-1") for _ in range(2)]

        assert (again.status_code, again.json) == (201, first.json)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert [refund["amount"] for refund in shop.refunds_at_gateway(opened)] == [10_000]

    def test_for_another_amount_is_refused(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.refund(opened, 100, key="refund-1")

        assert refusal(shop.refund(opened, 200, key="refund-1")) == (422, "IDEMPOTENCY_KEY_REUSED")
        assert shop.refunded_at_gateway(opened) == 10_000

    def test_for_another_payment_is_another_refund(self, shop: Shop) -> None:
        opened = [shop.paid(), shop.paid()]

        made = [shop.refund(one, 100, key="refund-1").json["data"]["refund_id"] for one in opened]

        assert len(set(made)) == 2
        assert [shop.refunded_at_gateway(one) for one in opened] == [10_000] * 2

    def test_left_out_gives_back_each_time(self, shop: Shop) -> None:
        opened = shop.paid()

        made = {shop.refund(opened, 100).json["data"]["refund_id"] for _ in range(2)}

        assert len(made) == 2
        assert shop.refunded_at_gateway(opened) == 20_000
