"""Each event becomes one message for each endpoint that wants it, with numbers without a gap."""

import functools
import json
import random
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import PyMongoError

from backend.outbox import EventType
from tests.api.servers import until
from tests.conftest import Document
from tests.mongo.hooks import Hooks, event

URL = "http://127.0.0.1:9/"
KEYS = [f"order_{number}" for number in range(60)]
TAKER = """
import sys
from backend import db
from tests.mongo.hooks import Hooks, event
from tests.mongo.test_webhook_taking import KEYS
client = db.connect(sys.argv[1])
hooks = Hooks(client[sys.argv[2]])
print("begun", flush=True)
for key in KEYS:
    hooks.webhooks.take(event(key))
"""


@pytest.fixture
def hooks(database: Database[Document]) -> Hooks:
    return Hooks(database)


def is_told(hooks: Hooks, key: str) -> bool:
    """Tell of an event, unless the transaction of somebody who was killed is still in the way."""
    try:
        hooks.happens(key)
    except PyMongoError as error:
        if not error.timeout:
            raise
        return False
    return True


def numbers(hooks: Hooks, endpoint: Any) -> list[int]:
    return [row["sequence"] for row in hooks.deliveries(endpoint)]


def test_an_event_becomes_a_message_for_each_endpoint_that_wants_it(hooks: Hooks) -> None:
    all_, refunds = hooks.endpoint(URL), hooks.endpoint(URL, "refund.completed", "refund.failed")

    hooks.happens("order_1")
    hooks.happens("refund_1", type_=EventType.REFUND_COMPLETED)

    assert [row["type"] for row in hooks.deliveries(all_)] == ["order.paid", "refund.completed"]
    assert [(row["type"], row["sequence"]) for row in hooks.deliveries(refunds)] == [("refund.completed", 1)]


def test_who_is_disabled_or_deleted_hears_of_nothing_new(hooks: Hooks) -> None:
    off, gone = hooks.endpoint(URL), hooks.endpoint(URL)
    hooks.endpoints.update(off["_id"], {"enabled": False})
    hooks.endpoints.delete(gone["_id"])

    hooks.happens("order_1")

    assert hooks.rows.count_documents({}) == 0
    assert hooks.row(off)["sequence"] == hooks.row(gone)["sequence"] == 0


def test_an_event_that_is_heard_of_twice_becomes_one_message(hooks: Hooks) -> None:
    endpoint = hooks.endpoint(URL)

    hooks.happens("order_1", "order_2", "order_1", "order_2", "order_3")

    assert numbers(hooks, endpoint) == [1, 2, 3]
    assert hooks.row(endpoint)["sequence"] == 3


def test_the_same_events_heard_of_by_many_at_once_become_one_message_each(hooks: Hooks) -> None:
    endpoints = [hooks.endpoint(URL), hooks.endpoint(URL)]
    keys = [key for key in KEYS[:20] for _ in range(4)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hooks.happens, keys))

    for endpoint in endpoints:
        assert numbers(hooks, endpoint) == list(range(1, 21))
        assert len({row["event_id"] for row in hooks.deliveries(endpoint)}) == 20


def test_whoever_is_killed_in_between_leaves_no_gap_and_no_second_message(
    hooks: Hooks, mongodb_uri: str, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    endpoints = [hooks.endpoint(URL), hooks.endpoint(URL), hooks.endpoint(URL)]
    chance = random.Random(5)
    for _ in range(5):
        taker = spawn("-c", TAKER, mongodb_uri, hooks.database.name)
        assert taker.stdout is not None
        assert taker.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0, 0.2))
        taker.kill()
        taker.wait()

    for key in KEYS:
        until(functools.partial(is_told, hooks, key))

    for endpoint in endpoints:
        assert numbers(hooks, endpoint) == list(range(1, len(KEYS) + 1))


def test_a_message_shows_amounts_as_the_api_does(hooks: Hooks) -> None:
    endpoint = hooks.endpoint(URL)
    data = {"amount": 15_050, "balance_minor": 1_000, "currency": "INR", "count": 3, "is_new": True}
    happened = event("order_1", **data)
    hooks.webhooks.take(happened)

    [row] = hooks.deliveries(endpoint)

    assert json.loads(row["body"]) == {
        "type": "order.paid",
        "timestamp": happened["created_at"].isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "id": happened["_id"],
        "sequence": 1,
        "data": {
            "customer_id": "cust_1",
            "amount": 150.5,
            "balance": 10,
            "currency": "INR",
            "count": 3,
            "is_new": True,
        },
    }


@pytest.mark.parametrize(("currency", "shown"), [("JPY", 15_050), ("USD", 150.5), ("ZZZ", None)])
def test_an_amount_is_shown_in_its_own_currency(hooks: Hooks, currency: str, shown: float | None) -> None:
    endpoint = hooks.endpoint(URL)
    hooks.happens("order_1", amount=15_050, currency=currency)

    [row] = hooks.deliveries(endpoint)

    assert json.loads(row["body"])["data"]["amount"] == shown
