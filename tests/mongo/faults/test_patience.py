"""A database that is slow or busy makes nobody wait for long, and loses nothing."""

import threading
import time
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import PyMongoError

from backend.errors import OutcomeUnknown, ServiceUnavailable
from backend.ledger import Entry, Ledger, Verb
from backend.ledger.committer import GroupCommitter
from backend.ledger.store import LedgerStore
from tests.conftest import posting
from tests.mongo.books import funds, give, kinds, some_credits
from tests.mongo.faults.purchase import is_done, purchase, until_it_answers
from tests.mongo.mongod import fault

Document = dict[str, Any]


def test_a_wallet_held_by_another_transaction_for_a_moment_is_waited_for(
    ledger: Ledger, shop: Database[Document]
) -> None:
    with shop.client.start_session() as session:
        session.start_transaction()
        shop["wallets"].update_one({"_id": "cust_1"}, {"$set": {"note": "mine"}}, session=session)
        ending = threading.Timer(0.1, session.abort_transaction)
        ending.start()

        entry = give(ledger, 100)
        ending.join()

    assert entry.balance_after_minor == 1100


def test_a_wallet_held_for_long_is_busy_and_nothing_has_moved(
    ledger: Ledger, shop: Database[Document]
) -> None:
    wish = purchase()
    with shop.client.start_session() as session, session.start_transaction():
        shop["wallets"].update_one({"_id": "cust_1"}, {"$set": {"note": "mine"}}, session=session)

        with pytest.raises(ServiceUnavailable):
            ledger.move(wish.posting, claims=wish.claims, rows=wish.rows)

    assert not is_done(shop)
    assert isinstance(until_it_answers(ledger, wish), Entry)


def test_a_transaction_left_open_by_a_dead_process_blocks_its_wallet_for_seconds_only(
    ledger: Ledger, shop: Database[Document]
) -> None:
    session = shop.client.start_session()
    session.start_transaction()
    shop["wallets"].update_one({"_id": "cust_1"}, {"$set": {"note": "mine"}}, session=session)

    answer = until_it_answers(ledger, purchase())

    session.end_session()
    assert isinstance(answer, Entry)


def test_a_commit_slower_than_the_caller_is_found_by_the_retry(
    ledger: Ledger, shop: Database[Document], operator: MongoClient[Document]
) -> None:
    slow = {"blockConnection": True, "blockTimeMS": 2300}
    with fault(operator, "commitTransaction", times=2, **slow):
        before = threading.Thread(target=give, args=(ledger, 100))
        before.start()
        time.sleep(0.2)
        wish = posting(Verb.CREDIT, 500)

        with pytest.raises(OutcomeUnknown):
            ledger.move(wish)
        before.join()

    entry = ledger.move(wish)
    assert entry.balance_after_minor == 1600
    assert funds(shop) == (1600, 0)


def test_a_commit_slower_than_the_store_waits_leaves_all_or_nothing(
    ledger: Ledger, shop: Database[Document], operator: MongoClient[Document]
) -> None:
    wish = purchase()

    with fault(operator, "commitTransaction", times=1, blockConnection=True, blockTimeMS=4800):
        [answer] = LedgerStore(shop).commit([wish])

    assert isinstance(answer, PyMongoError | ServiceUnavailable)
    assert isinstance(until_it_answers(ledger, wish), Entry)
    assert is_done(shop)


def test_a_full_queue_refuses_at_once_and_loses_nobody_who_waits(
    shop: Database[Document], operator: MongoClient[Document]
) -> None:
    committer = GroupCommitter(LedgerStore(shop).commit, max_waiting=2)
    submissions = some_credits(4)

    with fault(operator, "commitTransaction", times=1, blockConnection=True, blockTimeMS=400):
        running = committer.submit(submissions[0])
        while not running.running():
            time.sleep(0.005)
        waiting = [committer.submit(submission) for submission in submissions[1:3]]
        with pytest.raises(ServiceUnavailable):
            committer.submit(submissions[3])
    committer.close()

    assert kinds([future.result(0) for future in (running, *waiting)]) == ["Entry"] * 3
    assert funds(shop) == (1300, 0)


def test_closing_commits_what_is_waiting(
    ledger: Ledger, shop: Database[Document], operator: MongoClient[Document]
) -> None:
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda wish=wish: answers.extend(ledger.post_many([wish])))
        for wish in some_credits(20)
    ]

    with fault(operator, "commitTransaction", times=1, blockConnection=True, blockTimeMS=400):
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        ledger.close()

    assert funds(shop) == (3000, 0)
    for thread in threads:
        thread.join()
    assert kinds(answers) == ["Entry"] * 20
    with pytest.raises(ServiceUnavailable):
        give(ledger, 100)
