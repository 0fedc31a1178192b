"""The history as a file: exact, harmless in a spreadsheet, and of any length."""

import csv
import io
import tracemalloc
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from backend.wallet_service import Movement
from tests.conftest import Document, Person, services_of

MANY = 20_000
FEW_MEGABYTES = 8 * 1024 * 1024
DOWNLOAD = "/api/transactions/download"


def rows_of(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def insert_many(database: Database[Document], customer_id: str) -> None:
    """Write rows as the ledger writes them, without the hours it would take."""
    row = {
        "customer_id": customer_id,
        "type": "credit",
        "amount": 100,
        "currency": "INR",
        "reason": "A reason of some length, as people write them",
        "source": "promo",
        "order_id": None,
        "call_id": None,
        "metadata": {"payment_id": "PAY-1"},
        "created_at": datetime(2026, 11, 1, tzinfo=UTC),
    }
    database["wallet_transactions"].insert_many(
        {"_id": f"tx_{n}", "seq": n, "balance_before": 100 * n - 100, "balance_after": 100 * n} | row
        for n in range(1, MANY + 1)
    )


def test_a_file_has_a_row_for_each_transaction(admin: Person, customer: Person) -> None:
    for verb, amount in [("credit", 100), ("debit", 30.5)]:
        admin.post(f"/api/wallet/{customer.id}/{verb}", {"amount": amount, "reason": "Naïve, “quoted”\nline"})

    rows = rows_of(customer.get(DOWNLOAD))

    listed = customer.get("/api/transactions").json["transactions"]
    assert [row["id"] for row in rows] == [entry["id"] for entry in listed]
    assert [row["created_at"] for row in rows] == [entry["created_at"] for entry in listed]
    assert [(row["type"], row["amount"], row["balance_before"], row["balance_after"]) for row in rows] == [
        ("debit", "30.50", "100.00", "69.50"),
        ("credit", "100.00", "0.00", "100.00"),
    ]
    assert {row["reason"] for row in rows} == {"Naïve, “quoted”\nline"}


def test_a_file_names_its_columns_even_without_rows(customer: Person) -> None:
    response = customer.get(DOWNLOAD)

    header = response.text.splitlines()[0].split(",")
    assert len(response.text.splitlines()) == 1
    assert {"id", "type", "amount", "balance_before", "balance_after", "reason", "created_at"} <= set(header)


def test_a_file_is_sent_as_one(customer: Person) -> None:
    response = customer.get(DOWNLOAD)

    assert response.status_code == 200
    assert response.content_type == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="transactions.csv"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(app: Flask, customer: Person, start: str) -> None:
    formula = f"{start}cmd|' /C calc'!A0"
    movement = Movement(
        key=uuid.uuid4().hex,
        account="promotions",
        reason=formula,
        source=formula,
        order_id=formula,
        metadata={"payment_id": formula, "gateway": formula},
    )
    services_of(app).wallets.add_credits(customer.id, 500, movement)

    row = rows_of(customer.get(DOWNLOAD))[0]

    cells = {row[name] for name in ("reason", "source", "order_id", "payment_id", "gateway")}
    assert cells == {f"'{formula}"}


def test_a_file_has_what_the_filter_lets_through(admin: Person, customer: Person) -> None:
    for verb in ("credit", "credit", "debit"):
        admin.post(f"/api/wallet/{customer.id}/{verb}", {"amount": 5, "reason": "A"})
    queries = (
        "",
        "?transaction_type=debit",
        "?from=2030-01-01",
        f"?user_id={customer.id}",
        "?user_id=nobody",
    )

    counts = {query: len(rows_of(admin.get(DOWNLOAD + query))) for query in queries}

    assert list(counts.values()) == [3, 1, 0, 3, 0]


def test_a_file_has_the_callers_own_rows(customer: Person, other_customer: Person) -> None:
    other_customer.is_given(500)

    assert rows_of(customer.get(DOWNLOAD)) == []


class TestLongFile:
    @pytest.fixture
    def stream(self, customer: Person, database: Database[Document]) -> Iterator[Iterator[bytes]]:
        insert_many(database, customer.id)
        response = customer.get(DOWNLOAD, buffered=False)
        with response:
            yield response.iter_encoded()

    def test_starts_before_its_last_row_is_read(
        self, stream: Iterator[bytes], database: Database[Document]
    ) -> None:
        first = next(stream).count(b"\n")
        database["wallet_transactions"].delete_many({})

        rest = sum(chunk.count(b"\n") for chunk in stream)

        assert 0 < first < 2_000
        assert first + rest < MANY / 2

    def test_has_all_its_rows_and_takes_little_memory(self, stream: Iterator[bytes]) -> None:
        tracemalloc.start()
        lines = sum(chunk.count(b"\n") for chunk in stream)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert lines == 1 + MANY
        assert peak < FEW_MEGABYTES
