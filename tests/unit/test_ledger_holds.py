"""Each rule of holding, capturing and releasing, by example."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.errors import (
    HoldClosed,
    HoldNotFound,
    IdempotencyKeyReused,
    InsufficientBalance,
    InvalidAmount,
)
from backend.ledger.values import EntryType, HoldState, Posting, Verb
from tests.conftest import posting
from tests.unit.books import NOON, Desk, empty_wallet


@pytest.fixture
def desk() -> Desk:
    """A desk at which cust_1 has 1000, of which 400 are held."""
    desk = Desk()
    desk.post(posting(Verb.CREDIT, 1000))
    desk.post(HELD)
    return desk


HELD = posting(Verb.HOLD, 400, key="call_1", account="calls", call_id="call_1")


def capture(desk: Desk, amount_minor: int, **changes: Any) -> Posting:
    hold_id = next(iter(desk.holds))
    return posting(Verb.CAPTURE, amount_minor, **({"hold_id": hold_id, "account": "calls"} | changes))


def release(desk: Desk, **changes: Any) -> Posting:
    return posting(Verb.RELEASE, **({"hold_id": next(iter(desk.holds))} | changes))


def test_a_hold_reserves_without_moving_and_writes_no_entry(desk: Desk) -> None:
    [hold] = desk.holds.values()

    assert (hold.amount_minor, hold.captured_minor, hold.state) == (400, 0, HoldState.HELD)
    assert (hold.call_id, hold.account, hold.currency) == ("call_1", "calls", "INR")
    assert (desk.funds(), len(desk.history())) == ((1000, 400), 1)


def test_a_hold_remembers_when_it_ends(desk: Desk) -> None:
    hold = desk.reserves(posting(Verb.HOLD, 1, expires_at=NOON + timedelta(hours=1)))

    assert (hold.created_at, hold.expires_at) == (NOON, NOON + timedelta(hours=1))


def test_a_hold_takes_all_that_is_available_and_not_one_more(desk: Desk) -> None:
    too_much = desk.post(posting(Verb.HOLD, 601))
    all_of_it = desk.reserves(posting(Verb.HOLD, 600))

    assert isinstance(too_much, InsufficientBalance)
    assert all_of_it.state is HoldState.HELD
    assert desk.funds() == (1000, 1000)


def test_what_is_held_cannot_be_debited(desk: Desk) -> None:
    assert isinstance(desk.post(posting(Verb.DEBIT, 601)), InsufficientBalance)
    assert desk.moves(posting(Verb.DEBIT, 600)).balance_after_minor == 400


@pytest.mark.parametrize("amount_minor", [1, 250, 400])
def test_a_capture_takes_its_amount_and_frees_the_rest(desk: Desk, amount_minor: int) -> None:
    entry = desk.moves(capture(desk, amount_minor))

    [hold] = desk.holds.values()
    assert (entry.type, entry.amount_minor, entry.hold_id) == (EntryType.DEBIT, amount_minor, hold.id)
    assert (hold.state, hold.captured_minor, hold.amount_minor) == (HoldState.CAPTURED, amount_minor, 400)
    assert desk.funds() == (1000 - amount_minor, 0)


def test_a_capture_works_when_the_wallet_has_nothing_else(desk: Desk) -> None:
    desk.moves(posting(Verb.DEBIT, 600))

    assert desk.moves(capture(desk, 400)).balance_after_minor == 0


def test_a_capture_above_the_hold_changes_nothing(desk: Desk) -> None:
    refusal = desk.post(capture(desk, 401))

    assert isinstance(refusal, InvalidAmount)
    assert refusal.details == {"held_minor": 400, "required_minor": 401}
    assert (desk.funds(), desk.open_minor()) == ((1000, 400), 400)


def test_a_release_frees_everything_and_writes_no_entry(desk: Desk) -> None:
    hold = desk.reserves(release(desk), now=NOON + timedelta(minutes=1))

    assert (hold.state, hold.captured_minor) == (HoldState.RELEASED, 0)
    assert hold.updated_at == NOON + timedelta(minutes=1)
    assert (desk.funds(), len(desk.history())) == ((1000, 0), 1)


def test_a_release_ignores_amounts_because_it_frees_what_was_held(desk: Desk) -> None:
    desk.reserves(release(desk, amount_minor=1))

    assert desk.funds() == (1000, 0)


def test_a_release_that_is_repeated_gives_the_same_hold_and_frees_nothing_twice(desk: Desk) -> None:
    other = desk.reserves(posting(Verb.HOLD, 100))
    wish = release(desk)
    first = desk.reserves(wish)

    again = desk.batch([wish])

    assert (again.outcomes, again.fresh) == ([first], [False])
    assert (desk.funds(), desk.holds[other.id].state) == ((1000, 100), HoldState.HELD)


def test_a_hold_that_somebody_else_released_is_closed(desk: Desk) -> None:
    desk.reserves(release(desk, key="sweep"))

    outcome = desk.post(release(desk, key="cancel"))

    assert isinstance(outcome, HoldClosed)
    assert desk.funds() == (1000, 0)


@pytest.mark.parametrize("close", [capture, release])
def test_a_closed_hold_cannot_be_captured(desk: Desk, close: object) -> None:
    desk.post(capture(desk, 400) if close is capture else release(desk))
    before = desk.funds()

    refusal = desk.post(capture(desk, 1))

    assert isinstance(refusal, HoldClosed)
    assert desk.funds() == before


def test_a_captured_hold_cannot_be_released(desk: Desk) -> None:
    desk.post(capture(desk, 1))

    refusal = desk.post(release(desk))

    assert isinstance(refusal, HoldClosed)
    assert refusal.details == {"state": HoldState.CAPTURED}
    assert desk.funds() == (999, 0)


@pytest.mark.parametrize("verb", [Verb.CAPTURE, Verb.RELEASE])
@pytest.mark.parametrize("hold_id", ["hold_nobody", "", None])
def test_a_hold_that_does_not_exist_is_refused(desk: Desk, verb: Verb, hold_id: str | None) -> None:
    assert isinstance(desk.post(posting(verb, 1, hold_id=hold_id)), HoldNotFound)


@pytest.mark.parametrize("verb", [Verb.CAPTURE, Verb.RELEASE])
def test_a_hold_of_another_wallet_is_as_unknown_as_none(desk: Desk, verb: Verb) -> None:
    desk.wallets["cust_2"] = empty_wallet("cust_2")
    hold_id = next(iter(desk.holds))

    refusal = desk.post(posting(verb, 1, customer_id="cust_2", hold_id=hold_id))

    assert isinstance(refusal, HoldNotFound)
    assert desk.funds() == (1000, 400)


def test_a_replayed_hold_gives_the_hold_and_reserves_once(desk: Desk) -> None:
    [first] = desk.holds.values()

    again = desk.batch([HELD])

    assert (again.outcomes, again.fresh, again.holds) == ([first], [False], {})
    assert desk.funds() == (1000, 400)


def test_a_replayed_hold_shows_what_has_become_of_it(desk: Desk) -> None:
    desk.post(capture(desk, 400))

    assert desk.reserves(HELD).state is HoldState.CAPTURED


@pytest.mark.parametrize(
    "changes",
    [{"amount_minor": 401}, {"account": "orders"}, {"call_id": "call_2"}, {"customer_id": "cust_2"}],
)
def test_a_hold_key_used_for_something_else_is_refused(desk: Desk, changes: dict[str, Any]) -> None:
    desk.wallets["cust_2"] = empty_wallet("cust_2")

    assert isinstance(desk.post(replace(HELD, **changes)), IdempotencyKeyReused)
    assert desk.funds() == (1000, 400)


def test_a_replayed_capture_gives_the_first_entry(desk: Desk) -> None:
    wish = capture(desk, 250)
    first = desk.moves(wish)

    again = desk.batch([wish])

    assert (again.outcomes, again.fresh) == ([first], [False])
    assert desk.funds() == (750, 0)


def test_a_capture_key_used_for_another_hold_is_refused(desk: Desk) -> None:
    wish = capture(desk, 100)
    desk.moves(wish)
    other = desk.reserves(posting(Verb.HOLD, 100))

    assert isinstance(desk.post(replace(wish, hold_id=other.id)), IdempotencyKeyReused)
    assert desk.funds() == (900, 100)


def test_a_hold_and_its_capture_may_share_a_key(desk: Desk) -> None:
    entry = desk.moves(capture(desk, 400, key=HELD.key, call_id="call_1"))

    assert entry.amount_minor == 400


def test_a_hold_can_be_opened_and_closed_within_one_batch(desk: Desk) -> None:
    opened = posting(Verb.HOLD, 600)
    hold_id = desk.reserves(replace(opened)).id
    desk.reserves(posting(Verb.RELEASE, hold_id=hold_id))
    fresh = Desk(dict(desk.wallets))

    applied = fresh.batch([opened, posting(Verb.CAPTURE, 500, hold_id=hold_id)])

    assert applied.fresh == [True, True]
    assert applied.holds[hold_id].state is HoldState.CAPTURED
    assert applied.wallets["cust_1"].balance_minor == 500
