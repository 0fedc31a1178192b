"""Cards that customers save are theirs alone, and what pays with them never leaves the server."""

import json
from typing import Any

import pytest
from pymongo.database import Database

from tests.api.answers import contents, faulty_fields, refusal
from tests.api.shops import another_customer
from tests.conftest import Document
from tests.shop import Shop

RUPAY = "6527 6589 0000 1005"


def token_of_card(shop: Shop, number: str | None = None) -> str:
    """Save a card in the gateway's own page while paying, and give the gateway's token."""
    opened = shop.opened()
    card = {"card_number": number, "method": "card"} if number else {}
    paid = shop.pay(opened, customer_id=opened["checkout"]["customer_id"], save=True, **card)
    payments = {payment["id"]: payment for payment in shop.sandbox.books()["payments"]}
    token: str = payments[paid["razorpay_payment_id"]]["token_id"]
    return token


def save(shop: Shop, token: Any, **more: Any) -> Any:
    body = {"type": "card", "gateway": "razorpay", "token": token, "last4": "1111"} | more
    return shop.customer.post("/api/payments/save-method", body)


def saved(shop: Shop, number: str | None = None, **more: Any) -> Any:
    """Save a card, and give what the shop shows of it."""
    response = save(shop, token_of_card(shop, number), **more)
    assert response.status_code == 201, response.text
    return response.json["data"]


def listed(shop: Shop) -> list[tuple[str, bool]]:
    found = shop.customer.get("/api/payments/saved-methods").json
    assert found["total"] == len(found["data"])
    return [(method["id"], method["is_default"]) for method in found["data"]]


class TestSaving:
    def test_shows_what_the_gateway_knows(self, shop: Shop) -> None:
        method = saved(shop)

        shown = ("type", "gateway", "last4", "brand", "expiry", "is_default")
        assert [method[name] for name in shown] == ["card", "razorpay", "1111", "Visa", "12/30", True]
        assert method["id"] == method["method_id"]
        assert method["created_at"].endswith("Z")

    def test_does_not_believe_the_body(self, shop: Shop) -> None:
        method = saved(shop, RUPAY, last4="9999", brand="Visa", expiry="01/99")

        assert (method["last4"], method["brand"], method["expiry"]) == ("1005", "RuPay", "12/30")

    def test_again_is_the_same_method(self, shop: Shop) -> None:
        token = token_of_card(shop)

        answers = [save(shop, token) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json == answers[1].json
        assert len(listed(shop)) == 1

    @pytest.mark.parametrize("token", ["token_unknown", "../orders", "tok en", "x" * 200, "a/b"])
    def test_takes_no_token_that_the_gateway_does_not_know(self, shop: Shop, token: str) -> None:
        shop.opened()

        assert refusal(save(shop, token)) == (400, "INVALID_PAYMENT_METHOD")
        assert listed(shop) == []

    def test_takes_no_token_of_somebody_else(self, shop: Shop) -> None:
        token, other = token_of_card(shop), another_customer(shop)
        body = {"type": "card", "gateway": "razorpay", "token": token, "last4": "1111"}

        response = other.post("/api/payments/save-method", body)

        assert refusal(response) == (400, "INVALID_PAYMENT_METHOD")
        assert other.get("/api/payments/saved-methods").json["data"] == []

    def test_takes_no_card_for_something_else(self, shop: Shop) -> None:
        assert refusal(save(shop, token_of_card(shop), type="upi")) == (400, "INVALID_PAYMENT_METHOD")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("token", value) for value in ("", None, {"$gt": ""}, "x" * 256)),
            *(("type", value) for value in ("cash", None, {"$gt": ""})),
            *(("gateway", value) for value in ("stripe", None, {"$gt": ""})),
            *(("last4", "12345"), ("expiry", "12/2030 x"), ("brand", "x" * 41), ("set_default", "yes")),
            *(("customer_id", "cust_1"), ("id", "SAVED-1")),
        ],
    )
    def test_takes_no_field_that_makes_no_sense(self, shop: Shop, field: str, value: Any) -> None:
        body = {"type": "card", "gateway": "razorpay", "token": "token_1", "last4": "1111"}

        response = shop.customer.post("/api/payments/save-method", body | {field: value})

        assert faulty_fields(response) == {field}

    def test_says_when_the_gateway_is_away(self, shop: Shop) -> None:
        token = token_of_card(shop)
        shop.sandbox.fault("/tokens/", "error", times=9)

        assert refusal(save(shop, token)) == (502, "GATEWAY_ERROR")
        assert listed(shop) == []


class TestTheDefault:
    def test_is_the_first_one_saved(self, shop: Shop) -> None:
        first, second = saved(shop), saved(shop, RUPAY)

        assert listed(shop) == [(first["id"], True), (second["id"], False)]

    def test_is_the_one_saved_as_such(self, shop: Shop) -> None:
        first, second = saved(shop), saved(shop, RUPAY, set_default=True)

        assert listed(shop) == [(second["id"], True), (first["id"], False)]

    def test_is_changed(self, shop: Shop) -> None:
        first, second = saved(shop), saved(shop, RUPAY)

        response = shop.customer.post(f"/api/payments/saved-methods/{second['id']}/default")

        assert response.json["data"] == second | {"is_default": True}
        assert listed(shop) == [(second["id"], True), (first["id"], False)]

    def test_passes_on_when_it_is_deleted(self, shop: Shop) -> None:
        first, second = saved(shop), saved(shop, RUPAY)

        shop.customer.send("DELETE", f"/api/payments/saved-methods/{first['id']}")

        assert listed(shop) == [(second["id"], True)]


