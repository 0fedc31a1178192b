"""The history of wallets over HTTP: filters, pages and sums."""

from datetime import datetime
from typing import Any

import pytest
from pymongo.database import Database

from tests.conftest import Document, Person


def amounts(answer: Any) -> list[Any]:
    return [entry["amount"] for entry in answer.json["transactions"]]


def dated(database: Database[Document], *moments: str) -> None:
    """Move the entries, oldest first, to other moments."""
    entries = database["wallet_transactions"]
    for entry, moment in zip(entries.find(sort=[("created_at", 1), ("seq", 1)]), moments, strict=True):
        created_at = datetime.fromisoformat(moment)
        entries.update_one({"_id": entry["_id"]}, {"$set": {"created_at": created_at}})


@pytest.fixture
def shopper(admin: Person, customer: Person) -> Person:
    """Somebody with three credits and two debits: 100, 50, -30, 20.25, -5."""
    for verb, amount in [("credit", 100), ("credit", 50), ("debit", 30), ("credit", 20.25), ("debit", 5)]:
        body = {"amount": amount, "reason": f"{verb} of {amount}", "source": "promo"}
        admin.post(f"/api/wallet/{customer.id}/{verb}", body)
    return customer


class TestList:
    def test_shows_each_transaction_whole(self, shopper: Person) -> None:
        newest = shopper.get("/api/transactions").json["transactions"][0]

        assert newest["id"].startswith("tx_")
        assert newest.pop("created_at").endswith("Z")
        assert newest == {
            "id": newest["id"],
            "customer_id": shopper.id,
            "seq": 5,
            "type": "debit",
            "amount": 5,
            "balance_before": pytest.approx(140.25),
            "balance_after": pytest.approx(135.25),
            "currency": "INR",
            "reason": "debit of 5",
            "source": "promo",
            "order_id": None,
            "call_id": None,
            "metadata": {},  # Which admin did it is in the books, and nobody else's business.
        }

    def test_starts_with_the_newest(self, shopper: Person) -> None:
        found = shopper.get("/api/transactions")

        assert [entry["seq"] for entry in found.json["transactions"]] == [5, 4, 3, 2, 1]

    def test_says_what_everything_adds_up_to(self, shopper: Person) -> None:
        found = shopper.get("/api/transactions?limit=1").json

        assert found["total"] == 5
        assert found["summary"] == {
            "total_credits": pytest.approx(170.25),
            "credit_count": 3,
            "total_debits": 35,
            "debit_count": 2,
            "total_refunds": 0,
            "refund_count": 0,
        }

    def test_of_nothing_is_empty(self, customer: Person) -> None:
        found = customer.get("/api/transactions").json

        assert (found["transactions"], found["total"], found["summary"]["credit_count"]) == ([], 0, 0)

    def test_shows_fifty_unless_told(self, customer: Person) -> None:
        for _ in range(51):
            customer.is_given(100)

        found = customer.get("/api/transactions").json

        assert (len(found["transactions"]), found["total"]) == (50, 51)


@pytest.mark.parametrize("query", ["", "user_id={id}&", "transaction_type=credit&", "from=2020-01-01&"])
def test_pages_put_together_are_the_whole(shopper: Person, admin: Person, query: str) -> None:
    query = query.format(id=shopper.id)
    whole = admin.get(f"/api/transactions?{query}").json

    pages = [admin.get(f"/api/transactions?{query}limit=2&skip={skip}").json for skip in (0, 2, 4, 6)]

    assert [entry for page in pages for entry in page["transactions"]] == whole["transactions"]
    assert {page["total"] for page in pages} == {whole["total"]} == {len(whole["transactions"])}
    assert [page["summary"] for page in pages] == [whole["summary"]] * 4


