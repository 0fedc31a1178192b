"""Python processes of their own, for tests that kill them, and a shop that takes money."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from pymongo import MongoClient
from pymongo.database import Database

from backend import create_app
from backend.config import Settings
from backend.ledger import Ledger
from backend.ledger.store import LedgerStore
from backend.sandbox.server import SandboxServer
from tests.conftest import QUICK_PASSWORDS, Document, Person, open_wallet, services_of
from tests.gateways.controls import Controls
from tests.gateways.local_servers import LocalServer
from tests.mongo.books import give
from tests.mongo.hooks import Hooks
from tests.shop import Shop, quick_gateways, shop_settings

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def shop_app(
    settings: Settings, sandbox_server: SandboxServer, mongo_client: MongoClient[Document]
) -> Iterator[Flask]:
    own = shop_settings(settings, sandbox_server)
    app = create_app(own, client=mongo_client, gateways=quick_gateways(own), passwords=QUICK_PASSWORDS)
    yield app
    services_of(app).ledger.close()


@pytest.fixture
def shop(shop_app: Flask, sandbox: Controls) -> Shop:
    """A shop with both gateways of the sandbox, a customer and an admin."""
    customer = Person(shop_app, email="asha@shop.example")
    return Shop(shop_app, sandbox, customer, Person(shop_app, email="owner@shop.example", is_admin=True))


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python in a process group of its own, as a shell does for a job, and end it after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
        inherited = {key: value for key, value in os.environ.items() if key != "MONGODB_URI"}
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=REPOSITORY,
            env={**inherited, "PYTHONPATH": str(REPOSITORY), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def store(ledger: Ledger, database: Database[Document]) -> LedgerStore:
    """A store, with 10.00 in the wallet of cust_1 and three orders to be paid."""
    open_wallet(ledger, database)
    give(ledger, 1000)
    database["orders"].insert_many([{"_id": f"order_{n}", "state": "PENDING"} for n in (1, 2, 3)])
    return LedgerStore(database)


@pytest.fixture
def hooks(database: Database[Document]) -> Hooks:
    """The webhooks of a shop that sends them by itself."""
    return Hooks(database)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A system of the shop's own."""
    with LocalServer() as server:
        yield server
