"""Workers that fill wallets die between any two steps; nothing is charged twice, and nothing stays behind."""

from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from tests.api.auto_recharges import (
    CHARGE,
    FIRST,
    charges,
    credited,
    let_time_pass,
    row,
    run,
    sent,
    sent_once,
    shown,
    switched_on,
)
from tests.api.crashes.points import Chore, Command, Point, killed, leases_end, named
from tests.api.meetings import assert_whole, balance
from tests.api.servers import until
from tests.shop import Shop

Document = dict[str, Any]
RUN = Chore("auto_recharge", "run_due")
HOUR = timedelta(hours=1)


def an_hour_later(shop: Shop) -> None:
    leases_end(shop.database)
    let_time_pass(shop, HOUR)


def filled_once(shop: Shop) -> bool:
    """See that 500.00 were charged and credited, once."""
    assert (charges(shop), credited(shop), sent_once(shop)) == (["captured"], 50_000, True)
    assert balance(shop) == (FIRST + 500, 0)
    assert_whole(shop)
    found = shown(shop)
    return (found["last"]["outcome"], found["spent_today"], row(shop)["pending"]) == ("paid", 500, None)


BEFORE_THE_CHARGE = [
    Command("findAndModify", "auto_recharges"),
    Command("insert", "payment_orders"),
    Command("update", "payment_orders"),
    Command("update", "payment_orders", skip=1),
    ("/v1/orders$", "timeout_after"),
    Command("commitTransaction"),
]


@pytest.mark.parametrize("point", BEFORE_THE_CHARGE, ids=named)
def test_a_charge_whose_worker_died_before_it_is_begun_again(
    shop: Shop, operator: MongoClient[Document], point: Point
) -> None:
    switched_on(shop)
    killed(shop, operator, point, RUN)
    until(lambda: row(shop)["pending"])
    assert (sent(shop), run(shop)) == (0, 0)

    an_hour_later(shop)

    assert run(shop) == 1
    assert filled_once(shop)
    assert row(shop)["number"] == 1


AFTER_THE_CHARGE = [
    (CHARGE, "delay"),
    (CHARGE, "timeout_after"),
    Command("commitTransaction", skip=1),
    Command("update", "auto_recharges"),
]


@pytest.mark.parametrize("point", AFTER_THE_CHARGE, ids=named)
def test_a_charge_whose_worker_died_after_it_is_found(
    shop: Shop, operator: MongoClient[Document], point: Point
) -> None:
    switched_on(shop)
    killed(shop, operator, point, RUN)
    until(lambda: charges(shop) == ["captured"])

    for _ in range(3):
        an_hour_later(shop)
        run(shop)

    assert filled_once(shop)


def test_a_charge_that_was_noted_and_never_sent_is_given_up(
    shop: Shop, operator: MongoClient[Document]
) -> None:
    switched_on(shop)
    killed(shop, operator, Command("findAndModify", "auto_recharges", skip=1), RUN)
    until(lambda: row(shop)["pending"]["charged_at"])

    an_hour_later(shop)
    assert (run(shop), sent(shop)) == (0, 0)
    shop.database["payment_orders"].update_many(
        {}, [{"$set": {"attempts.expires_at": {"$subtract": ["$created_at", 1]}}}]
    )
    an_hour_later(shop)
    assert (run(shop), sent(shop), shown(shop)["last"]["outcome"]) == (0, 0, "declined")
    assert shown(shop)["spent_today"] == 0

    an_hour_later(shop)

    assert run(shop) == 1
    assert filled_once(shop)


def test_a_webhook_finishes_what_a_dead_worker_began(shop: Shop, operator: MongoClient[Document]) -> None:
    switched_on(shop)
    killed(shop, operator, (CHARGE, "timeout_after"), RUN)
    until(lambda: charges(shop) == ["captured"])

    told = [event for event in shop.events() if event["event"] == "payment.captured"][-1]
    assert shop.deliver(told).status_code == 200

    assert balance(shop) == (FIRST + 500, 0)
    assert run(shop) == 1
    assert filled_once(shop)
