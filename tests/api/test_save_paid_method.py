"""A card that the gateway kept while it paid is saved by naming the payment."""

from typing import Any

import pytest

from tests.api.answers import faulty_fields, refusal
from tests.api.shops import another_customer
from tests.shop import Shop


def paid(shop: Shop, *, keeps: bool = True) -> Any:
    """Pay in the gateway's own page, and let it keep the card or not."""
    opened = shop.opened()
    wishes = {"customer_id": opened["checkout"]["customer_id"], "save": True} if keeps else {}
    response = shop.verify(opened, shop.pay(opened, **wishes))
    assert response.json["data"]["status"] == "COMPLETED"
    return opened


def save(shop: Shop, opened: Any, **more: Any) -> Any:
    body = {"type": "card", "gateway": "razorpay", "payment_id": opened["payment_id"]} | more
    return shop.customer.post("/api/payments/save-method", body)


def listed(shop: Shop) -> list[str]:
    found = shop.customer.get("/api/payments/saved-methods").json["data"]
    return [method["id"] for method in found]


def test_the_card_that_has_paid_is_saved(shop: Shop) -> None:
    opened = paid(shop)

    response = save(shop, opened, last4="9999")

    method = response.json["data"]
    assert response.status_code == 201
    assert [method[name] for name in ("type", "last4", "brand", "is_default")] == [
        "card",
        "1111",
        "Visa",
        True,
    ]
    assert listed(shop) == [method["id"]]
    [token] = shop.sandbox.books()["tokens"]
    assert token["id"] not in response.text


def test_and_pays_the_next_order(shop: Shop) -> None:
    method = save(shop, paid(shop)).json["data"]

    opened = shop.opened(saved_method_id=method["id"])

    assert shop.verify(opened, shop.pay(opened)).json["data"]["status"] == "COMPLETED"


def test_saving_it_by_its_token_as_well_is_the_same_method(shop: Shop) -> None:
    opened = paid(shop)
    [token] = shop.sandbox.books()["tokens"]

    by_payment = save(shop, opened)
    body = {"type": "card", "gateway": "razorpay", "token": token["id"]}
    by_token = shop.customer.post("/api/payments/save-method", body)

    assert by_token.json == by_payment.json
    assert len(listed(shop)) == 1


def test_what_has_not_paid_cannot_be_saved(shop: Shop) -> None:
    assert refusal(save(shop, shop.opened())) == (400, "INVALID_PAYMENT_METHOD")
    assert listed(shop) == []


def test_what_the_customer_did_not_let_the_gateway_keep_cannot_be_saved(shop: Shop) -> None:
    assert refusal(save(shop, paid(shop, keeps=False))) == (400, "INVALID_PAYMENT_METHOD")
    assert listed(shop) == []


@pytest.mark.parametrize("other", [{"type": "upi"}, {"gateway": "paypal"}])
def test_it_is_saved_only_as_what_it_is(shop: Shop, other: dict[str, str]) -> None:
    opened = paid(shop)

    assert refusal(save(shop, opened, **other)) == (400, "INVALID_PAYMENT_METHOD")
    assert listed(shop) == []


def test_the_payment_of_somebody_else_does_not_exist(shop: Shop) -> None:
    opened, other = paid(shop), another_customer(shop)
    body = {"type": "card", "gateway": "razorpay", "payment_id": opened["payment_id"]}

    answers = [other.post("/api/payments/save-method", body), save(shop, {"payment_id": "PAY-unknown"})]

    assert [refusal(answer) for answer in answers] == [(404, "PAYMENT_NOT_FOUND")] * 2
    assert other.get("/api/payments/saved-methods").json["data"] == []


def test_a_token_and_a_payment_are_one_too_many(shop: Shop) -> None:
    opened = paid(shop)

    assert faulty_fields(save(shop, opened, token="token_1")) == {"token"}


def test_a_gateway_that_is_away_says_so_and_saves_nothing(shop: Shop) -> None:
    opened = paid(shop)
    shop.sandbox.fault("^/v1/payments/", "error", times=9)

    answer = refusal(save(shop, opened))

    shop.mend()
    assert (answer, listed(shop)) == ((502, "GATEWAY_ERROR"), [])
    assert save(shop, opened).status_code == 201
