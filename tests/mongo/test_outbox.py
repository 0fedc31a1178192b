"""Events are written with what they tell of, and told at least once to everybody."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import AutoReconnect

from backend import db
from backend.ledger import Ledger, Verb
from backend.outbox import Event, EventType
from backend.outbox_service import MOST_TRIES, Outbox
from tests.conftest import open_wallet, posting

Document = dict[str, Any]


def event(key: str = "order_1", **data: Any) -> Event:
    return Event(type=EventType.ORDER_PAID, customer_id="cust_1", key=key, data=data)


def write(database: Database[Document], *events: Event) -> None:
    for each in events:
        db.in_transaction(database.client, lambda session, each=each: each.write(database, session))


def rows(database: Database[Document]) -> dict[str, Any]:
    return {row["_id"]: row for row in database["outbox"].find()}


class Listener:
    """Remembers what it is told, as a row that is there already is remembered."""

    def __init__(self, *failures: Exception) -> None:
        self.heard: list[str] = []
        self._failures = list(failures)

    def take(self, event: Document) -> None:
        if self._failures:
            raise self._failures.pop(0)
        self.heard.append(event["_id"])


def hurry(database: Database[Document]) -> None:
    """Let the time come of everything that waits."""
    database["outbox"].update_many({}, {"$set": {"due_at": datetime(2001, 1, 1, tzinfo=UTC)}})


class TestEvent:
    def test_is_named_by_what_it_tells_of(self) -> None:
        assert event("a").id == event("a", amount=1).id
        assert event("a").id != event("b").id
        assert event("a").id != Event(type=EventType.REFUND_FAILED, customer_id="c", key="a", data={}).id
        assert len(event("a").id) == len("evt_") + 24

    def test_goes_with_the_money(self, ledger: Ledger, database: Database[Document]) -> None:
        open_wallet(ledger, database)

        ledger.move(posting(Verb.CREDIT, 100), rows=[event(amount=100, currency="INR").row()])

        [row] = rows(database).values()
        assert (row["_id"], row["type"], row["customer_id"]) == (event().id, "order.paid", "cust_1")
        assert (row["state"], row["data"]) == ("PENDING", {"amount": 100, "currency": "INR"})

    def test_goes_with_a_transaction_of_the_callers(self, database: Database[Document]) -> None:
        def fails(session: Any) -> None:
            event("lost").write(database, session)
            raise LookupError

        write(database, event("kept"))
        with pytest.raises(LookupError):
            db.in_transaction(database.client, fails)

        assert rows(database).keys() == {event("kept").id}


class TestDispatch:
    def test_tells_everybody_once_and_nobody_twice(self, database: Database[Document]) -> None:
        listeners = [Listener(), Listener()]
        outbox = Outbox(database, subscribers=listeners)
        write(database, event("a"), event("b"))

        assert [outbox.dispatch() for _ in range(3)] == [1, 1, 0]

        assert [listener.heard for listener in listeners] == [[event("a").id, event("b").id]] * 2
        assert {row["state"] for row in rows(database).values()} == {"DISPATCHED"}

    def test_one_that_fails_keeps_it_from_nobody_and_hears_it_later(
        self, database: Database[Document]
    ) -> None:
        deaf, well = Listener(ValueError("a secret")), Listener()
        outbox = Outbox(database, subscribers=[deaf, well])
        write(database, event())

        assert [outbox.dispatch(), outbox.dispatch()] == [1, 0]
        [row] = rows(database).values()
        assert (row["state"], row["error"], well.heard) == ("PENDING", "Listener: ValueError", [event().id])
        hurry(database)
        outbox.dispatch()

        assert (deaf.heard, well.heard) == ([event().id], [event().id] * 2)
        [row] = rows(database).values()
        assert (row["state"], row["error"], row["tries"]) == ("DISPATCHED", None, 2)

    def test_what_nobody_can_take_is_put_aside_with_the_reason(self, database: Database[Document]) -> None:
        outbox = Outbox(database, subscribers=[Listener(*[ValueError()] * (MOST_TRIES + 1))])
        write(database, event())

        for _ in range(MOST_TRIES + 1):
            outbox.dispatch()
            hurry(database)

        [row] = rows(database).values()
        assert (row["state"], row["error"], row["tries"]) == ("FAILED", "Listener: ValueError", MOST_TRIES)

    def test_what_kills_whoever_takes_it_is_put_aside_untouched(self, database: Database[Document]) -> None:
        listener = Listener()
        write(database, event())
        database["outbox"].update_one({}, {"$set": {"tries": MOST_TRIES}})

        assert Outbox(database, subscribers=[listener]).dispatch() == 1

        [row] = rows(database).values()
        assert (row["state"], listener.heard) == ("FAILED", [])

    def test_leaves_an_event_to_its_lease_while_the_database_is_away(
        self, database: Database[Document]
    ) -> None:
        outbox = Outbox(database, subscribers=[Listener(AutoReconnect("away"))])
        write(database, event())

        with pytest.raises(AutoReconnect):
            outbox.dispatch()

        [row] = rows(database).values()
        assert (row["state"], row["tries"], "lease" in row) == ("PENDING", 1, True)

    def test_tells_how_much_waits_and_for_how_long(self, database: Database[Document]) -> None:
        outbox = Outbox(database)
        assert outbox.backlog().depth == 0
        write(database, event("a"), event("b"))
        minute_ago = datetime.now(UTC) - timedelta(minutes=1)
        database["outbox"].update_many({}, {"$set": {"created_at": minute_ago}})

        backlog = outbox.backlog()

        assert backlog.depth == 2
        assert timedelta(seconds=50) < backlog.age < timedelta(seconds=70)
