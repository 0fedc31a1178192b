"""A balance that falls below the threshold is told once for each time it does."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pymongo.database import Database

from backend.errors import InsufficientBalance
from backend.ledger import Ledger, Posting, Row, Submission, Verb
from backend.ledger.store import LedgerStore
from backend.transactions import Transactions
from backend.wallet_service import Movement, WalletService
from tests.conftest import open_wallet, posting
from tests.mongo.books import assert_books_balance, funds

Document = dict[str, Any]

THRESHOLD_MINOR = 2_000


@pytest.fixture
def wallets(ledger: Ledger, database: Database[Document]) -> WalletService:
    """A wallet of cust_1 with 100.00 in it, and a threshold of 20.00."""
    service = WalletService(
        database,
        ledger,
        Transactions(database),
        currency="INR",
        default_call_rate_minor=1_000,
        low_balance_threshold_minor=THRESHOLD_MINOR,
    )
    open_wallet(ledger, database)
    service.add_credits("cust_1", 10_000, movement())
    return service


def movement(key: str | None = None, **more: Any) -> Movement:
    return Movement(key=key or uuid.uuid4().hex, account="sales", reason="Test", source="test", **more)


def told(database: Database[Document]) -> list[Any]:
    return list(database["outbox"].find({"type": "wallet.low_balance"}, sort=[("created_at", 1)]))


def test_a_debit_across_the_threshold_is_told_with_what_is_left(
    wallets: WalletService, database: Database[Document]
) -> None:
    entry = wallets.deduct_credits("cust_1", 8_001, movement())

    [event] = told(database)
    assert (event["customer_id"], event["state"]) == ("cust_1", "PENDING")
    left = {"transaction_id": entry.id, "balance": 1_999, "threshold": 2_000, "currency": "INR"}
    assert event["data"] == left


@pytest.mark.parametrize("amounts", [[8_000], [1, 2, 3], [8_001, 100, 200]])
def test_whatever_does_not_cross_tells_nothing_more(
    wallets: WalletService, database: Database[Document], amounts: list[int]
) -> None:
    for amount_minor in amounts:
        wallets.deduct_credits("cust_1", amount_minor, movement())

    assert len(told(database)) == int(8_001 in amounts)


def test_a_replay_tells_nothing_more(wallets: WalletService, database: Database[Document]) -> None:
    first = wallets.deduct_credits("cust_1", 9_000, movement("same"))

    assert wallets.deduct_credits("cust_1", 9_000, movement("same")) == first
    assert len(told(database)) == 1


def test_a_refused_debit_tells_nothing(wallets: WalletService, database: Database[Document]) -> None:
    with pytest.raises(InsufficientBalance):
        wallets.deduct_credits("cust_1", 10_001, movement())

    assert told(database) == []


def test_a_captured_hold_tells_and_the_hold_itself_does_not(
    wallets: WalletService, database: Database[Document]
) -> None:
    hold = wallets.hold_credits("cust_1", 9_000, movement())
    assert told(database) == []

    wallets.capture_hold("cust_1", 9_000, movement(hold_id=hold.id))

    assert [event["data"]["balance"] for event in told(database)] == [1_000]


def test_each_crossing_is_told(wallets: WalletService, database: Database[Document]) -> None:
    for _ in range(3):
        wallets.deduct_credits("cust_1", 9_000, movement())
        wallets.add_credits("cust_1", 9_000, movement())

    assert len(told(database)) == 3


def test_a_hundred_debits_at_once_across_the_threshold_are_one_crossing(
    wallets: WalletService, database: Database[Document]
) -> None:
    with ThreadPoolExecutor(100) as pool:
        list(pool.map(lambda _: wallets.deduct_credits("cust_1", 100, movement()), range(100)))

    assert funds(database) == (0, 0)
    assert [event["data"]["balance"] for event in told(database)] == [1_900]
    assert_books_balance(database)


def debit(amount_minor: int, *rows: Row) -> Submission:
    taken: Posting = posting(Verb.DEBIT, amount_minor)
    return Submission(posting=taken, rows=rows)


def test_rows_are_judged_each_by_the_entry_of_their_own_posting(
    wallets: WalletService, database: Database[Document]
) -> None:
    def row(name: str) -> Row:
        return Row(
            collection="notes",
            document={"_id": name},
            only_if=lambda entry: entry.amount_minor > 150,
            add=lambda entry: {"left": entry.balance_after_minor},
        )

    LedgerStore(database).commit([debit(100, row("a")), debit(200, row("b")), debit(300, row("c"))])

    assert list(database["notes"].find()) == [{"_id": "b", "left": 9_700}, {"_id": "c", "left": 9_400}]


def test_a_row_that_asks_for_an_entry_goes_with_no_hold(
    wallets: WalletService, database: Database[Document]
) -> None:
    rows = [
        Row(collection="notes", document={"_id": "never"}, only_if=lambda _: True),
        Row(collection="notes", document={"_id": "always"}),
    ]

    wallets.hold_credits("cust_1", 100, movement(rows=rows))

    assert database["notes"].distinct("_id") == ["always"]
