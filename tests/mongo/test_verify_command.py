"""`flask verify-ledger` tells an operator and a script whether the books are whole."""

from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from pymongo.database import Database

from backend.ledger import Ledger, Verb
from tests.conftest import open_wallet, posting
from tests.mongo.books import entries_of, give

Document = dict[str, Any]


@pytest.fixture(autouse=True)
def _books(ledger: Ledger, database: Database[Document]) -> None:
    """A wallet that was given 20.00 and spent 9.50 of it."""
    open_wallet(ledger, database)
    give(ledger, 2000)
    ledger.move(posting(Verb.DEBIT, 950, account="orders"))


def verify(app: Flask) -> Result:
    with app.app_context():
        return app.test_cli_runner().invoke(args=["verify-ledger"])


def test_whole_books_exit_with_zero(app: Flask) -> None:
    result = verify(app)

    assert result.exit_code == 0
    assert "2 entries of 1 wallets" in result.stdout
    assert "The books balance." in result.stdout


def test_each_account_is_summed_up_in_rupees(app: Flask) -> None:
    lines = {tuple(line.split()) for line in verify(app).stdout.splitlines()}

    assert {("wallets", "10.50", "INR"), ("promotions", "-20.00", "INR"), ("orders", "9.50", "INR")} <= lines


def test_broken_books_exit_with_one_and_name_the_place(app: Flask, database: Database[Document]) -> None:
    edited = entries_of(database)[1]
    database["wallet_transactions"].update_one({"_id": edited["_id"]}, {"$set": {"reason": "Forged"}})

    result = verify(app)

    assert result.exit_code == 1
    assert f"BROKEN cust_1 entry {edited['_id']} (seq 2)" in result.stderr
    assert "The books DO NOT balance." in result.stdout
