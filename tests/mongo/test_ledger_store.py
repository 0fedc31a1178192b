"""Money moves in the database wholly or not at all, whatever the batch looks like."""

from dataclasses import replace
from typing import Any

import pytest
from pymongo.database import Database

from backend.errors import (
    CustomerNotFound,
    IdempotencyKeyReused,
    InsufficientBalance,
)
from backend.ledger import Entry, Ledger, Submission, Verb
from backend.ledger.store import LedgerStore
from backend.ledger.values import HoldState
from tests.conftest import open_wallet, posting
from tests.mongo.books import assert_books_balance, entries_of, funds, give, kinds, some_credits

Document = dict[str, Any]


@pytest.fixture
def wallet(ledger: Ledger, database: Database[Document]) -> str:
    """The wallet of cust_1, with 10.00 in it."""
    open_wallet(ledger, database)
    give(ledger, 1000)
    return "cust_1"


@pytest.fixture
def store(database: Database[Document]) -> LedgerStore:
    """The store without its committer, so that a test decides what is one batch."""
    return LedgerStore(database)


@pytest.mark.usefixtures("wallet")
def test_credits_debits_and_refunds_make_history_and_balance(
    ledger: Ledger, database: Database[Document]
) -> None:
    ledger.move(posting(Verb.DEBIT, 300, account="orders", order_id="order_1", metadata={"cup": "large"}))
    ledger.move(posting(Verb.REFUND, 100))

    entries = entries_of(database)
    assert [(e["seq"], e["type"], e["amount"], e["balance_after"]) for e in entries] == [
        (1, "credit", 1000, 1000),
        (2, "debit", 300, 700),
        (3, "refund", 100, 800),
    ]
    assert entries[1]["metadata"] == {"cup": "large"}
    assert (entries[1]["account"], entries[1]["order_id"]) == ("orders", "order_1")
    assert_books_balance(database)


@pytest.mark.usefixtures("wallet")
def test_holds_reserve_capture_and_release(ledger: Ledger, database: Database[Document]) -> None:
    first, second = (ledger.reserve(posting(Verb.HOLD, 400)) for _ in range(2))

    taken = ledger.move(posting(Verb.CAPTURE, 250, hold_id=first.id))
    freed = ledger.reserve(posting(Verb.RELEASE, hold_id=second.id))

    states = {hold["_id"]: (hold["state"], hold["captured"]) for hold in database["wallet_holds"].find()}
    assert states == {first.id: ("CAPTURED", 250), second.id: ("RELEASED", 0)}
    assert (taken.balance_after_minor, freed.state, funds(database)) == (750, HoldState.RELEASED, (750, 0))
    assert_books_balance(database)


@pytest.mark.usefixtures("wallet")
def test_a_wallet_is_read_as_it_is_now(ledger: Ledger) -> None:
    ledger.reserve(posting(Verb.HOLD, 400))

    now = ledger.wallet("cust_1")

    assert (now.balance_minor, now.held_minor, now.available_minor) == (1000, 400, 600)
    with pytest.raises(CustomerNotFound):
        ledger.wallet("nobody")


def test_a_wallet_opens_only_with_the_transaction_that_opens_it(
    ledger: Ledger, database: Database[Document]
) -> None:
    with database.client.start_session() as session:
        session.start_transaction()
        ledger.open_wallet("cust_1", currency="INR", session=session)
        session.abort_transaction()

    with pytest.raises(CustomerNotFound):
        ledger.wallet("cust_1")


@pytest.mark.usefixtures("wallet")
def test_a_replayed_key_gives_the_first_entry_to_the_last_field(
    ledger: Ledger, database: Database[Document]
) -> None:
    wish = posting(Verb.DEBIT, 1000, metadata={"cup": "large"})
    first = ledger.move(wish)

    again = ledger.move(wish)

    assert again == first
    assert len(entries_of(database)) == 2


@pytest.mark.usefixtures("wallet")
def test_a_replayed_hold_gives_the_same_hold(ledger: Ledger, database: Database[Document]) -> None:
    wish = posting(Verb.HOLD, 1000)
    first = ledger.reserve(wish)

    again = ledger.reserve(wish)

    assert (again.id, again.state, funds(database)) == (first.id, HoldState.HELD, (1000, 1000))


