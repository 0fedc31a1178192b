"""The verifier raises no false alarm while money moves, and needs no more memory for more entries."""

import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pymongo.database import Database

from backend.ledger import Ledger, Submission, Verb, Wallet
from backend.ledger.documents import wallet_document
from backend.ledger.verify import LedgerVerifier, Report
from tests.conftest import open_wallet, posting
from tests.mongo.books import assert_books_balance, give, some_credits

Document = dict[str, Any]


@contextmanager
def traffic(ledger: Ledger, customer_ids: list[str]) -> Iterator[None]:
    """Credit, hold, capture and release on some wallets all the while."""
    ended = threading.Event()

    def trade(customer_id: str) -> None:
        while not ended.is_set():
            give(ledger, 100, customer_id)
            hold = ledger.reserve(posting(Verb.HOLD, 60, customer_id=customer_id))
            other = ledger.reserve(posting(Verb.HOLD, 10, customer_id=customer_id))
            ledger.move(posting(Verb.CAPTURE, 50, customer_id=customer_id, hold_id=hold.id))
            ledger.reserve(posting(Verb.RELEASE, customer_id=customer_id, hold_id=other.id))

    threads = [threading.Thread(target=trade, args=(customer_id,)) for customer_id in customer_ids]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def idle_wallets(database: Database[Document], count: int) -> None:
    """Fill the books with wallets in which nothing happens."""
    now = datetime.now(UTC)
    wallets = (
        Wallet(customer_id=f"idle_{number:06}", currency="INR", created_at=now, updated_at=now)
        for number in range(count)
    )
    database["wallets"].insert_many([wallet_document(wallet) for wallet in wallets])


def test_verifying_while_money_moves_raises_no_false_alarm(
    ledger: Ledger, database: Database[Document]
) -> None:
    busy = [open_wallet(ledger, database, f"cust_{number}") for number in range(6)]

    with traffic(ledger, busy):
        reports = [LedgerVerifier(database).run() for _ in range(15)]

    assert [problem for report in reports for problem in report.problems] == []
    assert reports[-1].entries > reports[0].entries
    assert_books_balance(database)


def test_a_busy_wallet_far_down_the_books_raises_no_false_alarm(
    ledger: Ledger, database: Database[Document]
) -> None:
    count = 5_200  # More than the verifier reads at a time.
    idle_wallets(database, count)
    busy = [open_wallet(ledger, database, f"zoe_{number}") for number in range(3)]

    with traffic(ledger, busy):
        reports = [LedgerVerifier(database).run() for _ in range(6)]

    assert [problem for report in reports for problem in report.problems] == []
    assert {report.wallets for report in reports} == {count + 3}


def test_wallets_opened_and_used_meanwhile_raise_no_false_alarm(
    ledger: Ledger, database: Database[Document]
) -> None:
    reports: list[Report] = []
    busy = [open_wallet(ledger, database, f"cust_{number}") for number in range(2)]

    with traffic(ledger, busy):
        for number in range(12):
            verifier = threading.Thread(target=lambda: reports.append(LedgerVerifier(database).run()))
            verifier.start()
            give(ledger, 100, open_wallet(ledger, database, f"cust_1_{number}"))
            verifier.join()

    assert len(reports) == 12
    assert [problem for report in reports for problem in report.problems] == []


def peak_bytes(database: Database[Document]) -> int:
    tracemalloc.start()
    report = LedgerVerifier(database).run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.is_whole
    return peak


def test_memory_does_not_grow_with_the_number_of_entries(
    ledger: Ledger, database: Database[Document]
) -> None:
    open_wallet(ledger, database)
    ledger.post_many(some_credits(10_000))
    fewer = peak_bytes(database)

    ledger.post_many(some_credits(10_000))

    assert peak_bytes(database) < 1.1 * fewer
    assert fewer < 40_000_000


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=UTC),
        datetime(2026, 11, 20, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(2026, 11, 20, 12),  # noqa: DTZ001 - somebody will pass one.
    ],
    ids=str,
)
def test_a_moment_in_the_metadata_is_refused_or_stored_but_breaks_no_chain(
    ledger: Ledger, database: Database[Document], moment: datetime
) -> None:
    open_wallet(ledger, database)

    ledger.post_many([Submission(posting=posting(Verb.CREDIT, 1, metadata={"at": moment}))])

    assert LedgerVerifier(database).run().is_whole