class TestTypeFilter:
    @pytest.mark.parametrize(("wanted", "expected"), [("credit", [20.25, 50, 100]), ("debit", [5, 30])])
    def test_shows_one_type(self, shopper: Person, wanted: str, expected: list[float]) -> None:
        found = shopper.get(f"/api/transactions?transaction_type={wanted}")

        assert [float(amount) for amount in amounts(found)] == expected
        assert found.json["total"] == found.json["summary"][f"{wanted}_count"] == len(expected)

    def test_leaves_the_others_out_of_the_sums(self, shopper: Person) -> None:
        summary = shopper.get("/api/transactions?transaction_type=debit").json["summary"]

        assert (summary["total_credits"], summary["credit_count"], summary["total_debits"]) == (0, 0, 35)

    def test_finds_refunds(self, shopper: Person) -> None:
        found = shopper.get("/api/transactions?transaction_type=refund").json

        assert (found["transactions"], found["total"]) == ([], 0)


class TestDateFilter:
    @pytest.fixture(autouse=True)
    def _november(self, shopper: Person, database: Database[Document]) -> None:
        days = ("10-31T23:59:59.999", "11-01T00:00:00.000", "11-01T12:00:00.000", "11-01T23:59:59.999")
        dated(database, *(f"2026-{day}+00:00" for day in days), "2026-11-02T00:00:00.000+00:00")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("from=2026-11-01", [5, 20.25, 30, 50]),
            ("to=2026-10-31", [100]),
            ("from=2026-11-01&to=2026-11-01", [20.25, 30, 50]),
            ("to=2026-11-01", [20.25, 30, 50, 100]),
            ("from=2026-11-01T12:00:00Z", [5, 20.25, 30]),
            ("from=2026-11-01T12:00:00", [5, 20.25, 30]),
            ("to=2026-11-01T12:00:00Z", [50, 100]),
            ("to=2026-11-01T00:00:00Z", [100]),
            ("from=2026-11-01T17:30:00%2B05:30", [5, 20.25, 30]),
            ("from=2026-11-02&to=2026-11-01", []),
            ("from=2026-11-01&to=2026-11-01&transaction_type=debit", [30]),
            ("from=2030-01-01", []),
        ],
    )
    def test_shows_what_happened_then(self, shopper: Person, query: str, expected: list[float]) -> None:
        found = shopper.get(f"/api/transactions?{query}")

        assert [float(amount) for amount in amounts(found)] == expected
        assert found.json["total"] == len(expected)

    def test_adds_up_what_happened_then(self, shopper: Person) -> None:
        summary = shopper.get("/api/transactions?from=2026-11-01&to=2026-11-01").json["summary"]

        assert (float(summary["total_credits"]), summary["total_debits"]) == (70.25, 30)
        assert (summary["credit_count"], summary["debit_count"]) == (2, 1)

    def test_shows_an_admin_the_same_of_everybody(self, admin: Person) -> None:
        found = admin.get("/api/transactions?from=2026-11-01&to=2026-11-01")

        assert [float(amount) for amount in amounts(found)] == [20.25, 30, 50]


class TestWhose:
    @pytest.fixture(autouse=True)
    def _others_money(self, shopper: Person, other_customer: Person) -> None:
        other_customer.is_given(700)

    def test_a_customer_sees_their_own(self, shopper: Person, other_customer: Person) -> None:
        answers = {person.id: person.get("/api/transactions").json for person in (shopper, other_customer)}

        seen = {
            person: {e["customer_id"] for e in found["transactions"]} for person, found in answers.items()
        }
        assert seen == {shopper.id: {shopper.id}, other_customer.id: {other_customer.id}}
        assert answers[other_customer.id]["summary"]["total_credits"] == 7

    def test_an_admin_sees_everybodys(self, admin: Person) -> None:
        found = admin.get("/api/transactions").json

        assert (found["total"], len(found["transactions"])) == (6, 6)
        assert float(found["summary"]["total_credits"]) == 177.25

    def test_an_admin_asks_for_one_persons(self, admin: Person, other_customer: Person) -> None:
        found = admin.get(f"/api/transactions?user_id={other_customer.id}")

        assert (amounts(found), found.json["total"]) == ([7], 1)

    def test_an_admin_finds_nothing_of_nobody(self, admin: Person) -> None:
        found = admin.get("/api/transactions?user_id=cust_nobody").json

        assert (found["transactions"], found["total"]) == ([], 0)
