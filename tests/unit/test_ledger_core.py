"""Each rule of crediting, debiting and refunding, by example."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.errors import (
    AppError,
    CustomerNotFound,
    IdempotencyKeyReused,
    InsufficientBalance,
    InvalidAmount,
)
from backend.ledger.values import Entry, EntryType, Total, Verb
from backend.money import MAX_BALANCE_MINOR
from tests.conftest import posting
from tests.unit.books import NOON, Desk, empty_wallet


@pytest.fixture
def desk() -> Desk:
    """A desk at which cust_1 has 1000."""
    desk = Desk()
    desk.post(posting(Verb.CREDIT, 1000, key="opening"))
    return desk


@pytest.mark.parametrize(
    ("verb", "amount_minor", "type_", "balance_minor"),
    [
        (Verb.CREDIT, 300, EntryType.CREDIT, 1300),
        (Verb.REFUND, 300, EntryType.REFUND, 1300),
        (Verb.DEBIT, 300, EntryType.DEBIT, 700),
        (Verb.DEBIT, 1000, EntryType.DEBIT, 0),
    ],
)
def test_a_movement_changes_the_balance_by_its_amount(
    desk: Desk, verb: Verb, amount_minor: int, type_: EntryType, balance_minor: int
) -> None:
    entry = desk.moves(posting(verb, amount_minor))

    assert (entry.type, entry.amount_minor, entry.seq) == (type_, amount_minor, 2)
    assert (entry.balance_before_minor, entry.balance_after_minor) == (1000, balance_minor)
    assert desk.funds() == (balance_minor, 0)


def test_an_entry_keeps_everything_that_the_posting_said(desk: Desk) -> None:
    wish = posting(
        Verb.DEBIT,
        5,
        account="orders",
        reason="Tea",
        source="order",
        order_id="order_1",
        call_id="call_1",
        metadata={"cup": "large"},
    )

    entry = desk.moves(wish)

    assert (entry.account, entry.reason, entry.source) == ("orders", "Tea", "order")
    assert (entry.order_id, entry.call_id, entry.metadata) == ("order_1", "call_1", {"cup": "large"})
    assert (entry.idempotency_key, entry.currency, entry.customer_id) == (wish.key, "INR", "cust_1")


def test_a_wallet_counts_its_entries_by_type(desk: Desk) -> None:
    desk.batch([posting(Verb.DEBIT, 300), posting(Verb.REFUND, 100), posting(Verb.DEBIT, 1)])

    wallet = desk.wallets["cust_1"]
    assert (wallet.credits, wallet.debits, wallet.refunds) == (Total(1, 1000), Total(2, 301), Total(1, 100))


def test_a_debit_above_what_is_available_changes_nothing_and_says_by_how_much(desk: Desk) -> None:
    desk.post(posting(Verb.HOLD, 200))

    refusal = desk.post(posting(Verb.DEBIT, 801))

    assert isinstance(refusal, InsufficientBalance)
    assert refusal.details == {"available_minor": 800, "required_minor": 801, "currency": "INR"}
    assert desk.funds() == (1000, 200)


@pytest.mark.parametrize("verb", [Verb.CREDIT, Verb.DEBIT, Verb.REFUND, Verb.HOLD, Verb.CAPTURE])
@pytest.mark.parametrize("amount", [0, -1, True, 1.0, "1", None])
def test_an_amount_must_be_a_whole_positive_number_of_minor_units(
    desk: Desk, verb: Verb, amount: Any
) -> None:
    wish = replace(posting(verb, 1), amount_minor=amount)

    assert isinstance(desk.post(wish), InvalidAmount)
    assert desk.funds() == (1000, 0)


@pytest.mark.parametrize("verb", [Verb.CREDIT, Verb.REFUND])
def test_a_balance_reaches_the_largest_exact_integer_and_not_one_more(desk: Desk, verb: Verb) -> None:
    room_minor = MAX_BALANCE_MINOR - 1000

    too_much = desk.post(posting(verb, room_minor + 1))
    just_enough = desk.moves(posting(verb, room_minor))

    assert isinstance(too_much, InvalidAmount)
    assert just_enough.balance_after_minor == MAX_BALANCE_MINOR


@pytest.mark.parametrize("verb", list(Verb))
def test_a_wallet_that_does_not_exist_is_refused(desk: Desk, verb: Verb) -> None:
    refusal = desk.post(posting(verb, 1, customer_id="nobody", hold_id="hold_1"))

    assert isinstance(refusal, CustomerNotFound)


@pytest.mark.parametrize("verb", list(Verb))
def test_another_currency_than_the_wallets_is_refused(desk: Desk, verb: Verb) -> None:
    desk.wallets["cust_usd"] = empty_wallet("cust_usd", currency="USD")

    refusal = desk.post(posting(verb, 1, currency="USD"))

    assert isinstance(refusal, InvalidAmount)
    assert "INR" in refusal.message
    assert desk.moves(posting(Verb.CREDIT, 1, currency="USD", customer_id="cust_usd")).currency == "USD"


def test_a_replayed_key_gives_the_first_entry_even_when_it_could_not_happen_again(desk: Desk) -> None:
    wish = posting(Verb.DEBIT, 1000)
    first = desk.moves(wish)

    again = desk.batch([wish])

    assert again.outcomes == [first]
    assert again.fresh == [False]
    assert (again.wallets, again.entries, desk.funds()) == ({}, {}, (0, 0))


def test_a_key_replayed_within_one_batch_moves_money_once(desk: Desk) -> None:
    wish = posting(Verb.CREDIT, 5)

    applied = desk.batch([wish, wish, wish])

    assert applied.outcomes == [desk.history()[-1]] * 3
    assert applied.fresh == [True, False, False]
    assert desk.funds() == (1005, 0)


def test_other_words_and_metadata_do_not_make_another_movement(desk: Desk) -> None:
    wish = posting(Verb.CREDIT, 5)
    first = desk.moves(wish)

    again = desk.moves(replace(wish, reason="Other words", source="promo", metadata={"try": 2}))

    assert again is first


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": 6},
        {"verb": Verb.DEBIT},
        {"verb": Verb.REFUND},
        {"verb": Verb.CAPTURE, "hold_id": "hold_1"},
        {"account": "promotions"},
        {"currency": "USD"},
        {"customer_id": "cust_2"},
        {"order_id": "order_2"},
        {"call_id": "call_2"},
        {"hold_id": "hold_2"},
    ],
)
def test_a_key_used_for_something_else_is_refused(desk: Desk, changes: dict[str, Any]) -> None:
    desk.wallets["cust_2"] = empty_wallet("cust_2")
    wish = posting(Verb.CREDIT, 5)
    desk.moves(wish)

    refusal = desk.post(replace(wish, **changes))

    assert isinstance(refusal, IdempotencyKeyReused)
    assert (desk.funds(), desk.funds("cust_2")) == ((1005, 0), (0, 0))


def test_a_refused_key_can_be_tried_again_when_it_has_become_possible(desk: Desk) -> None:
    wish = posting(Verb.DEBIT, 1500)
    assert isinstance(desk.post(wish), InsufficientBalance)

    desk.post(posting(Verb.CREDIT, 500))

    assert desk.moves(wish).balance_after_minor == 0


def test_postings_on_one_wallet_in_one_batch_see_each_other(desk: Desk) -> None:
    applied = desk.batch([posting(Verb.DEBIT, 1000), posting(Verb.CREDIT, 7), posting(Verb.DEBIT, 7)])

    assert [e.balance_after_minor for e in applied.outcomes if isinstance(e, Entry)] == [0, 7, 0]


def test_a_refusal_in_the_middle_sinks_no_other(desk: Desk) -> None:
    applied = desk.batch([posting(Verb.DEBIT, 600), posting(Verb.DEBIT, 600), posting(Verb.DEBIT, 400)])

    assert [isinstance(outcome, AppError) for outcome in applied.outcomes] == [False, True, False]
    assert applied.fresh == [True, False, True]
    assert desk.funds() == (0, 0)


def test_only_what_changed_is_given_back_to_be_written(desk: Desk) -> None:
    desk.wallets["cust_2"] = empty_wallet("cust_2")

    applied = desk.batch([posting(Verb.CREDIT, 1), posting(Verb.DEBIT, 1, customer_id="cust_2")])

    assert list(applied.wallets) == ["cust_1"]
    assert len(applied.entries) == 1


def test_the_books_that_were_given_stay_as_they_were(desk: Desk) -> None:
    wallets, holds, entries = dict(desk.wallets), dict(desk.holds), dict(desk.entries)
    other = Desk(wallets, holds, entries)

    other.batch([posting(Verb.HOLD, 10), posting(Verb.DEBIT, 10)])

    assert (desk.funds(), len(desk.entries), desk.holds) == ((1000, 0), 1, {})


def test_a_clock_that_jumps_back_never_reorders_a_wallet(desk: Desk) -> None:
    desk.post(posting(Verb.CREDIT, 1), now=NOON + timedelta(hours=1))
    desk.post(posting(Verb.HOLD, 1), now=NOON + timedelta(hours=2))
    desk.post(posting(Verb.HOLD, 1), now=NOON - timedelta(days=1))

    late = desk.moves(posting(Verb.CREDIT, 1), now=NOON - timedelta(days=1))

    assert late.created_at == NOON + timedelta(hours=2)
    assert [entry.created_at for entry in desk.history()] == sorted(e.created_at for e in desk.history())


def test_times_are_kept_to_the_millisecond_that_the_database_can_store(desk: Desk) -> None:
    entry = desk.moves(posting(Verb.CREDIT, 1), now=NOON + timedelta(microseconds=7999))

    assert entry.created_at == NOON + timedelta(milliseconds=7)
