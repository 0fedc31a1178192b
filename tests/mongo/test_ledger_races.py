"""The same thing asked for through several processes at once happens once, and all are told the same."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from backend.ledger import Claim, Ledger, Submission, Verb
from tests.conftest import open_wallet, posting
from tests.mongo.books import assert_books_balance, entries_of, funds, give, kinds

Document = dict[str, Any]
ROUNDS = 40


@pytest.fixture
def desks(ledger: Ledger, database: Database[Document]) -> Iterator[list[Ledger]]:
    """Four ledgers that know nothing of each other, as in four processes, and an empty wallet."""
    open_wallet(ledger, database)
    desks = [Ledger(database) for _ in range(4)]
    yield desks
    for desk in desks:
        desk.close()


def race(desks: list[Ledger], *wishes: Submission) -> list[Any]:
    """Post through all desks at the same moment; each takes its turn of the wishes."""
    answers: list[Any] = []
    start = threading.Barrier(len(desks))

    def post(desk: Ledger, wish: Submission) -> None:
        start.wait()
        answers.extend(desk.post_many([wish]))

    threads = [
        threading.Thread(target=post, args=(desk, wishes[number % len(wishes)]))
        for number, desk in enumerate(desks)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def paying(order_id: str) -> Claim:
    return Claim(
        collection="orders", id=order_id, guard={"state": "PENDING"}, update={"$set": {"state": "PAID"}}
    )


@pytest.mark.parametrize("verb", [Verb.CREDIT, Verb.DEBIT])
def test_one_key_for_the_whole_balance_gives_everybody_the_one_entry(
    desks: list[Ledger], database: Database[Document], verb: Verb
) -> None:
    answers: list[Any] = []
    for _ in range(ROUNDS):
        give(desks[0], 100)
        answers.append(race(desks, Submission(posting=posting(verb, 100))))

    assert [kinds(some) for some in answers] == [["Entry"] * 4] * ROUNDS
    assert all(len({entry.hash for entry in some}) == 1 for some in answers)
    assert len(entries_of(database)) == 2 * ROUNDS
    assert_books_balance(database)


def test_one_hold_key_for_the_whole_balance_gives_everybody_the_one_hold(
    desks: list[Ledger], database: Database[Document]
) -> None:
    answers: list[Any] = []
    for _ in range(ROUNDS):
        give(desks[0], 100)
        answers += race(desks, Submission(posting=posting(Verb.HOLD, 100)))

    assert kinds(answers) == ["Hold"] * 4 * ROUNDS
    assert funds(database) == (100 * ROUNDS, 100 * ROUNDS)
    assert_books_balance(database)


def test_one_key_and_claim_gives_everybody_the_one_entry(
    desks: list[Ledger], database: Database[Document]
) -> None:
    give(desks[0], ROUNDS)
    answers: list[Any] = []
    for number in range(ROUNDS):
        database["orders"].insert_one({"_id": f"order_{number}", "state": "PENDING"})
        answers += race(desks, Submission(posting=posting(Verb.DEBIT, 1), claims=[paying(f"order_{number}")]))

    assert kinds(answers) == ["Entry"] * 4 * ROUNDS
    assert funds(database) == (0, 0)


def test_of_different_payments_for_one_order_one_wins(
    desks: list[Ledger], database: Database[Document]
) -> None:
    give(desks[0], 1000)
    for number in range(ROUNDS):
        database["orders"].insert_one({"_id": f"order_{number}", "state": "PENDING"})
        wishes = [
            Submission(posting=posting(Verb.DEBIT, 1), claims=[paying(f"order_{number}")]) for _ in desks
        ]

        assert sorted(kinds(race(desks, *wishes))) == ["ClaimLost"] * 3 + ["Entry"]
    assert funds(database) == (1000 - ROUNDS, 0)


def test_a_hold_is_either_captured_or_released(desks: list[Ledger], database: Database[Document]) -> None:
    give(desks[0], 1000)
    captured = 0
    for _ in range(ROUNDS):
        hold = desks[0].reserve(posting(Verb.HOLD, 10))
        release = Submission(posting=posting(Verb.RELEASE, hold_id=hold.id))
        capture = Submission(posting=posting(Verb.CAPTURE, 7, hold_id=hold.id))

        answers = sorted(kinds(race(desks, capture, release)))

        assert answers in (
            ["Entry", "Entry", "HoldClosed", "HoldClosed"],
            ["Hold", "Hold"] + ["HoldClosed"] * 2,
        )
        captured += answers[0] == "Entry"
    assert funds(database) == (1000 - 7 * captured, 0)
    assert_books_balance(database)


def test_the_last_money_is_spent_once(desks: list[Ledger], database: Database[Document]) -> None:
    for _ in range(ROUNDS):
        give(desks[0], 100)

        answers = race(desks, *(Submission(posting=posting(Verb.DEBIT, 60)) for _ in desks))

        assert sorted(kinds(answers)) == ["Entry"] + ["InsufficientBalance"] * 3
        desks[0].move(posting(Verb.DEBIT, 40))
    assert funds(database) == (0, 0)


def test_the_last_money_is_either_held_or_spent(desks: list[Ledger], database: Database[Document]) -> None:
    for _ in range(2 * ROUNDS):
        give(desks[0], 100)
        verbs = (Verb.DEBIT, Verb.HOLD, Verb.DEBIT, Verb.HOLD)

        answers = kinds(race(desks, *(Submission(posting=posting(verb, 100)) for verb in verbs)))

        assert answers.count("InsufficientBalance") == 3
        assert_books_balance(database)
        if "Hold" in answers:
            [held] = database["wallet_holds"].find({"state": "HELD"})
            desks[0].move(posting(Verb.CAPTURE, 100, hold_id=held["_id"]))
