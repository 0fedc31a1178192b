"""What a batch read before its transaction may have changed by the time that it writes."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from backend.ledger import Ledger, Submission, Verb
from backend.ledger.store import Answer
from tests.conftest import posting
from tests.mongo.books import assert_books_balance, funds, kinds
from tests.mongo.faults.purchase import is_done, purchase
from tests.mongo.mongod import fault

Document = dict[str, Any]
Overtake = Callable[[Submission, Callable[[Ledger], object]], list[Answer]]


@pytest.fixture
def overtake(ledger: Ledger, shop: Database[Document], operator: MongoClient[Document]) -> Overtake:
    """Hold a submission up between its reading and its writing, and let others go first."""
    neighbour = Ledger(operator[shop.name])

    def overtaken(wish: Submission, others: Callable[[Ledger], object]) -> list[Answer]:
        answers: list[Answer] = []
        slow = threading.Thread(target=lambda: answers.extend(ledger.post_many([wish])))
        with fault(operator, "update", times=1, blockConnection=True, blockTimeMS=400):
            slow.start()
            time.sleep(0.15)
            others(neighbour)
            slow.join()
        neighbour.close()
        return answers

    return overtaken


def wish(verb: Verb, amount_minor: int = 0, **changes: Any) -> Submission:
    return Submission(posting=posting(verb, amount_minor, **changes))


@pytest.mark.parametrize("slow", [Verb.DEBIT, Verb.HOLD])
@pytest.mark.parametrize("quick", [Verb.DEBIT, Verb.HOLD])
def test_money_that_was_taken_meanwhile_is_not_taken_again(
    overtake: Overtake, shop: Database[Document], slow: Verb, quick: Verb
) -> None:
    answers = overtake(wish(slow, 600), lambda ledger: ledger.post_many([wish(quick, 600)]))

    assert kinds(answers) == ["InsufficientBalance"]
    assert funds(shop) == ((400, 0) if quick is Verb.DEBIT else (1000, 600))
    assert_books_balance(shop)


def test_a_hold_exchanged_for_another_of_the_same_amount_is_not_captured(
    overtake: Overtake, ledger: Ledger, shop: Database[Document]
) -> None:
    hold = ledger.reserve(posting(Verb.HOLD, 100))

    def exchange(neighbour: Ledger) -> None:
        neighbour.reserve(posting(Verb.RELEASE, hold_id=hold.id))
        neighbour.reserve(posting(Verb.HOLD, 100))

    answers = overtake(wish(Verb.CAPTURE, 100, hold_id=hold.id), exchange)

    assert kinds(answers) == ["HoldClosed"]
    assert funds(shop) == (1000, 100)
    assert_books_balance(shop)


def test_the_same_posting_through_another_process_meanwhile_is_found(
    overtake: Overtake, shop: Database[Document]
) -> None:
    same = purchase()

    answers = overtake(same, lambda neighbour: neighbour.post_many([same]))

    assert kinds(answers) == ["Entry"]
    assert is_done(shop)


def test_an_order_that_was_cancelled_meanwhile_is_not_paid(
    overtake: Overtake, shop: Database[Document]
) -> None:
    def cancel(_: Ledger) -> None:
        shop["orders"].find_one_and_update({"_id": "order_1"}, {"$set": {"state": "CANCELLED"}})

    answers = overtake(purchase(), cancel)

    assert kinds(answers) == ["ClaimLost"]
    assert funds(shop) == (1000, 0)
    assert shop["outbox"].distinct("_id") == ["first"]
