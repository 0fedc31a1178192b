"""A database that is slow on demand, and soon gives up what somebody had begun who is dead."""

from typing import Any

import pytest
from pymongo import MongoClient

from tests.mongo.faulty import mongo_client, mongodb_uri, operator, shared_database

__all__ = ["mongo_client", "mongodb_uri", "operator", "shared_database"]


@pytest.fixture(scope="session", autouse=True)
def transactions_of_the_dead_end_soon(operator: MongoClient[dict[str, Any]]) -> None:
    operator.admin.command("setParameter", transactionLifetimeLimitSeconds=1)
