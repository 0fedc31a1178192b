"""Customers decide about their own auto-recharge, and about nobody else's."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from tests.api.answers import faulty_fields, refusal
from tests.api.auto_recharges import (
    FIRST,
    PATH,
    RULE,
    charges,
    put,
    registered,
    row,
    run,
    saved_by_paying,
    shown,
    switched_on,
)
from tests.api.meetings import topup
from tests.api.shops import another_customer
from tests.shop import Shop


def test_is_off_until_somebody_switches_it_on(shop: Shop) -> None:
    found = shown(shop)

    assert (found["customer_id"], found["enabled"], found["amount"]) == (shop.customer.id, False, None)
    assert (found["spent_today"], found["pending_payment_id"], found["off_reason"]) == (0, None, None)


def test_shows_what_was_set(shop: Shop) -> None:
    method_id = registered(shop)

    response = put(shop, method_id, threshold="99.50")

    assert response.json == shown(shop)
    wanted = RULE | {"saved_method_id": method_id, "threshold": 99.5}
    assert {name: response.json[name] for name in wanted} == wanted
    assert datetime.fromisoformat(response.json["next_at"]).tzinfo


def test_is_switched_off_at_once_and_keeps_its_settings(shop: Shop) -> None:
    switched_on(shop)

    answers = [shop.customer.send("DELETE", PATH) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (run(shop), charges(shop)) == (0, [])
    found = shown(shop)
    assert (found["enabled"], found["off_reason"], found["amount"]) == (False, "customer", 500)


def test_can_be_switched_off_before_it_was_ever_on(shop: Shop) -> None:
    response = shop.customer.send("DELETE", PATH)

    assert (response.status_code, response.json["enabled"], row(shop)) == (200, False, None)


def test_can_be_set_up_without_being_switched_on(shop: Shop) -> None:
    put(shop, registered(shop), enabled=False)

    assert (shown(shop)["enabled"], run(shop), charges(shop)) == (False, 0, [])


def test_many_requests_at_once_leave_one_row(shop: Shop) -> None:
    method_id = registered(shop)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: put(shop, method_id, threshold=100 + n), range(16)))

    assert {answer.status_code for answer in answers} == {200}
    assert shop.database["auto_recharges"].count_documents({}) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 9.99}, "BELOW_MINIMUM"),
        ({"amount": 10_000.01, "daily_cap": 20_000, "monthly_cap": 20_000}, "INVALID_AMOUNT"),
        ({"threshold": 10_000.01}, "INVALID_AMOUNT"),
        ({"daily_cap": 499.99}, "INVALID_AMOUNT"),
        ({"monthly_cap": 1499.99}, "INVALID_AMOUNT"),
    ],
)
def test_takes_no_amounts_that_do_not_fit(shop: Shop, changes: dict[str, Any], code: str) -> None:
    response = put(shop, registered(shop), **changes)

    assert (refusal(response), row(shop)) == ((400, code), None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((name, value) for name in ("threshold", "amount", "daily_cap") for value in (0, -1, None, "x", {})),
        *(("enabled", value) for value in ("yes", None, {"$gt": ""})),
        *(("saved_method_id", value) for value in ("", None, {"$gt": ""}, "x" * 101)),
        ("customer_id", "cust_1"),
        ("pending", None),
    ],
)
def test_takes_no_field_that_makes_no_sense(shop: Shop, field: str, value: Any) -> None:
    assert faulty_fields(put(shop, "SAVED-1", **{field: value})) == {field}
    assert row(shop) is None


@pytest.mark.parametrize("field", [*RULE, "saved_method_id"])
def test_takes_nothing_for_granted(shop: Shop, field: str) -> None:
    body = {name: value for name, value in (RULE | {"saved_method_id": "x"}).items() if name != field}

    assert faulty_fields(shop.customer.send("PUT", PATH, json=body)) == {field}


def test_takes_no_card_number(shop: Shop) -> None:
    assert refusal(put(shop, "4111111111111111"))[1] == "RAW_CARD_DATA_REJECTED"


def test_charges_nobody_elses_method(shop: Shop) -> None:
    method_id, other = registered(shop), another_customer(shop)

    response = other.send("PUT", PATH, json=RULE | {"saved_method_id": method_id})

    assert refusal(response) == (404, "SAVED_METHOD_NOT_FOUND")
    assert shop.database["auto_recharges"].count_documents({}) == 0


def test_charges_no_method_that_was_not_registered_for_it(shop: Shop) -> None:
    saved = saved_by_paying(shop, topup(shop, FIRST, method="card"))

    response = put(shop, saved["id"])

    assert (refusal(response), row(shop)) == ((400, "INVALID_PAYMENT_METHOD"), None)


def test_asks_for_a_phone_to_which_the_bank_can_give_notice(shop: Shop) -> None:
    method_id = registered(shop)
    shop.database["customers_v2"].update_one({"_id": shop.customer.id}, {"$set": {"phone": None}})

    assert (refusal(put(shop, method_id)), row(shop)) == ((400, "VALIDATION_ERROR"), None)


def test_says_when_the_gateway_cannot_tell_about_the_method(shop: Shop) -> None:
    method_id = registered(shop)
    shop.sandbox.fault("/tokens/", "error", times=9)

    assert (refusal(put(shop, method_id)), row(shop)) == ((502, "GATEWAY_ERROR"), None)


def test_is_nobody_elses_business(shop: Shop) -> None:
    switched_on(shop)
    other = another_customer(shop)

    seen = other.get(PATH).json
    other.send("DELETE", PATH)

    assert (seen["enabled"], seen["customer_id"]) == (False, other.id)
    assert shown(shop)["enabled"] is True
    assert refusal(other.get("/api/admin/auto-recharges")) == (403, "FORBIDDEN")


def test_an_admin_sees_everybodys(shop: Shop) -> None:
    switched_on(shop)
    run(shop)

    found = shop.admin.get("/api/admin/auto-recharges").json

    assert (found["total"], found["data"]) == (1, [shown(shop)])
    assert shop.admin.get("/api/admin/auto-recharges?skip=1").json["data"] == []


def test_a_deleted_method_switches_it_off(shop: Shop) -> None:
    method_id = switched_on(shop)

    shop.customer.send("DELETE", f"/api/payments/saved-methods/{method_id}")

    assert (shown(shop)["enabled"], shown(shop)["off_reason"]) == (False, "method_deleted")
    assert (run(shop), charges(shop)) == (0, [])


def test_another_methods_end_changes_nothing(shop: Shop) -> None:
    switched_on(shop)
    opened = topup(shop, FIRST, method="card")
    card = {"method": "card", "card_number": "6527 6589 0000 1005", "save": True}
    paid = shop.pay(opened, customer_id=opened["checkout"]["customer_id"], **card)
    tokens = {p["id"]: p["token_id"] for p in shop.sandbox.books()["payments"]}
    body = {"type": "card", "gateway": "razorpay", "token": tokens[paid["razorpay_payment_id"]]}
    other = shop.customer.post("/api/payments/save-method", body).json["data"]

    shop.customer.send("DELETE", f"/api/payments/saved-methods/{other['id']}")

    assert shown(shop)["enabled"] is True
