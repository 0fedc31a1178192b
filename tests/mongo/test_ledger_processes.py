"""Processes that share wallets, and die in the middle of it, lose and invent no money."""

import subprocess
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from pymongo.database import Database

from backend.ledger import Entry, Ledger, Submission, Verb
from backend.ledger.chain import entry_id
from backend.ledger.verify import LedgerVerifier
from tests.conftest import open_wallet, posting
from tests.mongo.books import assert_books_balance, entries_of, funds, give
from tests.mongo.faults.purchase import until_it_answers
from tests.mongo.processes import one_line

Document = dict[str, Any]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(spawn: Start, mongodb_uri: str, database: Database[Document]) -> Start:
    """Start a process that posts to a wallet, and wait until it is about to."""

    def started(customer_id: str, *options: object) -> subprocess.Popen[str]:
        process = spawn("-m", "tests.mongo.poster", mongodb_uri, database.name, customer_id, *options)
        assert one_line(process) == "ready"
        return process

    return started


def answers(process: subprocess.Popen[str]) -> list[list[str]]:
    """Read the complete lines that a process has written: kind, key and amount of each answer."""
    output, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors, errors
    return [line.split() for line in output.split("\n")[:-1]]


def test_processes_that_debit_one_wallet_together_spend_what_is_there_and_no_more(
    ledger: Ledger, database: Database[Document], start: Start
) -> None:
    open_wallet(ledger, database)
    give(ledger, 300)
    options = ("--verb", "debit", "--threads", 4, "--count", 50, "--patient")

    processes = [start("cust_1", *options) for _ in range(3)]
    kinds = Counter(kind for process in processes for kind, _, _ in answers(process))

    assert kinds == {"Entry": 300, "InsufficientBalance": 300}
    assert funds(database) == (0, 0)
    assert_books_balance(database)


def test_two_busy_processes_on_one_hot_wallet_lose_and_double_nothing_and_refuse_nobody(
    ledger: Ledger, database: Database[Document], start: Start
) -> None:
    open_wallet(ledger, database)

    processes = [start("cust_1", "--threads", 8, "--count", 40, "--mixed") for _ in range(2)]
    lines = [line for process in processes for line in answers(process)]

    assert Counter(kind for kind, _, _ in lines) == {"Entry": 640}
    written = {entry["idempotency_key"]: entry["amount"] for entry in entries_of(database)}
    assert written == {key: int(amount) for _, key, amount in lines}
    assert funds(database) == (sum(written.values()), 0)
    assert_books_balance(database)


def test_processes_killed_in_the_middle_of_their_work_lose_nothing_they_acknowledged_and_block_nobody(
    ledger: Ledger, database: Database[Document], start: Start
) -> None:
    wallets = [open_wallet(ledger, database, f"cust_{number}") for number in range(4)]

    processes = [start(customer_id, "--mixed") for customer_id in wallets * 2]
    for process in processes:
        one_line(process)
        time.sleep(0.05)
        process.kill()
    acknowledged = {key: int(amount) for p in processes for _, key, amount in complete(answers(p))}

    ids = {entry_id(key): amount for key, amount in acknowledged.items()}
    found = database["wallet_transactions"].find({"_id": {"$in": list(ids)}})
    assert {entry["_id"]: entry["amount"] for entry in found} == ids
    assert len(ids) > 100
    for customer_id in wallets:  # A transaction that was left open blocks its wallet for seconds only.
        wish = Submission(posting=posting(Verb.CREDIT, 1, customer_id=customer_id))
        assert isinstance(until_it_answers(ledger, wish), Entry)
    assert_books_balance(database)
    assert LedgerVerifier(database).run().is_whole


def complete(lines: list[list[str]]) -> list[list[str]]:
    """Leave out answers that were not acknowledgements."""
    return [line for line in lines if line[0] == "Entry"]
