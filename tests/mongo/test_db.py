"""A MongoDB that cannot be trusted with money is refused, and ours is set up so that it can."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, WriteError
from pymongo.read_preferences import ReadPreference

from backend import create_app, db
from backend.config import Settings
from backend.indexes import INDEXES
from backend.ledger import Wallet
from backend.ledger.documents import wallet_document
from tests.conftest import services_of
from tests.mongo.mongod import REPLICA_SET, free_port, mongod

Document = dict[str, Any]


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoClient[Document]]:
    """A replica set whose defaults a test may change."""
    with mongod(tmp_path_factory.mktemp("own"), *REPLICA_SET) as uri, db.connect(uri) as client:
        yield client


def test_a_replica_set_with_its_own_defaults_is_accepted(mongo_client: MongoClient[Document]) -> None:
    db.require_transactions(mongo_client)

    assert db.is_writable(mongo_client)


def test_a_standalone_server_is_refused_with_the_way_to_mend_it(tmp_path: Path) -> None:
    with (
        mongod(tmp_path) as uri,
        db.connect(uri) as client,
        pytest.raises(db.UnfitDatabase, match=r"(?s)no transactions.*--replSet rs0.*rs\.initiate\(\)"),
    ):
        db.require_transactions(client)


@pytest.mark.parametrize("lowered", [{"w": 1}, {"w": 1, "j": True}, {"w": "majority", "j": False}], ids=str)
def test_a_lowered_default_write_concern_is_refused_with_the_way_to_mend_it(
    own_server: MongoClient[Document], lowered: Document
) -> None:
    own_server.admin.command("setDefaultRWConcern", 1, defaultWriteConcern=lowered, writeConcern={"w": 1})

    with pytest.raises(db.UnfitDatabase, match="setDefaultRWConcern"):
        db.require_transactions(own_server)


def test_the_way_to_mend_it_mends_it(own_server: MongoClient[Document]) -> None:
    own_server.admin.command("setDefaultRWConcern", 1, defaultWriteConcern={"w": "majority"})

    db.require_transactions(own_server)


def test_a_server_that_is_away_is_tolerated_because_it_may_come(caplog: pytest.LogCaptureFixture) -> None:
    with db.connect(f"mongodb://127.0.0.1:{free_port()}/?directConnection=true") as client:
        db.require_transactions(client)

    assert "does not answer" in caplog.text


def test_an_address_cannot_lower_the_durability(mongodb_uri: str) -> None:
    lowered = "&w=1&journal=false&readPreference=secondaryPreferred&retryWrites=false"
    joint = "" if "?" in mongodb_uri else "?"

    with db.connect(mongodb_uri + joint + lowered) as client:
        assert client.write_concern.document == {"w": "majority", "j": True}
        assert client.read_preference == ReadPreference.PRIMARY
        assert client.options.retry_writes


def test_times_come_back_with_their_zone(database: Database[Document]) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    database["products"].insert_one({"_id": "tea", "at": now})

    assert database["products"].find_one() == {"_id": "tea", "at": now}


def test_initialising_again_changes_nothing(database: Database[Document]) -> None:
    before = {name: database[name].index_information() for name in INDEXES}
    database["products"].insert_one({"_id": "tea"})

    db.initialise(database)

    assert {name: database[name].index_information() for name in INDEXES} == before
    assert database["products"].count_documents({}) == 1


def test_money_records_never_expire(database: Database[Document]) -> None:
    for name in ("wallets", "wallet_transactions", "wallet_holds", "customers_v2"):
        for index in database[name].index_information().values():
            assert "expireAfterSeconds" not in index


@pytest.mark.parametrize(
    "change", [{"balance": -1}, {"held": -1}, {"held": 1}, {"seq": -1}, {"balance": 5, "held": 6}], ids=str
)
def test_the_server_itself_refuses_a_wallet_that_cannot_be(
    database: Database[Document], change: Document
) -> None:
    now = datetime.now(UTC)
    wallet = wallet_document(Wallet(customer_id="cust_1", currency="INR", created_at=now, updated_at=now))
    database["wallets"].insert_one(wallet)

    with pytest.raises(WriteError):
        database["wallets"].update_one({"_id": "cust_1"}, {"$set": change})
    with pytest.raises(WriteError):
        database["wallets"].insert_one(wallet | {"_id": "cust_2"} | change)


@pytest.mark.parametrize("change", [{"amount": 0}, {"amount": -1}, {"balance_after": -1}], ids=str)
def test_the_server_itself_refuses_an_entry_that_cannot_be(
    database: Database[Document], change: Document
) -> None:
    entry = {"customer_id": "cust_1", "seq": 1, "amount": 1, "balance_after": 0}

    with pytest.raises(WriteError):
        database["wallet_transactions"].insert_one(entry | change)


def test_a_wallet_has_each_number_once_and_an_email_one_user(database: Database[Document]) -> None:
    entry = {"customer_id": "cust_1", "seq": 1, "amount": 1, "balance_after": 1}
    database["wallet_transactions"].insert_one(entry | {"_id": "tx_1"})
    database["customers_v2"].insert_one({"_id": "cust_1", "email_key": "a@b.example"})

    with pytest.raises(DuplicateKeyError):
        database["wallet_transactions"].insert_one(entry | {"_id": "tx_2"})
    with pytest.raises(DuplicateKeyError):
        database["customers_v2"].insert_one({"_id": "cust_2", "email_key": "a@b.example"})


def test_an_application_sets_up_a_database_that_nobody_has_set_up(
    mongodb_uri: str, mongo_client: MongoClient[Document]
) -> None:
    database = mongo_client[f"batua_test_fresh_{uuid.uuid4().hex[:8]}"]
    settings = Settings(environment="test", mongodb_uri=mongodb_uri, mongodb_db=database.name)

    services_of(create_app(settings, client=mongo_client)).ledger.close()
    indexes = database["customers_v2"].index_information()
    mongo_client.drop_database(database.name)

    assert indexes["email_key_1"]["unique"]


def test_processes_may_set_up_one_database_at_the_same_time(mongo_client: MongoClient[Document]) -> None:
    database = mongo_client[f"batua_test_fresh_{uuid.uuid4().hex[:8]}"]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(db.ensure_initialised, [database] * 8))
    names = set(database.list_collection_names())
    mongo_client.drop_database(database.name)

    assert names >= INDEXES.keys()