class TestDeleting:
    def test_forgets_it_here_and_at_the_gateway(self, shop: Shop) -> None:
        method = saved(shop)

        response = shop.customer.send("DELETE", f"/api/payments/saved-methods/{method['id']}")

        assert response.json == {"status": "success", "data": {"id": method["id"], "deleted": True}}
        assert (listed(shop), shop.sandbox.books()["tokens"]) == ([], [])

    def test_works_once(self, shop: Shop) -> None:
        path = f"/api/payments/saved-methods/{saved(shop)['id']}"
        shop.customer.send("DELETE", path)

        answers = [shop.customer.send("DELETE", path), shop.customer.post(f"{path}/default")]

        assert [refusal(answer) for answer in answers] == [(404, "SAVED_METHOD_NOT_FOUND")] * 2

    def test_keeps_it_when_the_gateway_is_away(self, shop: Shop) -> None:
        method = saved(shop)
        shop.sandbox.fault("/tokens/", "error", times=9)

        response = shop.customer.send("DELETE", f"/api/payments/saved-methods/{method['id']}")

        assert refusal(response) == (502, "GATEWAY_ERROR")
        assert listed(shop) == [(method["id"], True)]


class TestPrivacy:
    def test_another_customer_sees_none_of_it(self, shop: Shop) -> None:
        path, other = f"/api/payments/saved-methods/{saved(shop)['id']}", another_customer(shop)

        answers = [other.send("DELETE", path), other.post(f"{path}/default")]

        assert [refusal(answer) for answer in answers] == [(404, "SAVED_METHOD_NOT_FOUND")] * 2
        assert other.get("/api/payments/saved-methods").json["data"] == []
        assert len(listed(shop)) == 1

    def test_the_token_is_in_no_answer_and_in_no_row(self, shop: Shop, database: Database[Document]) -> None:
        token = token_of_card(shop)
        said = [save(shop, token, set_default=True).text]
        said += [shop.customer.get("/api/payments/saved-methods").text]
        said += [shop.admin.get("/api/payments/saved-methods").text]

        assert token not in "".join(said)
        assert token not in repr(contents(database))

    def test_the_token_is_in_no_log(self, shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("DEBUG")
        token = token_of_card(shop)
        method = save(shop, token).json["data"]
        shop.sandbox.fault("/tokens/", "drop", times=9)

        shop.customer.send("DELETE", f"/api/payments/saved-methods/{method['id']}")

        ours = [record for record in caplog.records if record.name.startswith("backend")]
        assert token not in json.dumps([vars(record) for record in ours], default=str)


class TestPayingWithIt:
    def test_opens_a_payment_that_knows_the_customer(self, shop: Shop) -> None:
        method = saved(shop)

        opened = shop.opened(saved_method_id=method["id"])

        [customer] = shop.sandbox.books()["customers"]
        assert (opened["gateway"], opened["checkout"]["customer_id"]) == ("razorpay", customer["id"])
        assert shop.verify(opened, shop.pay(opened)).json["data"]["status"] == "COMPLETED"

    def test_tells_the_token_to_nobody(self, shop: Shop, database: Database[Document]) -> None:
        token = token_of_card(shop)
        method, order_id = save(shop, token).json["data"], shop.order()

        answers = [shop.initiate(order_id, saved_method_id=method["id"]) for _ in range(2)]
        answers.append(shop.customer.get("/api/payments/history"))

        assert [answer.status_code for answer in answers] == [201, 200, 200]
        assert token not in "".join(answer.text for answer in answers)
        assert token not in repr(contents(database))

    def test_does_not_fall_back_to_another_gateway(self, shop: Shop) -> None:
        method = saved(shop)
        shop.sandbox.fault("^/v1/orders$", "error", times=1)

        response = shop.initiate(shop.order(), saved_method_id=method["id"])

        assert refusal(response) == (502, "GATEWAY_ERROR")

    @pytest.mark.parametrize("other", [{"method": "upi"}, {"gateway": "paypal"}])
    def test_fits_only_what_was_saved(self, shop: Shop, other: dict[str, str]) -> None:
        method = saved(shop)

        response = shop.initiate(shop.order(), saved_method_id=method["id"], **other)

        assert refusal(response) == (400, "INVALID_PAYMENT_METHOD")

    def test_is_for_its_owner_only(self, shop: Shop) -> None:
        method, other = saved(shop), another_customer(shop)
        body = {"order_id": shop.order(person=other), "amount": 1000, "payment_method": "card"}

        response = other.post("/api/payments/initiate", body | {"saved_method_id": method["id"]})

        assert refusal(response) == (404, "SAVED_METHOD_NOT_FOUND")
