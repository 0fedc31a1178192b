"""A due row has one taker at a time, whatever happens to the taker and whatever the time there is."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from backend.leases import Leases, backoff
from backend.outbox import AT_ONCE

Document = dict[str, Any]


@pytest.fixture
def leases(database: Database[Document]) -> Leases:
    return Leases(database["outbox"], seconds=60)


def add(database: Database[Document], *ids: str, due_at: datetime = AT_ONCE) -> None:
    rows = [
        {"_id": id_, "state": "PENDING", "due_at": due_at, "created_at": datetime.now(UTC)} for id_ in ids
    ]
    database["outbox"].insert_many(rows)


def let_leases_end(database: Database[Document]) -> None:
    """Let the server believe that the time of all leases is over."""
    before = [{"$set": {"due_at": {"$subtract": ["$$NOW", 1]}, "lease_until": {"$subtract": ["$$NOW", 1]}}}]
    database["outbox"].update_many({"lease": {"$exists": True}}, before)


def test_nothing_due_gives_nothing(leases: Leases, database: Database[Document]) -> None:
    add(database, "later", due_at=datetime.now(UTC) + timedelta(hours=1))
    database["outbox"].insert_one({"_id": "done", "state": "DISPATCHED", "due_at": AT_ONCE})

    assert leases.take() is None


def test_the_longest_due_comes_first(leases: Leases, database: Database[Document]) -> None:
    add(database, "b", due_at=datetime.now(UTC) - timedelta(minutes=1))
    add(database, "a", due_at=datetime.now(UTC) - timedelta(minutes=2))
    add(database, "c", "d")

    assert [taken["_id"] for taken in iter(leases.take, None)] == ["c", "d", "a", "b"]


def test_two_takers_never_get_one_row(leases: Leases, database: Database[Document]) -> None:
    add(database, *(f"row_{number:03}" for number in range(200)))
    start = threading.Barrier(16)

    def take_all(_: int) -> list[str]:
        start.wait()
        return [taken["_id"] for taken in iter(leases.take, None)]

    with ThreadPoolExecutor(16) as pool:
        taken = [id_ for ids in pool.map(take_all, range(16)) for id_ in ids]

    assert len(taken) == len(set(taken)) == 200


def test_a_lease_that_ended_is_taken_over_and_counted(leases: Leases, database: Database[Document]) -> None:
    add(database, "row")
    first: Any = leases.take()
    assert leases.take() is None
    let_leases_end(database)

    second: Any = leases.take()

    assert (second["_id"], second["tries"]) == ("row", 2)
    assert second["lease"] != first["lease"]


@pytest.mark.parametrize(
    "end",
    [
        lambda leases, row: leases.finish(row, {"state": "DISPATCHED"}),
        lambda leases, row: leases.retry(row, after=timedelta(hours=1), error="late"),
    ],
    ids=["finish", "retry"],
)
def test_whoever_lost_the_lease_has_no_say_any_more(
    leases: Leases, database: Database[Document], end: Callable[[Leases, Document], bool]
) -> None:
    add(database, "row")
    first: Any = leases.take()
    let_leases_end(database)
    second: Any = leases.take()

    assert not end(leases, first)
    assert database["outbox"].find_one() == second
    assert end(leases, second)
    assert not end(leases, second)


def test_a_finished_row_keeps_what_is_said_and_is_never_due_again(
    leases: Leases, database: Database[Document]
) -> None:
    add(database, "row")
    taken: Any = leases.take()

    assert leases.finish(taken, {"state": "SENT", "reason": "$due_at", "data": {"a": 1}})

    row: Any = database["outbox"].find_one()
    assert (row["state"], row["reason"], row["data"]) == ("SENT", "$due_at", {"a": 1})
    assert not row.keys() & {"lease", "lease_until"}
    let_leases_end(database)
    assert leases.take() is None


def test_a_retried_row_waits_for_its_time_on_the_servers_clock(
    leases: Leases, database: Database[Document]
) -> None:
    add(database, "row")
    taken: Any = leases.take()
    now: Any = database.client.admin.command("hello")["localTime"]
    before = now.replace(tzinfo=UTC)

    leases.retry(taken, after=timedelta(seconds=90), error="away")

    row: Any = database["outbox"].find_one()
    assert (row["state"], row["error"]) == ("PENDING", "away")
    assert timedelta(seconds=90) <= row["due_at"] - before < timedelta(seconds=100)
    assert leases.take() is None


# A process whose own clock is wrong takes a row and ends it; it prints the ids it got.
SKEWED = """
import sys, time
from datetime import timedelta
from backend import db
from backend.leases import Leases
shift = float(sys.argv[3])
real = time.time
time.time = lambda: real() + shift
import datetime as module
class Skewed(module.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + timedelta(seconds=shift)
module.datetime = Skewed
leases = Leases(db.connect(sys.argv[1])[sys.argv[2]]["outbox"], seconds=60)
print(",".join(row["_id"] for row in iter(leases.take, None)))
"""


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_wrong_clock_neither_steals_a_lease_nor_makes_anything_due(
    leases: Leases, database: Database[Document], mongodb_uri: str, minutes: int
) -> None:
    add(database, "held")
    assert leases.take()
    add(database, "due")
    add(database, "later", due_at=datetime.now(UTC) + timedelta(minutes=5))

    command = [sys.executable, "-c", SKEWED, mongodb_uri, database.name, str(minutes * 60)]
    taken = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert taken == "due"
    row: Any = database["outbox"].find_one({"_id": "due"})
    assert abs(row["lease_until"] - datetime.now(UTC) - timedelta(seconds=60)) < timedelta(seconds=10)


def test_waiting_grows_up_to_a_limit() -> None:
    waits = [backoff(tries).total_seconds() for tries in (1, 2, 3, 10, 50, 5000)]

    assert waits == [2, 4, 8, 1024, 3600, 3600]
