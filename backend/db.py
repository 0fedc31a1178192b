"""How the process reaches MongoDB, and what it insists on before it trusts it with money."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, ConnectionFailure, OperationFailure, PyMongoError

from backend.indexes import INDEXES, VALIDATORS

log = logging.getLogger(__name__)

Document = dict[str, Any]

LONG_READ_SECONDS = 60.0  # For sums over all that there is.
PATIENCE_SECONDS = 3.0  # For any one operation: a caller is told within five that we are away.

NAMESPACE_EXISTS = 48  # Another process was faster.


class UnfitDatabase(RuntimeError):
    """The MongoDB server cannot be trusted with money as it is set up."""


def connect(uri: str) -> MongoClient[Document]:
    """Open a client whose writes are durable and whose waits are short."""
    return MongoClient(
        uri,
        w="majority",
        journal=True,
        retryWrites=True,
        readConcernLevel="local",
        readPreference="primary",
        timeoutMS=int(PATIENCE_SECONDS * 1000),
        connectTimeoutMS=2000,
        maxPoolSize=200,
        tz_aware=True,
        appname="batua",
    )


def require_transactions(client: MongoClient[Document]) -> None:
    """Refuse a server without transactions or with lowered durability; tolerate one that is away."""
    try:
        _refuse_standalone(client.admin.command("hello"))
        _refuse_low_durability(client)
    except ConnectionFailure as error:
        log.error("MongoDB does not answer at %s", ", ".join(_addresses(client)))
        log.debug("details: %s", error)


def _addresses(client: MongoClient[Document]) -> list[str]:
    return [f"{host}:{port}" for host, port in client.topology_description.server_descriptions()]


def server_now(database: Database[Document]) -> datetime:
    """Ask the server what time it is; the clocks of processes are many."""
    told: datetime = database.client.admin.command("hello")["localTime"]
    return told.replace(tzinfo=UTC)


def is_writable(client: MongoClient[Document]) -> bool:
    """Tell whether the database takes writes right now."""
    return bool(client.admin.command("hello").get("isWritablePrimary"))


def is_away(error: Exception) -> bool:
    """Tell a database that does not answer from one that answers no."""
    return isinstance(error, ConnectionFailure) or (isinstance(error, PyMongoError) and error.timeout)


def in_transaction(client: MongoClient[Document], write: Callable[[ClientSession], None]) -> None:
    """Run writes that happen together or not at all, again if they met somebody else's."""
    with pymongo.timeout(PATIENCE_SECONDS), client.start_session() as session:
        session.with_transaction(write)


def ensure_initialised(database: Database[Document]) -> None:
    """Set up a database that nobody has set up; without its indexes an e-mail could sign up twice."""
    try:
        missing = INDEXES.keys() - set(database.list_collection_names())
        if missing:
            initialise(database)
    except ConnectionFailure as error:
        log.warning("the database could not be looked at: %s", type(error).__name__)


def initialise(database: Database[Document]) -> None:
    """Create collections, indexes and validators; safe to repeat, and as slow as the data is large."""
    with pymongo.timeout(None):
        _initialise(database)


def _initialise(database: Database[Document]) -> None:
    for name, indexes in INDEXES.items():
        try:
            database.create_collection(name)
        except (CollectionInvalid, OperationFailure) as error:
            if isinstance(error, OperationFailure) and error.code != NAMESPACE_EXISTS:
                raise
        if indexes:
            database[name].create_indexes(indexes)
        if name in VALIDATORS:
            database.command("collMod", name, validator=VALIDATORS[name])


def _refuse_standalone(hello: Document) -> None:
    if "setName" in hello or hello.get("msg") == "isdbgrid":
        return
    raise UnfitDatabase(
        "This MongoDB is a standalone server, which has no transactions. Start it with "
        "'--replSet rs0' (or set replication.replSetName), run 'rs.initiate()' once in mongosh, "
        "and start again. One node is enough."
    )


def _refuse_low_durability(client: MongoClient[Document]) -> None:
    try:
        default = client.admin.command("getDefaultRWConcern").get("defaultWriteConcern", {})
    except OperationFailure as error:
        log.warning("cannot read the default write concern: %s", error)
        return
    if default.get("w", "majority") == "majority" and default.get("j") is not False:
        return
    raise UnfitDatabase(
        f"The default write concern of this MongoDB is {default}, which can lose acknowledged money. "
        "Run db.adminCommand({setDefaultRWConcern: 1, defaultWriteConcern: {w: 'majority'}}) and start again."
    )
