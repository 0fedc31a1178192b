"""A real MongoDB for the whole run, and an empty database for each test."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from pymongo import MongoClient
from pymongo.database import Database

from backend import create_app, db
from backend.config import Settings
from backend.embedded_mongo import ANY_FREE_PORT, EmbeddedMongo
from backend.ledger import Ledger, Posting, Verb
from backend.sandbox.server import SandboxServer
from backend.services import Services
from backend.wallet_service import Movement
from tests.gateways.controls import Controls

Document = dict[str, Any]
# Real hashes, made as cheaply as argon2 allows: tests sign up thousands of people.
QUICK_PASSWORDS = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Use the server named by MONGODB_URI, or start one for this run."""
    if "MONGODB_URI" in os.environ:
        yield os.environ["MONGODB_URI"]
        return
    data: Path = tmp_path_factory.mktemp("mongo")
    with EmbeddedMongo(data, port=ANY_FREE_PORT) as server:
        yield server.uri


@pytest.fixture(scope="session")
def mongo_client(mongodb_uri: str) -> Iterator[MongoClient[Document]]:
    client = db.connect(mongodb_uri)
    yield client
    client.close()


@pytest.fixture(scope="session")
def shared_database(mongo_client: MongoClient[Document]) -> Iterator[Database[Document]]:
    """One database with all its indexes; making one for each test would cost ten times more."""
    database = mongo_client[f"batua_test_{uuid.uuid4().hex[:12]}"]
    db.initialise(database)
    yield database
    mongo_client.drop_database(database.name)


@pytest.fixture
def database(shared_database: Database[Document]) -> Database[Document]:
    """An empty database."""
    for name in shared_database.list_collection_names():
        shared_database[name].delete_many({})
    return shared_database


@pytest.fixture
def ledger(database: Database[Document]) -> Iterator[Ledger]:
    ledger = Ledger(database)
    yield ledger
    ledger.close()


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[SandboxServer]:
    """One sandbox of the gateways for the whole run."""
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(sandbox_server: SandboxServer) -> Controls:
    """The sandbox, empty and whole; its messages wait for the test to send them."""
    controls = Controls(sandbox_server.url)
    controls.reset()
    return controls


@pytest.fixture
def settings(mongodb_uri: str, database: Database[Document]) -> Settings:
    return Settings(environment="test", mongodb_uri=mongodb_uri, mongodb_db=database.name)


@pytest.fixture
def app(settings: Settings, mongo_client: MongoClient[Document]) -> Iterator[Flask]:
    app = create_app(settings, client=mongo_client, passwords=QUICK_PASSWORDS)
    yield app
    services_of(app).ledger.close()


@pytest.fixture
def api(app: Flask) -> FlaskClient:
    """A client without a login."""
    return app.test_client()


def services_of(app: Flask) -> Services:
    found: Services = app.extensions["batua"]
    return found


class Person:
    """A user who is logged in and sends requests."""

    def __init__(self, app: Flask, *, email: str, is_admin: bool = False) -> None:
        self.services = services_of(app)
        self.email, self.password = email, "correct horse battery"
        self._client = app.test_client()
        if is_admin:
            self.services.users.make_admin(email, password=self.password)
        else:
            self.services.users.sign_up(name="Test", email=email, password=self.password)
        login = self._client.post("/api/auth/login", json={"email": email, "password": self.password}).json
        self.tokens: dict[str, str] = {
            "access": login["access_token"],
            "refresh": login["refresh_token"],
        }
        self.id: str = login["user"]["customer_id"]

    def get(self, path: str, **options: Any) -> Any:
        return self.send("GET", path, **options)

    def post(self, path: str, json: Any = None, *, key: str | None = None, **options: Any) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return self.send("POST", path, json=json, headers=headers | options.pop("headers", {}), **options)

    def send(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens['access']}"} | options.pop("headers", {})
        return self._client.open(path, method=method, headers=headers, **options)

    def is_given(self, amount_minor: int) -> None:
        """Put credit into the wallet without going through HTTP."""
        movement = Movement(key=uuid.uuid4().hex, account="promotions", reason="Test", source="promo")
        self.services.wallets.add_credits(self.id, amount_minor, movement)


@pytest.fixture
def customer(app: Flask) -> Person:
    return Person(app, email="customer@shop.example")


@pytest.fixture
def other_customer(app: Flask) -> Person:
    return Person(app, email="other@shop.example")


@pytest.fixture
def admin(app: Flask) -> Person:
    return Person(app, email="admin@shop.example", is_admin=True)


def open_wallet(ledger: Ledger, database: Database[Document], customer_id: str = "cust_1") -> str:
    """Open a wallet without a user."""
    with database.client.start_session() as session, session.start_transaction():
        ledger.open_wallet(customer_id, currency="INR", session=session)
    return customer_id


def posting(verb: Verb, amount_minor: int = 0, **changes: Any) -> Posting:
    """Make a posting; tests name only what matters to them."""
    values = {
        "customer_id": "cust_1",
        "key": uuid.uuid4().hex,
        "currency": "INR",
        "account": "adjustments",
        "reason": "Test",
        "source": "admin",
    }
    return Posting(verb=verb, amount_minor=amount_minor, **(values | changes))
