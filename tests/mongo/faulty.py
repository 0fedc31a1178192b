"""A database that is slow and fails on demand, as fixtures that take the place of the usual ones."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from backend import db
from tests.mongo.mongod import FAILPOINTS, REPLICA_SET, mongod

__all__ = ["mongo_client", "mongodb_uri", "operator", "shared_database"]

Document = dict[str, Any]


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of our own that fails on demand."""
    with mongod(tmp_path_factory.mktemp("faulty"), *REPLICA_SET, *FAILPOINTS) as uri:
        yield uri


@pytest.fixture(scope="session")
def mongo_client(mongodb_uri: str) -> Iterator[MongoClient[Document]]:
    with db.connect(mongodb_uri) as client:
        yield client


@pytest.fixture(scope="session")
def shared_database(mongo_client: MongoClient[Document]) -> Database[Document]:
    db.initialise(mongo_client["batua"])
    return mongo_client["batua"]


@pytest.fixture(scope="session")
def operator(mongodb_uri: str) -> Iterator[MongoClient[Document]]:
    """A client that faults do not touch."""
    with MongoClient[Document](mongodb_uri, tz_aware=True) as client:
        yield client
