"""Orders over HTTP: what may be ordered, by whom, at whose price."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from backend.demo import PRODUCTS
from tests.api.answers import faulty_fields, refusal
from tests.api.conftest import MakeApp
from tests.conftest import Document, Person

TEA = {"sku": "TEA-100", "qty": 2}
SOAP: dict[str, Any] = {"name": "Soap", "price": 99.5, "qty": 2}


@pytest.fixture(autouse=True)
def _products(database: Database[Document]) -> None:
    database["products"].insert_many(PRODUCTS)


def place(person: Person, *items: Any, **more: Any) -> Any:
    return person.post("/api/orders", {"items": list(items)} | more)


class TestProducts:
    def test_are_shown_to_everybody(self, api: FlaskClient) -> None:
        shown: Any = api.get("/api/products").json

        [kettle] = [product for product in shown["data"] if product["sku"] == "KETTLE-1"]
        assert (shown["status"], shown["total"]) == ("success", len(PRODUCTS))
        assert kettle == {"sku": "KETTLE-1", "name": "Copper kettle", "price": 1899.5, "currency": "INR"}


class TestPlacing:
    def test_an_order_of_products_costs_what_the_shop_says(self, customer: Person) -> None:
        response = place(customer, TEA, {"sku": "SPICE-5", "qty": 1})

        order = response.json["data"]
        spices = {"sku": "SPICE-5", "name": "Chai spices, 50 g", "price": 99.25, "qty": 1}
        assert response.status_code == 201
        assert order["id"].startswith("ord_")
        assert order["items"] == [
            {"sku": "TEA-100", "name": "Assam tea, 100 g", "price": 149, "qty": 2},
            spices,
        ]
        assert (order["amount"], order["currency"]) == (397.25, "INR")

    def test_a_new_order_is_pending_and_wholly_due(self, customer: Person) -> None:
        order = place(customer, TEA).json["data"]

        nothing = ("payment_method", "payment_transaction_id", "paid_at", "refunded_at")
        assert (order["status"], order["payment_status"], order["customer_id"]) == (
            "PENDING",
            "PENDING",
            customer.id,
        )
        assert (order["amount_paid"], order["amount_due"], order["refund_amount"]) == (0, 298, 0)
        assert [order[name] for name in nothing] == [None] * 4
        assert order["created_at"].endswith("Z")

    def test_the_same_product_twice_is_added_up(self, customer: Person) -> None:
        assert place(customer, TEA, TEA).json["data"]["amount"] == 596

    def test_a_price_that_changes_later_does_not_change_the_order(
        self, customer: Person, database: Database[Document]
    ) -> None:
        order = place(customer, TEA).json["data"]

        database["products"].update_one({"_id": "TEA-100"}, {"$set": {"price": 1}})

        assert customer.get(f"/api/orders/{order['id']}").json["data"] == order

    def test_a_product_that_there_is_not_is_named(
        self, customer: Person, database: Database[Document]
    ) -> None:
        response = place(customer, TEA, {"sku": "GOLD", "qty": 1})

        assert refusal(response) == (400, "VALIDATION_ERROR")
        assert response.json["error"]["details"] == {"skus": ["GOLD"]}
        assert database["orders"].count_documents({}) == 0

    @pytest.mark.parametrize("qty", [0, -1, 1.5, "2", True, None, 10_001, 1e300, {"$gt": 0}])
    def test_a_quantity_that_makes_no_sense_is_refused(self, customer: Person, qty: Any) -> None:
        assert faulty_fields(place(customer, {"sku": "TEA-100", "qty": qty})) == {"items"}

    @pytest.mark.parametrize(
        "items",
        [
            [],
            None,
            "TEA-100",
            [TEA] * 201,
            [{"qty": 1}],
            [{"sku": "TEA-100"}],
            [TEA | {"price": 1}],
            [TEA | {"name": "Tea"}],
            [TEA | {"discount": 1}],
            [{"name": "Soap", "qty": 1}],
            [{"price": 5, "qty": 1}],
            [TEA, SOAP],
            [SOAP | {"name": "x" * 201}],
            [{"sku": {"$gt": ""}, "qty": 1}],
            [SOAP | {"price": {"$gt": 0}}],
        ],
    )
    def test_items_that_make_no_sense_are_refused(
        self, admin: Person, customer: Person, database: Database[Document], items: Any
    ) -> None:
        response = admin.post("/api/orders", {"customer_id": customer.id, "items": items})

        assert refusal(response) == (400, "VALIDATION_ERROR")
        assert database["orders"].count_documents({}) == 0

    @pytest.mark.parametrize("extra", ["amount", "status", "payment_status", "currency"])
    def test_what_the_server_decides_is_not_taken_from_the_body(self, customer: Person, extra: str) -> None:
        assert faulty_fields(place(customer, TEA, **{extra: "PAID"})) == {extra}

    def test_a_repeated_request_with_a_key_places_one_order(
        self, customer: Person, database: Database[Document]
    ) -> None:
        first, again = [customer.post("/api/orders", {"items": [TEA]}, key="k-1") for _ in range(2)]

        assert (again.status_code, again.json) == (201, first.json)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert database["orders"].count_documents({}) == 1

    def test_two_orders_without_a_key_are_two(self, customer: Person) -> None:
        assert place(customer, TEA).json["data"]["id"] != place(customer, TEA).json["data"]["id"]


class TestWhoMayOrder:
    def test_a_customer_may_not_name_prices(self, customer: Person, database: Database[Document]) -> None:
        assert refusal(place(customer, SOAP)) == (403, "FORBIDDEN")
        assert database["orders"].count_documents({}) == 0

    def test_a_customer_may_not_order_for_somebody_else(
        self, customer: Person, other_customer: Person
    ) -> None:
        assert refusal(place(customer, TEA, customer_id=other_customer.id)) == (403, "FORBIDDEN")

    def test_a_customer_may_say_who_they_are(self, customer: Person) -> None:
        assert place(customer, TEA, customer_id=customer.id).status_code == 201

    def test_an_admin_feeds_in_an_order_at_any_price(self, admin: Person, customer: Person) -> None:
        fed = place(admin, SOAP, customer_id=customer.id).json["data"]

        assert fed["items"] == [{"sku": None, "name": "Soap", "price": 99.5, "qty": 2}]
        assert (fed["customer_id"], fed["amount"]) == (customer.id, 199)
        assert customer.get(f"/api/orders/{fed['id']}").json["data"] == fed

    @pytest.mark.parametrize("item", [SOAP, TEA], ids=["priced", "product"])
    def test_an_order_for_nobody_is_refused(self, admin: Person, item: Any) -> None:
        assert refusal(place(admin, item, customer_id="cust_nobody")) == (404, "CUSTOMER_NOT_FOUND")

    def test_a_customer_is_named_by_a_text(self, admin: Person) -> None:
        assert faulty_fields(place(admin, SOAP, customer_id={"$gt": ""})) == {"customer_id"}


class TestTotals:
    @pytest.mark.parametrize(
        ("price", "qty", "text"),
        [(0.1, 3, "0.3"), ("0.07", 3, "0.21"), (19.99, 100, "1999"), (0.01, 10_000, "100"), (1.1, 3, "3.3")],
    )
    def test_are_exact(self, admin: Person, price: Any, qty: int, text: str) -> None:
        response = place(admin, SOAP | {"price": price, "qty": qty})

        assert f'"amount":{text},' in response.text

    @pytest.mark.parametrize("price", [0, -1, 0.001, "1e3", True, "NaN", 1_000_000])
    def test_a_price_that_is_no_amount_is_refused(self, admin: Person, price: Any) -> None:
        assert faulty_fields(place(admin, SOAP | {"price": price})) == {"items"}

    def test_go_up_to_the_largest_amount_and_no_further(self, make_app: MakeApp) -> None:
        admin = Person(make_app(max_amount_minor=20_000), email="a@shop.example", is_admin=True)

        whole, more = (place(admin, SOAP | {"price": price}) for price in (100, 100.01))

        assert whole.json["data"]["amount"] == 200
        assert refusal(more) == (400, "VALIDATION_ERROR")
        assert more.json["error"]["details"] == {"max_amount": 200}
