"""Payments are found and given up by their owners and by admins, newest first, and by nobody else."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.answers import faulty_fields, refusal
from tests.api.shops import another_customer, another_shop
from tests.conftest import Person
from tests.shop import DECLINED_CARD, Shop

EMPTY, LIMITED = (400, "VALIDATION_ERROR"), (429, "RATE_LIMITED")
FIELDS = {
    *(
        "id",
        "payment_id",
        "order_id",
        "customer_id",
        "amount",
        "currency",
        "status",
        "method_type",
        "gateway",
    ),
    *("gateway_order_id", "gateway_payment_id", "charge", "last4", "network", "bank", "vpa", "reference"),
    *("installments", "attempts", "attempt_history", "refunded_amount", "refundable_amount", "disputed"),
    *("error", "created_at", "updated_at", "completed_at", "expires_at"),
}


def history(person: Person, **query: Any) -> list[str]:
    found = person.get("/api/payments/history", query_string=query).json["data"]
    return [payment["id"] for payment in found]


def cancel(person: Person, opened: Any) -> Any:
    return person.post(f"/api/payments/{opened['payment_id']}/cancel")


class TestHistory:
    def test_begins_with_the_newest(self, shop: Shop) -> None:
        opened = [shop.opened()["payment_id"] for _ in range(3)]

        assert history(shop.customer) == opened[::-1]

    def test_shows_each_payment_whole(self, shop: Shop) -> None:
        paid = shop.paid()

        [shown] = shop.customer.get("/api/payments/history").json["data"]

        assert shown == shop.payment(paid)
        assert shown.keys() >= FIELDS - {"reference"}

    def test_comes_in_pages(self, shop: Shop) -> None:
        opened = [shop.opened()["payment_id"] for _ in range(4)]

        page = shop.customer.get("/api/payments/history?limit=2&skip=1").json

        assert [payment["id"] for payment in page["data"]] == [opened[2], opened[1]]
        assert (page["status"], page["total"]) == ("success", 4)

    def test_is_filtered_by_state(self, shop: Shop) -> None:
        paid, given_up, declined = shop.paid(), shop.opened(), shop.opened()
        cancel(shop.customer, given_up)
        shop.pay(declined, method="card", card_number=DECLINED_CARD)
        shop.customer.get(f"/api/payments/{declined['payment_id']}/verify")

        found = {
            state: history(shop.customer, status=state) for state in ("COMPLETED", "CANCELLED", "FAILED")
        }

        assert found == {
            "COMPLETED": [paid["payment_id"]],
            "CANCELLED": [given_up["payment_id"]],
            "FAILED": [declined["payment_id"]],
        }
        assert history(shop.customer, status="REFUNDED") == []

    def test_is_everybodys_own(self, shop: Shop) -> None:
        other, opened = another_customer(shop), shop.opened()

        assert (history(shop.customer), history(other)) == ([opened["payment_id"]], [])
        assert history(shop.admin) == [opened["payment_id"]]

    def test_is_filtered_by_order_and_for_an_admin_by_customer(self, shop: Shop) -> None:
        other, opened, _ = another_customer(shop), shop.opened(), shop.opened()

        assert history(shop.customer, order_id=opened["order_id"]) == [opened["payment_id"]]
        assert len(history(shop.admin, customer_id=shop.customer.id)) == 2
        assert history(shop.admin, customer_id=other.id) == []

    def test_of_somebody_elses_order_is_empty(self, shop: Shop) -> None:
        other, opened = another_customer(shop), shop.opened()

        assert history(other, order_id=opened["order_id"]) == []

    def test_of_somebody_else_is_not_for_a_customer_to_ask_for(self, shop: Shop) -> None:
        other = another_customer(shop)

        response = shop.customer.get(f"/api/payments/history?customer_id={other.id}")

        assert refusal(response) == (403, "FORBIDDEN")

    @pytest.mark.parametrize(
        "field", ["status=completed", "status=$ne", "limit=0", "limit=201", "skip=-1", "gateway=paypal"]
    )
    def test_takes_no_filter_that_makes_no_sense(self, shop: Shop, field: str) -> None:
        response = shop.customer.get(f"/api/payments/history?{field}")

        assert faulty_fields(response) == {field.partition("=")[0]}


class TestAPayment:
    def test_is_shown_to_its_owner_and_to_an_admin(self, shop: Shop) -> None:
        opened = shop.opened()
        path = f"/api/payments/{opened['payment_id']}"

        assert shop.customer.get(path).json == shop.admin.get(path).json

    @pytest.mark.parametrize(
        "knock",
        [
            lambda person, path: person.get(path),
            lambda person, path: person.get(f"{path}/verify"),
            lambda person, path: person.post(f"{path}/verify", {}),
            lambda person, path: person.post(f"{path}/cancel"),
            lambda person, path: person.get(f"{path}/refunds"),
        ],
        ids=["show", "ask", "verify", "cancel", "refunds"],
    )
    def test_does_not_exist_for_anybody_else(self, shop: Shop, knock: Callable[[Person, str], Any]) -> None:
        other, opened = another_customer(shop), shop.opened()

        answers = [knock(other, f"/api/payments/{id_}") for id_ in (opened["payment_id"], "PAY-nobody")]

        assert [refusal(answer) for answer in answers] == [(404, "PAYMENT_NOT_FOUND")] * 2
        assert answers[0].json["error"] == answers[1].json["error"]
        assert shop.payment(opened)["status"] == "INITIATED"

    @pytest.mark.parametrize("method", ["card", "upi", "netbanking", "wallet", "emi"])
    def test_tells_what_it_was_paid_with(self, shop: Shop, method: str) -> None:
        opened = shop.opened(500_000, method=method)
        shop.verify(opened, shop.pay(opened, method=method))

        shown = shop.payment(opened)
        known = {name for name in ("last4", "network", "bank", "vpa") if shown[name]}
        expected = {"card": {"last4", "network"}, "upi": {"vpa"}, "netbanking": {"bank"}, "wallet": set()}
        assert known >= expected.get(method, {"last4"})
        assert shown["method_type"] == method


class TestGivingUp:
    @pytest.mark.parametrize("method", ["card", "paypal"])
    def test_ends_an_open_payment_and_may_be_repeated(self, shop: Shop, method: str) -> None:
        opened = shop.opened(method=method)

        answers = [cancel(shop.customer, opened) for _ in range(2)]

        assert [(a.status_code, a.json["data"]["status"]) for a in answers] == [(200, "CANCELLED")] * 2
        assert shop.order_of(opened)["status"] == "PENDING"

    def test_ends_one_that_no_gateway_has_opened(self, shop: Shop) -> None:
        shop.sandbox.fault("^/v1/orders$", "error", times=1)
        shop.initiate(shop.order(), method="upi")
        [pending] = shop.customer.get("/api/payments/history").json["data"]

        response = cancel(shop.customer, {"payment_id": pending["id"]})

        assert response.json["data"]["status"] == "CANCELLED"

    def test_is_too_late_once_it_is_paid(self, shop: Shop) -> None:
        paid = shop.paid()

        assert refusal(cancel(shop.customer, paid)) == (409, "ILLEGAL_TRANSITION")
        assert shop.payment(paid)["status"] == "COMPLETED"

    def test_is_too_late_once_it_has_failed(self, shop: Shop) -> None:
        opened = shop.opened()
        shop.pay(opened, method="card", card_number=DECLINED_CARD)
        shop.customer.get(f"/api/payments/{opened['payment_id']}/verify")

        assert refusal(cancel(shop.customer, opened)) == (409, "ILLEGAL_TRANSITION")

    def test_may_be_done_by_an_admin(self, shop: Shop) -> None:
        assert cancel(shop.admin, shop.opened()).json["data"]["status"] == "CANCELLED"


class TestHowOftenOneMayTry:
    def knock(self, shop: Shop, times: int, *, address: str = "10.0.0.1") -> list[tuple[int, str]]:
        place = {"REMOTE_ADDR": address}
        answers = [shop.customer.post("/api/payments/initiate", {}, environ_base=place) for _ in range(times)]
        assert all(int(a.headers["Retry-After"]) > 0 for a in answers if a.status_code == 429)
        return [refusal(answer) for answer in answers]

    def test_is_five_times_a_minute_from_one_address(self, shop: Shop) -> None:
        with another_shop(shop, ratelimit_enabled=True) as counting:
            answers = self.knock(counting, 7)
            elsewhere = self.knock(counting, 1, address="10.0.0.2")

        assert answers == [EMPTY] * 5 + [LIMITED] * 2
        assert elsewhere == [EMPTY]

    def test_is_what_the_installation_says(self, shop: Shop) -> None:
        with another_shop(shop, ratelimit_enabled=True, payment_initiate_limit="2/minute") as counting:
            answers = self.knock(counting, 3)

        assert answers[1:] == [EMPTY, LIMITED]

    def test_is_not_counted_when_addresses_are_free(self, shop: Shop) -> None:
        assert self.knock(shop, 12) == [EMPTY] * 12

    def test_does_not_count_other_requests(self, shop: Shop) -> None:
        with another_shop(shop, ratelimit_enabled=True, payment_initiate_limit="1/minute") as counting:
            codes = [counting.customer.get("/api/payments/history").status_code for _ in range(5)]

        assert codes == [200] * 5
