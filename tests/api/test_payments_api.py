"""Opening payments of orders over HTTP, through the real SDKs and the sandbox."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pymongo.database import Database

from backend.sandbox import keys
from tests.api.answers import faulty_fields, refusal
from tests.api.shops import another_customer, another_shop, only_razorpay
from tests.conftest import Document
from tests.shop import Shop

EVERY_METHOD = ["card", "upi", "netbanking", "wallet", "google_pay", "apple_pay", "emi"]


@pytest.mark.parametrize("method", [*EVERY_METHOD, "paypal"])
def test_an_order_can_be_paid_by(shop: Shop, method: str) -> None:
    opened = shop.opened(method=method)

    verified = shop.verify(opened, shop.pay(opened)).json["data"]

    order = shop.order_of(opened)
    assert (verified["status"], verified["amount"]) == ("COMPLETED", 1000)
    assert (order["payment_status"], order["status"], order["amount_due"]) == ("PAID", "CONFIRMED", 0)
    assert (order["amount_paid"], order["payment_method"]) == (1000, method)


class TestTheAnswer:
    def test_names_the_payment_and_the_order_at_razorpay(self, shop: Shop) -> None:
        order_id = shop.order(150_025)

        opened = shop.initiate(order_id).json["data"]

        [at_gateway] = shop.sandbox.books()["orders"]
        assert opened["payment_id"].startswith("PAY-")
        assert (opened["order_id"], opened["gateway_order_id"]) == (order_id, at_gateway["id"])
        assert (opened["amount"], opened["currency"]) == (1500.25, "INR")
        assert (opened["gateway"], opened["key"], opened["status"]) == (
            "razorpay",
            keys.RAZORPAY_KEY_ID,
            "INITIATED",
        )
        page = shop.services.settings.pay_url(opened["payment_id"])
        assert (opened["payment_method"], opened["checkout_url"]) == ("card", page)
        assert opened["charge"] == {"amount": 1500.25, "currency": "INR", "rate": "1"}

    def test_has_all_that_razorpays_script_needs(self, shop: Shop) -> None:
        opened = shop.opened(99_950)

        checkout = opened["checkout"]
        [customer] = shop.sandbox.books()["customers"]
        assert (checkout["order_id"], checkout["key"]) == (opened["gateway_order_id"], opened["key"])
        assert (checkout["amount"], checkout["currency"]) == (99_950, "INR")
        assert checkout["script"] == f"{shop.sandbox.url}/v1/checkout.js"
        assert checkout["prefill"]["email"] == shop.customer.email
        assert (checkout["customer_id"], checkout["save"]) == (customer["id"], 1)

    def test_leads_to_paypals_page_and_tells_what_is_charged(self, shop: Shop) -> None:
        opened = shop.opened(100_000, method="paypal")

        [at_gateway] = shop.sandbox.books()["paypal_orders"]
        assert (opened["gateway"], opened["gateway_order_id"]) == ("paypal", at_gateway["id"])
        assert opened["checkout_url"].endswith(f"/checkoutnow?token={at_gateway['id']}")
        assert (opened["key"], opened["upi"]) == (keys.PAYPAL_CLIENT_ID, None)
        assert (opened["amount"], opened["currency"]) == (1000, "INR")
        assert opened["charge"] == {"amount": Decimal("12.03"), "currency": "USD", "rate": "83.1"}
        assert opened["checkout"]["client_id"] == opened["key"]

    def test_tells_when_the_time_to_pay_is_over(self, shop: Shop) -> None:
        opened = shop.opened()

        left = datetime.fromisoformat(opened["expires_at"]) - datetime.now(UTC)
        assert timedelta(minutes=59) < left <= timedelta(minutes=60)

    def test_tells_of_the_time_that_the_installation_gives(self, shop: Shop) -> None:
        with another_shop(shop, payment_timeout_minutes=5) as hasty:
            opened = hasty.opened()

        left = datetime.fromisoformat(opened["expires_at"]) - datetime.now(UTC)
        assert timedelta(minutes=4) < left <= timedelta(minutes=5)

    def test_has_a_link_that_opens_a_upi_app(self, shop: Shop, database: Database[Document]) -> None:
        database["customers_v2"].update_one({"_id": shop.customer.id}, {"$set": {"phone": "+919812345678"}})

        upi = shop.opened(100_000, method="upi")["upi"]

        assert upi["link"].startswith("upi://pay?")
        assert "am=1000.00" in upi["link"]
        assert upi["qr"] == upi["link"]

    @pytest.mark.parametrize("method", ["card", "netbanking", "google_pay"])
    def test_has_no_such_link_for_other_methods(self, shop: Shop, method: str) -> None:
        assert shop.opened(method=method)["upi"] is None

    def test_tells_the_script_how_many_instalments(self, shop: Shop) -> None:
        opened = shop.opened(500_000, method="emi", installments=6)

        assert opened["checkout"]["emi_duration"] == 6
        assert shop.payment(opened)["installments"] == 6

    def test_tells_the_script_which_bank(self, shop: Shop) -> None:
        assert shop.opened(method="netbanking", bank="SBIN")["checkout"]["prefill"]["bank"] == "SBIN"

    def test_is_shown_by_the_payment_too(self, shop: Shop) -> None:
        opened = shop.opened(notes="Leave it at the door")

        shown = shop.customer.get(f"/api/payments/{opened['payment_id']}").json["data"]

        same = ("payment_id", "order_id", "amount", "currency", "status", "gateway", "expires_at", "charge")
        assert {name: shown[name] for name in same} == {name: opened[name] for name in same}
        assert (shown["id"], shown["method_type"], shown["attempts"]) == (opened["payment_id"], "card", 1)
        assert (shown["last4"], shown["refunded_amount"], shown["completed_at"]) == (None, 0, None)


class TestWhatIsRefused:
    @pytest.mark.parametrize("amount", [999.99, 1000.01, 1, "999999.99"])
    def test_another_amount_than_is_due(self, shop: Shop, amount: Any) -> None:
        response = shop.initiate(shop.order(100_000), amount=amount)

        assert refusal(response) == (400, "AMOUNT_MISMATCH")
        assert response.json["error"]["details"]["amount_due"] == 1000
        assert shop.sandbox.books()["orders"] == []

    @pytest.mark.parametrize("amount", ["1000", "1000.00", 1000.0])
    def test_but_not_the_same_amount_written_otherwise(self, shop: Shop, amount: Any) -> None:
        assert shop.initiate(shop.order(100_000), amount=amount).status_code == 201

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("amount", value) for value in (0, -5, 10.001, True, None, "1e3", "NaN", [1000], {"$gt": 0})),
            *(("order_id", value) for value in (None, "", 5, {"$gt": ""}, ["ord_1"], "x" * 101)),
            *(("payment_method", value) for value in ("cash", "CARD", None, "", {"$ne": ""})),
            *(("gateway", value) for value in ("stripe", "", {"$ne": None}, 1)),
            *(("installments", value) for value in (0, 2, 24, "3", True, None)),
            *(("bank", value) for value in ("", "A" * 21, "HD FC", {"$gt": ""}, "HDFC\n")),
            *(("saved_method_id", value) for value in ("", {"$gt": ""}, 7)),
            *(("notes", value) for value in ("x" * 501, {"a": 1})),
            *(("customer_id", "cust_1"), ("status", "COMPLETED"), ("currency", "USD")),
        ],
    )
    def test_a_field_that_makes_no_sense(self, shop: Shop, field: str, value: Any) -> None:
        body = {"order_id": shop.order(), "amount": 1000, "payment_method": "card"} | {field: value}

        assert faulty_fields(shop.customer.post("/api/payments/initiate", body)) == {field}

    @pytest.mark.parametrize("field", ["order_id", "amount", "payment_method"])
    def test_a_body_without(self, shop: Shop, field: str) -> None:
        body = {"order_id": shop.order(), "amount": 1000, "payment_method": "card"}
        del body[field]

        assert faulty_fields(shop.customer.post("/api/payments/initiate", body)) == {field}

    def test_the_order_of_somebody_else(self, shop: Shop) -> None:
        order_id = shop.order(person=another_customer(shop))

        answers = [shop.initiate(order_id)]

        body = {"order_id": "ord_nobody", "amount": 5, "payment_method": "card"}
        answers.append(shop.customer.post("/api/payments/initiate", body))
        assert [refusal(answer) for answer in answers] == [(404, "ORDER_NOT_FOUND")] * 2

    def test_but_an_admin_may_open_it_for_its_owner(self, shop: Shop) -> None:
        body = {"order_id": shop.order(), "amount": 1000, "payment_method": "card"}

        opened = shop.admin.post("/api/payments/initiate", body).json["data"]

        assert shop.payment(opened)["customer_id"] == shop.customer.id
        assert opened["checkout"]["prefill"]["email"] == shop.customer.email

    def test_an_order_that_is_paid(self, shop: Shop) -> None:
        paid = shop.paid()

        response = shop.initiate(paid["order_id"], amount=1000)

        assert refusal(response) == (409, "ORDER_NOT_PAYABLE")

    @pytest.mark.parametrize("method", ["card", "upi", "netbanking"])
    def test_instalments_without_a_loan(self, shop: Shop, method: str) -> None:
        response = shop.initiate(shop.order(500_000), method=method, installments=3)

        assert refusal(response) == (400, "INVALID_PAYMENT_METHOD")

    @pytest.mark.parametrize(("method", "gateway"), [("upi", "paypal"), ("paypal", "razorpay")])
    def test_a_gateway_that_does_not_take_the_method(self, shop: Shop, method: str, gateway: str) -> None:
        response = shop.initiate(shop.order(), method=method, gateway=gateway)

        assert refusal(response) == (400, "INVALID_PAYMENT_METHOD")

    @pytest.mark.parametrize("how", [{"method": "paypal"}, {"method": "card", "gateway": "paypal"}])
    def test_a_gateway_that_is_not_configured(self, shop: Shop, how: dict[str, str]) -> None:
        with another_shop(shop, gateways=only_razorpay(shop)) as small:
            response = small.initiate(small.order(), **how)

        assert refusal(response) == (503, "SERVICE_UNAVAILABLE")

    def test_an_amount_that_the_gateway_finds_too_small(self, shop: Shop) -> None:
        response = shop.initiate(shop.order(99), method="upi")

        assert refusal(response) == (400, "BELOW_MINIMUM")
