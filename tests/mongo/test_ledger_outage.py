"""A database that goes away takes nothing with it that was acknowledged, and is found again by itself."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, PyMongoError

from backend import db
from backend.embedded_mongo import EmbeddedMongo
from backend.errors import ServiceUnavailable
from backend.ledger import Entry, Ledger, Submission, Verb
from backend.ledger.verify import LedgerVerifier
from tests.conftest import open_wallet, posting
from tests.mongo.books import assert_books_balance, entries_of, give
from tests.mongo.faults.purchase import until_it_answers
from tests.mongo.mongod import free_port
from tests.mongo.processes import ends_within

Document = dict[str, Any]
PROMISED_SECONDS, NOISE_SECONDS = 5, 3  # A busy machine may be late with what it knows.


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedMongo]:
    """A server of our own that comes back to the same port."""
    with EmbeddedMongo(tmp_path / "mongo", port=free_port()) as running:
        yield running


@pytest.fixture
def database(server: EmbeddedMongo) -> Iterator[Database[Document]]:
    with db.connect(server.uri) as client:
        db.initialise(client["batua"])
        yield client["batua"]


def kill(server: EmbeddedMongo) -> None:
    os.kill(server.pid, signal.SIGKILL)
    assert ends_within(server.pid, 5)
    server.stop()


def test_a_database_that_is_down_is_reported_in_time_and_found_again_without_a_restart(
    server: EmbeddedMongo, database: Database[Document], ledger: Ledger
) -> None:
    open_wallet(ledger, database)
    server.stop()
    wish, started = posting(Verb.CREDIT, 100), time.monotonic()

    with pytest.raises((ServiceUnavailable, ConnectionFailure)):
        ledger.move(wish)
    waited = time.monotonic() - started
    server.start()

    assert waited < PROMISED_SECONDS + NOISE_SECONDS
    assert isinstance(until_it_answers(ledger, Submission(posting=wish)), Entry)
    assert len(entries_of(database)) == 1


def keep_posting(ledger: Ledger, acknowledged: list[Entry], ended: threading.Event) -> None:
    """Post and note what was acknowledged; after a failure, ask again with the same key."""
    wish = posting(Verb.CREDIT, 1)
    while not ended.is_set():
        try:
            acknowledged.append(ledger.move(wish))
        except (ServiceUnavailable, PyMongoError):
            continue
        wish = posting(Verb.CREDIT, 1)


def wait_for(acknowledged: list[Entry], count: int) -> None:
    deadline = time.monotonic() + 20
    while len(acknowledged) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_database_killed_under_load_keeps_every_acknowledged_entry(
    server: EmbeddedMongo, database: Database[Document], ledger: Ledger
) -> None:
    open_wallet(ledger, database)
    acknowledged, ended = list[Entry](), threading.Event()
    threads = [threading.Thread(target=keep_posting, args=(ledger, acknowledged, ended)) for _ in range(8)]
    for thread in threads:
        thread.start()

    for _ in range(2):
        wait_for(acknowledged, len(acknowledged) + 200)
        kill(server)
        server.start()
    wait_for(acknowledged, len(acknowledged) + 50)
    ended.set()
    for thread in threads:
        thread.join()

    hashes = {entry["_id"]: entry["hash"] for entry in entries_of(database)}
    assert {entry.id: entry.hash for entry in acknowledged}.items() <= hashes.items()
    assert len({entry.id for entry in acknowledged}) == len(acknowledged)
    assert_books_balance(database)
    assert LedgerVerifier(database).run().is_whole


def test_a_process_that_starts_without_its_database_works_when_it_comes(
    server: EmbeddedMongo, database: Database[Document]
) -> None:
    server.stop()
    with db.connect(server.uri) as client:
        db.require_transactions(client)
        late = Ledger(client["batua"])
        server.start()

        open_wallet(late, client["batua"])

        assert give(late, 100).balance_after_minor == 100
        late.close()
