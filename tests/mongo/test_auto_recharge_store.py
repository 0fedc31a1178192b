"""However many workers go for the same charge, one claims it, one sends it, and one ends it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from backend.auto_recharge_store import AutoRechargeStore
from backend.auto_recharge_values import OffReason, Outcome, Pace, Pending, Rule, payment_id_of

Document = dict[str, Any]
WORKERS = 8
PACE = Pace(cool_off=timedelta(minutes=10))
RULE = Rule(
    is_on=True,
    threshold_minor=10_000,
    amount_minor=50_000,
    daily_cap_minor=100_000,
    monthly_cap_minor=200_000,
    saved_method_id="SAVED-1",
)


@pytest.fixture
def store(database: Database[Document]) -> AutoRechargeStore:
    store = AutoRechargeStore(database)
    store.put("cust_1", RULE)
    return store


@pytest.fixture
def pending(store: AutoRechargeStore) -> Pending:
    """A charge that somebody has claimed."""
    claimed = store.claim("cust_1")
    assert claimed
    return claimed


def all_at_once(do: Callable[[], Any]) -> int:
    """Count for how many of some workers it works."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(bool(done.result()) for done in [pool.submit(do) for _ in range(WORKERS)])


def spent(store: AutoRechargeStore) -> tuple[int, int]:
    found = store.find("cust_1")
    assert found
    return found.spent.on(datetime.now(UTC))


def test_one_worker_claims_and_the_amount_counts_at_once(store: AutoRechargeStore) -> None:
    assert all_at_once(lambda: store.claim("cust_1")) == 1

    found = store.find("cust_1")
    assert found
    assert found.pending
    assert (found.number, found.pending.payment_id) == (1, payment_id_of("cust_1", 1))
    assert spent(store) == (50_000, 50_000)


def test_one_worker_sends(store: AutoRechargeStore, pending: Pending) -> None:
    assert all_at_once(lambda: store.begin_charge(pending)) == 1


def test_one_worker_looks(store: AutoRechargeStore, pending: Pending) -> None:
    assert all_at_once(lambda: store.look(pending)) == 1


def test_what_may_have_been_sent_is_not_given_back(store: AutoRechargeStore, pending: Pending) -> None:
    store.begin_charge(pending)

    assert not store.release(pending)
    assert spent(store) == (50_000, 50_000)


def test_what_was_given_back_is_not_sent(store: AutoRechargeStore, pending: Pending) -> None:
    assert all_at_once(lambda: store.release(pending)) == 1

    assert not store.begin_charge(pending)
    assert spent(store) == (0, 0)


def test_what_never_left_can_be_sent_again(store: AutoRechargeStore, pending: Pending) -> None:
    store.begin_charge(pending)
    store.not_sent(pending)

    assert store.begin_charge(pending)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_charge_ends_once(store: AutoRechargeStore, pending: Pending, outcome: Outcome) -> None:
    assert all_at_once(lambda: store.settle(pending, outcome, PACE)) == 1

    assert spent(store) == ((50_000, 50_000) if outcome is Outcome.PAID else (0, 0))


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.switch_off("cust_1", OffReason.CUSTOMER),
        lambda store: store.put("cust_1", replace(RULE, amount_minor=40_000)),
        lambda store: store.put("cust_1", replace(RULE, saved_method_id="SAVED-2")),
    ],
    ids=["off", "amount", "method"],
)
def test_a_change_of_mind_stops_what_was_not_sent(
    store: AutoRechargeStore, pending: Pending, change: Callable[[AutoRechargeStore], None]
) -> None:
    change(store)

    assert not store.begin_charge(pending)


def test_a_charge_of_yesterday_is_given_back_to_yesterday(
    store: AutoRechargeStore, pending: Pending, database: Database[Document]
) -> None:
    database["auto_recharges"].update_one({}, {"$set": {"pending.day": "2020-01-01"}})

    store.settle(pending, Outcome.DECLINED, PACE)

    assert spent(store) == (50_000, 0)


def test_nobody_claims_what_would_pass_a_cap(store: AutoRechargeStore, pending: Pending) -> None:
    store.settle(pending, Outcome.PAID, Pace(cool_off=timedelta()))
    store.put("cust_1", replace(RULE, daily_cap_minor=99_999))

    assert store.claim("cust_1") is None


def test_a_cap_can_be_used_up_to_the_last_paisa(store: AutoRechargeStore, pending: Pending) -> None:
    store.settle(pending, Outcome.PAID, Pace(cool_off=timedelta()))

    assert store.claim("cust_1")
    assert spent(store) == (100_000, 100_000)


def test_nobody_claims_for_somebody_unknown(store: AutoRechargeStore) -> None:
    assert store.claim("cust_2") is None
