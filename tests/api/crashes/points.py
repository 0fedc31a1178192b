"""Workers that are killed at a chosen moment: while the database, or the gateway, is at work for them."""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from pymongo import MongoClient
from pymongo.database import Database

from backend import create_app, db
from backend.config import Settings
from tests.api.servers import until
from tests.conftest import Person, services_of
from tests.gateways.controls import Controls, Delivery
from tests.shop import Shop

Document = dict[str, Any]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PROMISED_SECONDS = 10

# A process that has everything imported and no thread, from which workers fork in no time.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["backend", __name__])

GATEWAY_SECONDS = 0.6
BLOCKED_MILLISECONDS = 250  # After that the database goes on, though nobody waits for it any more.


@dataclass(frozen=True)
class Request:
    """What a worker is to do."""

    method: str
    path: str
    headers: dict[str, str]
    json: Any = None
    data: bytes | None = None


@dataclass(frozen=True)
class Chore:
    """What a worker does without being asked: a service, and what it is told."""

    service: str
    method: str


Task = Request | Chore


@dataclass(frozen=True)
class Command:
    """A command to the database, and how many like it are let through before."""

    name: str
    collection: str | None = None
    skip: int = 0

    def __str__(self) -> str:
        return f"{self.name} {self.collection or 'all'} {self.skip + 1}"


# A command to the database, or a path at a gateway and what goes wrong there.
Point = Command | tuple[str, str]


def work(settings: Settings, task: Task) -> None:
    """Do one thing as a worker does, in a process of its own."""
    app = create_app(settings, client=db.connect(settings.mongodb_uri))
    if isinstance(task, Chore):
        getattr(getattr(services_of(app), task.service), task.method)()
    else:
        serve(app, task)
    services_of(app).ledger.close()


def serve(app: Flask, request: Request) -> None:
    sent = {"headers": request.headers, "json": request.json, "data": request.data}
    options = {name: value for name, value in sent.items() if value is not None}
    app.test_client().open(request.path, method=request.method, **options)


class Victim:
    """A worker with one task, which is killed before it is done."""

    def __init__(self, settings: Settings, task: Task) -> None:
        self._process = PROCESSES.Process(target=work, args=(settings, task), daemon=True)
        self._process.start()

    def killed_when(self, is_time: Callable[[], Any]) -> None:
        """Kill it as soon as something is so, and see that it was not done before."""
        try:
            until(lambda: is_time() or not self._process.is_alive(), seconds=15)
            assert self._process.is_alive(), "the worker was done before it was killed"
        finally:
            self._process.kill()
            self._process.join()


def killed_at(operator: MongoClient[Document], command: Command, settings: Settings, task: Task) -> None:
    """Kill a worker while the database is at work on one of its commands."""
    place = f"{settings.mongodb_db}.{command.collection}"
    about: Document = {
        "failCommands": [command.name],
        "appName": "batua",
        "blockConnection": True,
        "blockTimeMS": BLOCKED_MILLISECONDS,
        **({"namespace": place} if command.collection else {}),
    }
    mode = {"skip": command.skip}
    before = operator.admin.command("configureFailPoint", "failCommand", mode=mode, data=about)["count"]
    try:
        Victim(settings, task).killed_when(lambda: entered(operator) > before)
    finally:
        operator.admin.command("configureFailPoint", "failCommand", mode="off")


def entered(operator: MongoClient[Document]) -> int:
    """Tell how often the database has been slow on purpose."""
    found = operator.admin.command("getParameter", 1, **{"failpoint.failCommand": 1})
    times: int = found["failpoint.failCommand"]["timesEntered"]
    return times


def killed_while_asking(sandbox: Controls, point: tuple[str, str], settings: Settings, task: Task) -> None:
    """Kill a worker while a gateway is at work for it, before or after the gateway has done it."""
    path, kind = point
    sandbox.fault(path, kind, seconds=GATEWAY_SECONDS)
    Victim(settings, task).killed_when(lambda: not sandbox.get("faults")["faults"])


BASE = "/api/integration"
ENTRY, COMMIT = Command("insert", "wallet_transactions"), Command("commitTransaction")
ANSWER = Command("update", "idempotency_keys", skip=1)


def killed(shop: Shop, operator: MongoClient[Document], point: Point, task: Task) -> None:
    """Kill the worker of a task at a command to the database, or on the way to a gateway."""
    settings = shop.services.settings
    if isinstance(point, Command):
        killed_at(operator, point, settings, task)
    else:
        killed_while_asking(shop.sandbox, point, settings, task)


def posts(provider: str, delivery: Delivery) -> Request:
    return Request("POST", f"/api/webhooks/{provider}", delivery.headers, data=delivery.raw)


def asks(person: Person, method: str, path: str, json: Any = None, *, key: str = "one-intent") -> Request:
    headers = {"Authorization": f"Bearer {person.tokens['access']}", "Idempotency-Key": key}
    return Request(method, path, headers, json=json)


def again(shop: Shop, request: Request) -> Any:
    """Do what a client or a gateway does: send it again until it is answered, which must be soon."""
    options = {"headers": request.headers, "json": request.json, "data": request.data}
    begun = time.monotonic()
    while True:
        response = shop.app.test_client().open(request.path, method=request.method, **options)
        if response.status_code < 409:
            return response
        assert time.monotonic() - begun < PROMISED_SECONDS, response.text
        time.sleep(0.05)


def leases_end(database: Database[Document]) -> None:
    """Let a minute pass for whatever the dead had taken."""
    database["idempotency_keys"].update_many({}, {"$set": {"leased_until": LONG_AGO}})
    leased = {"opening": {"$exists": True}}
    database["payment_orders"].update_many(leased, {"$set": {"opening_until": LONG_AGO}})


def asked_again(shop: Shop, request: Request) -> Any:
    """Let what the dead had taken run out, and ask again until it is answered well."""
    leases_end(shop.database)
    return again(shop, request)


def looked_after(shop: Shop) -> None:
    """Let time pass, and let the sweep look at everything."""
    shop.database["wallet_holds"].update_many({}, {"$set": {"updated_at": LONG_AGO}})
    assert shop.reconcile().issues == []


def transactions_end(operator: MongoClient[Document]) -> None:
    """Wait until the database has given up what the dead had begun."""
    idle = {"$currentOp": {"idleSessions": True}}
    open_ones: list[Document] = [idle, {"$match": {"transaction": {"$exists": True}}}]
    until(lambda: not list(operator.admin.aggregate(open_ones)), seconds=PROMISED_SECONDS)


def named(point: Point) -> str:
    return str(point) if isinstance(point, Command) else " ".join(point)