@pytest.mark.usefixtures("wallet")
def test_a_key_used_for_something_else_is_refused_and_moves_nothing(
    ledger: Ledger, database: Database[Document]
) -> None:
    wish = posting(Verb.DEBIT, 100)
    ledger.move(wish)

    with pytest.raises(IdempotencyKeyReused):
        ledger.move(replace(wish, amount_minor=101))

    assert funds(database) == (900, 0)


@pytest.mark.usefixtures("wallet")
def test_a_refusal_in_the_middle_of_a_batch_sinks_no_other(
    store: LedgerStore, database: Database[Document]
) -> None:
    batch = [Submission(posting=posting(Verb.DEBIT, amount_minor)) for amount_minor in (600, 600, 400)]

    answers = store.commit(batch)

    assert kinds(answers) == ["Entry", "InsufficientBalance", "Entry"]
    assert funds(database) == (0, 0)
    assert_books_balance(database)


@pytest.mark.usefixtures("wallet")
def test_a_batch_may_touch_many_wallets_and_unknown_ones(
    ledger: Ledger, store: LedgerStore, database: Database[Document]
) -> None:
    open_wallet(ledger, database, "cust_2")
    owners = ["cust_1", "nobody", "cust_2", "cust_1"]

    answers = store.commit([Submission(posting=posting(Verb.CREDIT, 1, customer_id=who)) for who in owners])

    assert kinds(answers) == ["Entry", "CustomerNotFound", "Entry", "Entry"]
    assert (funds(database), funds(database, "cust_2")) == ((1002, 0), (1, 0))


@pytest.mark.usefixtures("wallet")
def test_a_refusal_alone_in_its_batch_says_why(ledger: Ledger) -> None:
    with pytest.raises(InsufficientBalance) as refused:
        ledger.move(posting(Verb.DEBIT, 1001))

    assert refused.value.details["available_minor"] == 1000


@pytest.mark.usefixtures("wallet")
def test_metadata_that_cannot_be_stored_fails_alone(store: LedgerStore, database: Database[Document]) -> None:
    poison = [
        Submission(posting=posting(Verb.CREDIT, 100, metadata=metadata))
        for metadata in ({"not": object()}, {"too large": 2**64}, {"null\0key": "x"}, {"half": "\ud800"})
    ]

    answers = store.commit([*some_credits(2), *poison, *some_credits(1)])

    assert [isinstance(answer, Entry) for answer in answers] == [True] * 2 + [False] * 4 + [True]
    assert funds(database) == (1300, 0)
    assert_books_balance(database)


@pytest.mark.usefixtures("wallet")
def test_many_submissions_of_one_caller_each_get_their_own_answer(
    ledger: Ledger, database: Database[Document]
) -> None:
    submissions = [*some_credits(300), Submission(posting=posting(Verb.DEBIT, 10**9)), *some_credits(300)]

    answers = ledger.post_many(submissions)

    assert kinds(answers) == ["Entry"] * 300 + ["InsufficientBalance"] + ["Entry"] * 300
    assert funds(database) == (61_000, 0)
    assert_books_balance(database)


@pytest.mark.usefixtures("wallet")
def test_moving_and_reserving_are_not_mistaken_for_each_other(ledger: Ledger) -> None:
    with pytest.raises(TypeError):
        ledger.reserve(posting(Verb.CREDIT, 1))
    with pytest.raises(TypeError):
        ledger.move(posting(Verb.HOLD, 1))


def test_a_queue_that_is_full_answers_for_each_posting_alone(database: Database[Document]) -> None:
    ledger = Ledger(database, max_waiting=3)
    open_wallet(ledger, database)
    wishes = [Submission(posting=posting(Verb.CREDIT, 1)) for _ in range(200)]

    answers = ledger.post_many(wishes)
    ledger.close()

    done = kinds(answers).count("Entry")
    assert set(kinds(answers)) == {"Entry", "ServiceUnavailable"}
    assert funds(database) == (done, 0)
