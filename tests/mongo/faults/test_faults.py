"""Whatever the database answers, a movement happens wholly or not at all, and a retry tells which."""

import time
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import PyMongoError

from backend.errors import AppError
from backend.ledger import Entry, Ledger
from tests.mongo.books import assert_books_balance, funds, kinds, some_credits
from tests.mongo.faults.purchase import is_done, purchase, until_it_answers
from tests.mongo.mongod import fault

Document = dict[str, Any]


TRANSIENT = {"errorLabels": ["TransientTransactionError"]}
LOST_ANSWER = {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}}
FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "the wallet conflicts": ("update", {"errorCode": 112} | TRANSIENT),
    "the entry conflicts": ("insert", {"errorCode": 112} | TRANSIENT),
    "the connection breaks while updating": ("update", {"closeConnection": True}),
    "the connection breaks while inserting": ("insert", {"closeConnection": True}),
    "the server steps down while inserting": ("insert", {"errorCode": 11602} | TRANSIENT),
    "the connection breaks before the commit": ("commitTransaction", {"closeConnection": True}),
    "the answer to the commit is lost": ("commitTransaction", LOST_ANSWER),
    "the server steps down while committing": ("commitTransaction", {"errorCode": 11602}),
    "the transaction is gone at the commit": ("commitTransaction", {"errorCode": 251} | TRANSIENT),
    "the connection breaks while reading": ("find", {"closeConnection": True}),
}
PROMISED_SECONDS, NOISE_SECONDS = 5, 3  # A busy machine may be late with what it knows.
LASTING = (
    "the wallet conflicts",
    "the answer to the commit is lost",
    "the connection breaks before the commit",
)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("name", FAULTS)
def test_a_passing_fault_is_not_noticed(
    ledger: Ledger, shop: Database[Document], operator: MongoClient[Document], name: str, times: int
) -> None:
    wish, (command, how) = purchase(), FAULTS[name]

    with fault(operator, command, times=times, **how):
        entry = ledger.move(wish.posting, claims=wish.claims, rows=wish.rows)

    assert entry.balance_after_minor == 0
    assert is_done(shop)
    assert_books_balance(shop)


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_fault_is_reported_in_time_and_the_retry_has_one_effect(
    ledger: Ledger, shop: Database[Document], operator: MongoClient[Document], name: str
) -> None:
    wish, (command, how) = purchase(), FAULTS[name]
    started = time.monotonic()

    with fault(operator, command, **how), pytest.raises((PyMongoError, AppError)) as failed:
        ledger.move(wish.posting, claims=wish.claims, rows=wish.rows)

    assert time.monotonic() - started < PROMISED_SECONDS + NOISE_SECONDS
    assert not isinstance(failed.value, AppError) or failed.value.status == 503
    is_done(shop)
    assert isinstance(until_it_answers(ledger, wish), Entry)
    assert is_done(shop)
    assert_books_balance(shop)


@pytest.mark.parametrize("name", ["the wallet conflicts", "the answer to the commit is lost"])
def test_a_passing_fault_repeats_no_posting_of_a_batch(
    ledger: Ledger, shop: Database[Document], operator: MongoClient[Document], name: str
) -> None:
    command, how = FAULTS[name]

    with fault(operator, command, times=2, **how):
        answers = ledger.post_many([*some_credits(20), purchase(), *some_credits(20)])

    assert kinds(answers) == ["Entry"] * 41
    assert funds(shop) == (4000, 0)
    assert_books_balance(shop)
