"""Rows that belong to a movement change with it, or nothing does."""

from typing import Any

import pytest
from pymongo.database import Database

from backend.errors import ClaimLost, HoldClosed
from backend.ledger import Claim, Entry, Ledger, Posting, Submission, Verb
from backend.ledger.chain import hold_id
from backend.ledger.store import LedgerStore
from tests.conftest import open_wallet, posting
from tests.mongo.books import assert_books_balance, entries_of, funds, give, kinds, some_credits
from tests.mongo.purchases import paying, purchase, states

Document = dict[str, Any]


def test_claims_and_rows_are_committed_with_the_money(
    ledger: Ledger, store: LedgerStore, database: Database[Document]
) -> None:
    wish = purchase("order_1", "order_2", message="thanks")

    entry = ledger.move(wish.posting, claims=wish.claims, rows=wish.rows)

    assert states(database) == "PAID PAID PENDING"
    assert database["outbox"].distinct("_id") == ["thanks"]
    assert entry.balance_after_minor == 900


@pytest.mark.parametrize("alone", [True, False])
def test_a_lost_claim_refuses_its_posting_alone_and_leaves_nothing_of_it(
    store: LedgerStore, database: Database[Document], alone: bool
) -> None:
    database["orders"].update_one({"_id": "order_2"}, {"$set": {"state": "CANCELLED"}})
    loser = purchase("order_1", "order_2", message="never")

    answers = store.commit([loser] if alone else [*some_credits(1), loser, purchase("order_3")])

    assert kinds(answers) == (["ClaimLost"] if alone else ["Entry", "ClaimLost", "Entry"])
    assert states(database) == "PENDING CANCELLED " + ("PENDING" if alone else "PAID")
    assert database["outbox"].count_documents({}) == 0
    assert len(entries_of(database)) == (1 if alone else 3)
    assert_books_balance(database)


def test_a_refused_posting_leaves_its_claims_and_rows_undone(
    store: LedgerStore, database: Database[Document]
) -> None:
    too_much = purchase("order_1", message="never", amount_minor=5000)

    answers = store.commit([too_much, *some_credits(1)])

    assert kinds(answers) == ["InsufficientBalance", "Entry"]
    assert states(database) == "PENDING PENDING PENDING"
    assert database["outbox"].count_documents({}) == 0


def test_of_two_that_claim_one_row_in_one_batch_the_first_wins(
    store: LedgerStore, database: Database[Document]
) -> None:
    answers = store.commit([purchase("order_1"), *some_credits(1), purchase("order_2", "order_1")])

    assert kinds(answers) == ["Entry", "Entry", "ClaimLost"]
    assert states(database) == "PAID PENDING PENDING"
    assert funds(database) == (1000, 0)


@pytest.mark.parametrize("together", [True, False])
def test_the_same_key_with_the_same_claim_gives_the_first_entry(
    store: LedgerStore, database: Database[Document], together: bool
) -> None:
    wish = purchase("order_1", message="thanks")
    first, second = store.commit([wish, wish]) if together else (*store.commit([wish]), *store.commit([wish]))

    assert isinstance(first, Entry)
    assert second == first
    assert states(database) == "PAID PENDING PENDING"
    assert database["outbox"].count_documents({}) == 1
    assert funds(database) == (900, 0)


def test_a_replay_among_claims_that_lose_still_gives_the_first_entry(
    store: LedgerStore, database: Database[Document]
) -> None:
    wish = purchase("order_1")
    [first] = store.commit([wish])

    answers = store.commit([purchase("order_1"), wish, *some_credits(1)])

    assert (kinds(answers), answers[1]) == (["ClaimLost", "Entry", "Entry"], first)


