"""Whatever refunds are made, in whatever order they end: the books agree and nothing is given back twice."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.shop import Shop

AMOUNT_MINOR = 100_000
modestly = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

AMOUNTS = st.one_of(st.none(), st.sampled_from([0.83, 1, 333.33, 999.5]), st.integers(1, 1000))
REFUNDS = st.tuples(
    st.just("refund"),
    AMOUNTS,
    st.sampled_from(["source", "source", "wallet"]),
    st.sampled_from(["processed", "pending", "error", "drop_after", "drop", "unauthorized"]),
)
ENDS = st.tuples(st.sampled_from(["process", "fail"]), st.integers(0, 5))
TELLINGS = st.tuples(st.just("tell"), st.integers(0, 30))
SWEEPS = st.just(("reconcile",))
STEPS = st.lists(st.one_of(REFUNDS, REFUNDS, ENDS, TELLINGS, SWEEPS), min_size=3, max_size=12)


def refund(shop: Shop, opened: Any, amount: Any, destination: str, outcome: str) -> None:
    """Make a refund that the gateway takes in that way."""
    provider, waits = opened["gateway"], outcome == "pending"
    done = "processed" if provider == "razorpay" else "completed"
    shop.sandbox.post(f"{provider}/settings", refunds="pending" if waits else done)
    if outcome in ("error", "drop_after", "drop", "unauthorized"):
        shop.sandbox.fault("/refund$", outcome, times=3, **({"status": 400} if outcome == "error" else {}))
    response = shop.refund(opened, amount, destination=destination)
    shop.mend()
    assert response.status_code in (201, 400, 409, 502), response.text


def end(shop: Shop, opened: Any, how: str, place: int) -> None:
    """Let one of the refunds that wait at the gateway end."""
    waiting = [r for r in shop.refunds_at_gateway(opened) if r["status"].lower() == "pending"]
    if waiting:
        provider, chosen = opened["gateway"], waiting[place % len(waiting)]["id"]
        how = "complete" if (provider, how) == ("paypal", "process") else how
        shop.sandbox.post(f"{provider}/refunds/{chosen}/{how}")


def tell(shop: Shop, opened: Any, place: int) -> None:
    """Deliver one of the gateway's messages, be it old or new."""
    events = shop.events(opened["gateway"])
    event = events[place % len(events)]
    assert shop.deliver(event, provider=opened["gateway"]).status_code == 200


def act(shop: Shop, opened: Any, step: tuple[Any, ...]) -> None:
    kind, *details = step
    if kind == "refund":
        refund(shop, opened, *details)
    elif kind == "tell":
        tell(shop, opened, *details)
    elif kind == "reconcile":
        shop.reconcile()
    else:
        end(shop, opened, kind, *details)


def assert_all_ends(shop: Shop, opened: Any) -> None:
    """Let everything end that waits, and see that then nothing is left open."""
    for _ in range(3):  # What was never sent waits at the gateway only after it was reconciled once.
        while any(found["status"].lower() == "pending" for found in shop.refunds_at_gateway(opened)):
            end(shop, opened, "process", 0)
        report = shop.reconcile()
    shop.assert_refunds_agree(opened)
    assert report.issues == []
    open_states = {"status": {"$in": ["PENDING", "PROCESSING"]}}
    assert shop.database["refunds"].count_documents(open_states) == 0


@pytest.mark.parametrize("method", ["card", "paypal"])
@given(steps=STEPS)
@modestly
def test_refunds_of_all_kinds_keep_the_books(shop: Shop, method: str, steps: list[tuple[Any, ...]]) -> None:
    shop.sandbox.reset()
    opened = shop.paid(AMOUNT_MINOR, method=method)

    for step in steps:
        act(shop, opened, step)
        shop.assert_refunds_agree(opened)

    assert_all_ends(shop, opened)
    assert shop.services.verifier.run().is_whole
