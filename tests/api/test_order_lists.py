"""Orders are found by their owners and by admins, newest first, and by nobody else."""

from typing import Any

import pytest

from tests.api.answers import faulty_fields, refusal
from tests.api.shops import another_customer
from tests.shop import Shop


def listed(person: Any, **query: Any) -> list[str]:
    return [order["id"] for order in person.get("/api/orders", query_string=query).json["data"]]


def test_the_newest_order_comes_first(shop: Shop) -> None:
    placed = [shop.order() for _ in range(3)]

    assert listed(shop.customer) == placed[::-1]


def test_a_page_tells_how_many_there_are(shop: Shop) -> None:
    placed = [shop.order() for _ in range(5)]

    page = shop.customer.get("/api/orders?limit=2&skip=1").json

    assert [order["id"] for order in page["data"]] == [placed[3], placed[2]]
    assert (page["status"], page["total"]) == ("success", 5)


def test_a_page_after_the_last_is_empty(shop: Shop) -> None:
    shop.order()

    page = shop.customer.get("/api/orders?skip=1").json

    assert (page["data"], page["total"]) == ([], 1)


def test_a_customer_sees_only_their_own(shop: Shop) -> None:
    other = another_customer(shop)
    mine, theirs = shop.order(), shop.order(person=other)

    assert (listed(shop.customer), listed(other)) == ([mine], [theirs])
    assert listed(shop.customer, customer_id=shop.customer.id) == [mine]


def test_a_customer_may_not_ask_for_those_of_another(shop: Shop) -> None:
    other = another_customer(shop)

    answer = shop.customer.get(f"/api/orders?customer_id={other.id}")

    assert refusal(answer) == (403, "FORBIDDEN")


def test_an_admin_sees_all_or_those_of_one(shop: Shop) -> None:
    other = another_customer(shop)
    mine, theirs = shop.order(), shop.order(person=other)

    assert listed(shop.admin) == [theirs, mine]
    assert listed(shop.admin, customer_id=other.id) == [theirs]
    assert listed(shop.admin, customer_id="cust_nobody") == []


def test_orders_are_filtered_by_their_states(shop: Shop) -> None:
    paid, pending, cancelled = shop.paid()["order_id"], shop.order(), shop.order()
    shop.customer.post(f"/api/orders/{cancelled}/cancel")

    assert listed(shop.admin, status="PENDING") == [pending]
    assert listed(shop.admin, status="CANCELLED") == [cancelled]
    assert listed(shop.admin, payment_status="PAID") == [paid]
    assert listed(shop.admin, payment_status="PENDING") == [cancelled, pending]
    assert listed(shop.admin, payment_status="PENDING", status="CONFIRMED") == []


@pytest.mark.parametrize(
    "field",
    ["status=paid", "payment_status=$ne", "limit=0", "limit=201", "skip=-1", "state=PENDING", "customer_id="],
)
def test_a_filter_that_makes_no_sense_is_refused(shop: Shop, field: str) -> None:
    assert faulty_fields(shop.admin.get(f"/api/orders?{field}")) == {field.partition("=")[0]}


def test_a_filter_is_never_a_query_of_its_own(shop: Shop) -> None:
    answer = shop.admin.get("/api/orders", query_string={"customer_id[$gt]": ""})

    assert refusal(answer) == (400, "VALIDATION_ERROR")


def test_somebody_elses_order_does_not_exist(shop: Shop) -> None:
    other, order_id = another_customer(shop), shop.order()

    answers = [other.get(f"/api/orders/{id_}") for id_ in (order_id, "ord_nobody")]

    assert [refusal(answer) for answer in answers] == [(404, "ORDER_NOT_FOUND")] * 2
    assert answers[0].json["error"] == answers[1].json["error"]
    assert shop.admin.get(f"/api/orders/{order_id}").json["data"]["id"] == order_id
