"""How the process reaches MongoDB, and what it insists on before it trusts it with money."""

import logging
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, MongoClient
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, ConnectionFailure, OperationFailure

log = logging.getLogger(__name__)

Document = dict[str, Any]

PATIENCE_SECONDS = 3.5  # For any one operation: a caller is told within five that we are away.

INDEXES: dict[str, list[IndexModel]] = {
    "customers_v2": [IndexModel([("email_key", ASCENDING)], unique=True)],
    "wallets": [],
    "wallet_transactions": [
        IndexModel([("customer_id", ASCENDING), ("seq", ASCENDING)], unique=True),
        IndexModel([("customer_id", ASCENDING), ("type", ASCENDING), ("seq", DESCENDING)]),
        IndexModel([("customer_id", ASCENDING), ("created_at", DESCENDING), ("seq", DESCENDING)]),
        IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("type", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)]),
    ],
    "wallet_holds": [IndexModel([("customer_id", ASCENDING), ("state", ASCENDING)])],
    "wallet_settings": [],
    "auth_sessions": [IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)],
    "idempotency_keys": [IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)],
    "products": [],
}

# The server itself refuses what no bug of ours may ever write.
VALIDATORS: dict[str, Document] = {
    "wallets": {
        "$expr": {"$and": [{"$gte": ["$held", 0]}, {"$gte": ["$balance", "$held"]}, {"$gte": ["$seq", 0]}]}
    },
    "wallet_transactions": {
        "$expr": {"$and": [{"$gt": ["$amount", 0]}, {"$gte": ["$balance_after", 0]}]},
    },
}


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
        serverSelectionTimeoutMS=2000,
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


def is_writable(client: MongoClient[Document]) -> bool:
    """Tell whether the database takes writes right now."""
    return bool(client.admin.command("hello").get("isWritablePrimary"))


def initialise(database: Database[Document]) -> None:
    """Create collections, indexes and validators; safe to repeat."""
    for name, indexes in INDEXES.items():
        try:
            database.create_collection(name)
        except CollectionInvalid:
            log.debug("collection %s exists", name)
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
