"""The worker as a process: killed, stopped, doubled, it loses nothing and doubles next to nothing."""

import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from pymongo.database import Database

from backend.order_service import Item
from backend.outbox import Event, EventType
from tests.api.servers import free_port, until
from tests.conftest import Document, Person
from tests.mongo.processes import ends_within

Spawn = Callable[..., subprocess.Popen[str]]
Start = Callable[..., subprocess.Popen[str]]
PATIENCE_SECONDS = 60

# How many events there are, and how often a worker is killed while it hands them on.
SMALL, LARGE = (200, 4), (2_000, 20)
VOLUME = LARGE if os.environ.get("SOAK_WORKERS") else SMALL


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """The book of whoever is outside."""
    path = tmp_path / "heard"
    path.touch()
    return path


@pytest.fixture
def start(spawn: Spawn, mongodb_uri: str, database: Database[Document], book: Path) -> Iterator[Start]:
    """Start a worker that records what it hands on."""
    database.client.drop_database(f"{database.name}_queue")

    def started(**environment: str) -> subprocess.Popen[str]:
        named = {"MONGODB_URI": mongodb_uri, "MONGODB_DB": database.name, "BATUA_ENV": "test"}
        return spawn("-m", "tests.mongo.recording_worker", book, **named | environment)

    yield started
    database.client.drop_database(f"{database.name}_queue")


def add_events(database: Database[Document], count: int, *, first: int = 0) -> set[str]:
    """Write down facts that nobody has been told of."""
    events = [
        Event(type=EventType.ORDER_PAID, customer_id="cust_1", key=f"order_{number}", data={})
        for number in range(first, first + count)
    ]
    database["outbox"].insert_many([event.document() for event in events])
    return {event.id for event in events}


def heard(book: Path) -> list[str]:
    return [line.split()[0] for line in book.read_text().splitlines()]


def speaker(book: Path) -> int:
    """Tell which process was heard last."""
    return int(book.read_text().split()[-1])


def waiting(database: Database[Document]) -> int:
    return database["outbox"].count_documents({"state": "PENDING"})


def all_told(database: Database[Document]) -> Callable[[], bool]:
    return lambda: waiting(database) == 0


def stop(process: subprocess.Popen[str]) -> None:
    """Let a worker end in its own time."""
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in errors) == (0, False), errors


@pytest.mark.timeout(600)
def test_workers_that_are_killed_lose_nothing_and_double_one_delivery_a_kill_at_the_most(
    start: Start, database: Database[Document], book: Path
) -> None:
    count, kills = VOLUME
    ids = add_events(database, count)
    workers = {worker.pid: worker for worker in (start(), start())}
    for _ in range(kills):
        enough = len(heard(book)) + random.randint(1, count // (kills + 1))
        until(lambda enough=enough: len(heard(book)) >= enough, seconds=PATIENCE_SECONDS)
        workers[speaker(book)].kill()
        successor = start()
        workers[successor.pid] = successor

    until(all_told(database), seconds=PATIENCE_SECONDS)

    arrived = heard(book)
    assert set(arrived) == ids
    assert len(arrived) - count <= kills <= count // 50
    assert database["received"].count_documents({}) == count
    assert database["outbox"].count_documents({"state": "DISPATCHED"}) == count


def test_a_worker_that_is_told_to_stop_ends_what_it_has_begun_and_leaves_the_rest(
    start: Start, database: Database[Document], book: Path
) -> None:
    ids = add_events(database, 300)
    first = start()
    until(lambda: len(heard(book)) >= 20, seconds=PATIENCE_SECONDS)

    stop(first)

    told = heard(book)
    assert 20 <= len(told) < 300
    assert waiting(database) == 300 - len(told)
    assert database["outbox"].count_documents({"lease": {"$exists": True}}) == 0
    second = start()
    until(all_told(database), seconds=PATIENCE_SECONDS)
    stop(second)
    assert sorted(heard(book)) == sorted(ids)


def test_two_clocks_run_each_slot_once(start: Start, database: Database[Document]) -> None:
    workers = [start(), start()]
    until(lambda: database["workers"].count_documents({}) == 2, seconds=PATIENCE_SECONDS)
    before = database["ticks"].count_documents({})
    until(lambda: database["ticks"].count_documents({}) >= before + 4, seconds=PATIENCE_SECONDS)
    for worker in workers:
        stop(worker)

    slots = list(database["job_slots"].find({"job": "tick"}))
    assert {slot["state"] for slot in slots} == {"DONE"}
    assert database["ticks"].count_documents({}) == len(slots)


def test_the_command_tells_of_an_order_that_was_paid(
    spawn: Spawn, mongodb_uri: str, database: Database[Document], customer: Person
) -> None:
    customer.is_given(50_000)
    item = Item(name="Tea", price_minor=30_000, quantity=1)
    order = customer.services.orders.feed(customer.id, [item])
    named = {"MONGODB_URI": mongodb_uri, "MONGODB_DB": database.name, "BATUA_ENV": "test"}
    port = free_port()
    worker = spawn(
        *["-m", "flask", "--app", "wsgi", "worker", "--threads", "2", "--metrics-port"], port, **named
    )
    body = {"order_id": order.id, "customer_id": customer.id, "amount": 300}

    assert customer.post("/api/integration/order/pay-with-wallet", body).status_code == 200

    until(lambda: told_of(database, "order.paid") == [order.id], seconds=PATIENCE_SECONDS)
    until(lambda: 'batua_jobs_total{job="dispatch_events",outcome="done"}' in counted(port))
    assert 'batua_outbox_events_total{outcome="dispatched"}' in counted(port)
    stop(worker)
    database.client.drop_database(f"{database.name}_queue")


def counted(port: int) -> str:
    """Read what a worker shows of its counts."""
    return requests.get(f"http://127.0.0.1:{port}", timeout=10).text


def told_of(database: Database[Document], type_: str) -> list[str]:
    """Name the orders of the events that were handed on."""
    query = {"type": type_, "state": "DISPATCHED"}
    return [event["data"]["order_id"] for event in database["outbox"].find(query)]


@contextmanager
def redis_server(port: int, directory: Path) -> Iterator[None]:
    """Run Redis, with nothing on the disk."""
    command = ["redis-server", "--port", str(port), "--save", "", "--dir", str(directory)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.kill()
        server.wait()


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")
def test_redis_can_be_the_queue_be_away_and_lose_all_it_holds(
    start: Start, database: Database[Document], book: Path, tmp_path: Path
) -> None:
    port = free_port()
    ids = add_events(database, 20)
    worker = start(CELERY_BROKER_URL=f"redis://127.0.0.1:{port}/0")
    assert not ends_within(worker.pid, 3)
    with redis_server(port, tmp_path):
        until(all_told(database), seconds=PATIENCE_SECONDS)
    ids |= add_events(database, 20, first=20)
    with redis_server(port, tmp_path):
        until(all_told(database), seconds=PATIENCE_SECONDS)
        worker.send_signal(signal.SIGTERM)
        assert ends_within(worker.pid, 30)

    assert sorted(heard(book)) == sorted(ids)
    assert f"{database.name}_queue" not in database.client.list_database_names()
