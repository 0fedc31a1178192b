"""A server that fails on demand, and a shop that uses it."""

from typing import Any

import pytest
from pymongo.database import Database

from backend.ledger import Ledger
from tests.conftest import open_wallet
from tests.mongo.books import give
from tests.mongo.faulty import mongo_client, mongodb_uri, operator, shared_database

__all__ = ["mongo_client", "mongodb_uri", "operator", "shared_database", "shop"]

Document = dict[str, Any]


@pytest.fixture
def shop(ledger: Ledger, database: Database[Document]) -> Database[Document]:
    """10.00 in the wallet of cust_1, and an order to be paid from it."""
    open_wallet(ledger, database)
    give(ledger, 1000)
    database["orders"].insert_one({"_id": "order_1", "state": "PENDING"})
    database["outbox"].insert_one({"_id": "first"})
    return database