@pytest.mark.parametrize("message", ["taken", "brand new"])
def test_a_row_that_breaks_a_unique_index_fails_alone(
    store: LedgerStore, database: Database[Document], message: str
) -> None:
    database["outbox"].insert_one({"_id": "taken"})
    poison = [purchase("order_1", message=message), purchase("order_2", message=message)]

    answers = store.commit([*some_credits(1), *poison, *some_credits(1)])

    fine = message == "brand new"  # Then only the second one is one too many.
    assert [isinstance(a, Entry) for a in answers] == [True, fine, False, True]
    assert states(database) == ("PAID" if fine else "PENDING") + " PENDING PENDING"
    assert_books_balance(database)


def test_a_lone_row_that_breaks_a_unique_index_fails_alone(
    store: LedgerStore, database: Database[Document]
) -> None:
    database["outbox"].insert_one({"_id": "taken"})

    answers = store.commit([purchase(message="taken"), *some_credits(5)])

    assert kinds(answers)[1:] == ["Entry"] * 5
    assert funds(database) == (1500, 0)


def opened_hold(ledger: Ledger, key: str) -> Posting:
    ledger.reserve(posting(Verb.HOLD, 100, key=key))
    return posting(Verb.CAPTURE, 100, key=key, hold_id=hold_id(key))


def test_a_capture_that_shares_its_holds_key_is_refused_when_its_claim_is_lost(
    ledger: Ledger, store: LedgerStore, database: Database[Document]
) -> None:
    database["orders"].update_one({"_id": "order_1"}, {"$set": {"state": "CANCELLED"}})
    capture = Submission(posting=opened_hold(ledger, "call_1"), claims=[paying("order_1")])

    answers = store.commit([capture, *some_credits(1)])

    assert kinds(answers) == ["ClaimLost", "Entry"]
    assert funds(database) == (1100, 100)


def test_a_second_release_with_a_claim_that_is_met_already_gives_the_hold(
    ledger: Ledger, store: LedgerStore, database: Database[Document]
) -> None:
    opened_hold(ledger, "call_1")
    wish = Submission(posting=posting(Verb.RELEASE, hold_id=hold_id("call_1")), claims=[paying("order_1")])

    answers = [*store.commit([wish]), *store.commit([*some_credits(1), wish])]

    assert kinds(answers) == ["Hold", "Entry", "Hold"]
    assert (states(database), funds(database)) == ("PAID PENDING PENDING", (1100, 0))
    with pytest.raises(ClaimLost):
        ledger.move(posting(Verb.DEBIT, 1), claims=[paying("order_1")])


def test_a_claim_that_breaks_a_unique_index_fails_alone(
    store: LedgerStore, database: Database[Document]
) -> None:
    database["invoices"].create_index("number", unique=True)
    database["invoices"].insert_many([{"_id": "one", "number": 1}, {"_id": "two", "number": 2}])
    claim = Claim(collection="invoices", id="one", guard={"number": 1}, update={"$set": {"number": 2}})
    poison = Submission(posting=posting(Verb.DEBIT, 100), claims=[claim])

    answers = store.commit([*some_credits(1), poison, *some_credits(1)])

    assert [isinstance(answer, Entry) for answer in answers] == [True, False, True]
    assert funds(database) == (1200, 0)


def test_a_release_of_what_somebody_else_released_leaves_its_claims_alone(
    ledger: Ledger, database: Database[Document]
) -> None:
    open_wallet(ledger, database)
    give(ledger, 100)
    database["orders"].insert_one({"_id": "order_1", "state": "PENDING"})
    hold = ledger.reserve(posting(Verb.HOLD, 100))
    ledger.reserve(posting(Verb.RELEASE, hold_id=hold.id))
    cancel = Claim(
        collection="orders", id="order_1", guard={"state": "PENDING"}, update={"$set": {"state": "CANCELLED"}}
    )

    with pytest.raises(HoldClosed):
        ledger.reserve(posting(Verb.RELEASE, hold_id=hold.id), claims=[cancel])

    assert database["orders"].find_one() == {"_id": "order_1", "state": "PENDING"}
