"""What the tests of the HTTP interface share."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pymongo import MongoClient
from pymongo.database import Database

from backend import create_app
from backend.config import Settings
from backend.sandbox.server import SandboxServer
from tests.api.contract import Contract
from tests.api.servers import Gunicorn
from tests.conftest import QUICK_PASSWORDS, Person, services_of
from tests.gateways.controls import Controls
from tests.shop import Shop, quick_channels, quick_gateways, shop_settings

Document = dict[str, Any]
MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(settings: Settings, mongo_client: MongoClient[Document]) -> Iterator[MakeApp]:
    """Make applications with other settings than usual; every answer is held to the contract."""
    made: list[tuple[Flask, Contract]] = []

    def make(*, client: MongoClient[Document] = mongo_client, **changes: Any) -> Flask:
        app = create_app(replace(settings, **changes), client=client, passwords=QUICK_PASSWORDS)
        made.append((app, Contract(app)))
        return app

    yield make
    for app, _ in made:
        services_of(app).ledger.close()
    assert [violation for _, contract in made for violation in contract.violations] == []


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def shop_app(
    settings: Settings,
    sandbox_server: SandboxServer,
    mongo_client: MongoClient[Document],
) -> Iterator[Flask]:
    """The application with both gateways of the sandbox; every answer is held to the contract."""
    shop = shop_settings(settings, sandbox_server)
    app = create_app(
        shop,
        client=mongo_client,
        gateways=quick_gateways(shop),
        channels=quick_channels(shop),
        passwords=QUICK_PASSWORDS,
    )
    contract = Contract(app)
    yield app
    services_of(app).ledger.close()
    assert contract.violations == []


@pytest.fixture
def shop(shop_app: Flask, sandbox: Controls) -> Shop:
    """A shop that takes money, with a customer and an admin."""
    customer = Person(shop_app, email="asha@shop.example")
    admin = Person(shop_app, email="owner@shop.example", is_admin=True)
    return Shop(shop_app, sandbox, customer, admin)


@pytest.fixture(scope="session")
def running_gunicorn(
    mongodb_uri: str, shared_database: Database[Document], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gunicorn]:
    directory: Path = tmp_path_factory.mktemp("gunicorn")
    server = Gunicorn(mongodb_uri=mongodb_uri, database_name=shared_database.name, directory=directory)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def gunicorn(running_gunicorn: Gunicorn, database: Database[Document]) -> Gunicorn:
    """The real server, with both workers up, on the test's database."""
    running_gunicorn.start()
    return running_gunicorn
