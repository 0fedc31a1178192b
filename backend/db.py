"""How the process reaches MongoDB, and what it insists on before it trusts it with money."""

import logging
from collections.abc import Callable
from typing import Any

import pymongo
from pymongo import ASCENDING, DESCENDING, IndexModel, MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, ConnectionFailure, OperationFailure

log = logging.getLogger(__name__)

Document = dict[str, Any]

LONG_READ_SECONDS = 60.0  # For sums over all that there is.
PATIENCE_SECONDS = 3.0  # For any one operation: a caller is told within five that we are away.

NEWEST = [("created_at", DESCENDING), ("_id", DESCENDING)]
SEQ_IN_WALLET = [("customer_id", ASCENDING), ("seq", ASCENDING)]
NEWEST_IN_WALLET = [("created_at", DESCENDING), ("seq", DESCENDING)]
NEWEST_OF_ALL = NEWEST


def _unique_where_set(field: str) -> IndexModel:
    """Keep a text field unique among the documents that have it; `$type` would leave queries without it."""
    return IndexModel([(field, ASCENDING)], unique=True, partialFilterExpression={field: {"$gt": ""}})


INDEXES: dict[str, list[IndexModel]] = {
    "customers_v2": [IndexModel([("email_key", ASCENDING)], unique=True)],
    "wallets": [],
    "wallet_transactions": [
        IndexModel(SEQ_IN_WALLET, unique=True),
        IndexModel([("customer_id", ASCENDING), *NEWEST_IN_WALLET]),
        IndexModel([("customer_id", ASCENDING), ("type", ASCENDING), *NEWEST_IN_WALLET]),
        IndexModel(NEWEST_OF_ALL),
        IndexModel([("type", ASCENDING), *NEWEST_OF_ALL]),
    ],
    "wallet_holds": [IndexModel([("state", ASCENDING), ("customer_id", ASCENDING)])],
    "wallet_settings": [],
    "auth_sessions": [
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
        IndexModel([("customer_id", ASCENDING)]),
    ],
    "idempotency_keys": [IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)],
    "products": [],
    "orders": [
        IndexModel([("customer_id", ASCENDING), *NEWEST]),
        IndexModel([("status", ASCENDING), *NEWEST]),
        IndexModel([("payment_status", ASCENDING), *NEWEST]),
        IndexModel(NEWEST),
    ],
    "payment_orders": [
        _unique_where_set("order_id"),
        _unique_where_set("gateway_orders"),
        _unique_where_set("gateway_payment"),
        IndexModel([("customer_id", ASCENDING), *NEWEST]),
        IndexModel([("status", ASCENDING), *NEWEST]),
        IndexModel(NEWEST),
    ],
    "captures": [IndexModel(NEWEST)],
    "integration_logs": [
        IndexModel([("customer_id", ASCENDING), *NEWEST]),
        IndexModel([("payment_id", ASCENDING), *NEWEST]),
        IndexModel([("gateway_payment_id", ASCENDING), *NEWEST]),
        IndexModel([("order_id", ASCENDING), *NEWEST]),
        IndexModel([("status", ASCENDING), *NEWEST]),
        IndexModel(NEWEST),
    ],
    "topup_counts": [IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)],
    "refunds": [
        IndexModel([("order_id", ASCENDING)]),
        _unique_where_set("gateway_refund"),
        IndexModel([("payment_id", ASCENDING), *NEWEST]),
        IndexModel([("status", ASCENDING), *NEWEST]),
    ],
    "webhook_events": [
        IndexModel([("received_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("state", ASCENDING), ("received_at", DESCENDING), ("_id", DESCENDING)]),
    ],
    "payment_exceptions": [
        IndexModel([("gateway_payment_id", ASCENDING)]),
        IndexModel([("state", ASCENDING), *NEWEST]),
        IndexModel(NEWEST),
    ],
    "disputes": [
        IndexModel([("payment_id", ASCENDING)]),
        IndexModel([("gateway_payment_id", ASCENDING)]),
        IndexModel(NEWEST),
    ],
    "settlements": [IndexModel(NEWEST)],
    "gateway_customers": [
        IndexModel([("gateway", ASCENDING), ("gateway_customer_id", ASCENDING)], unique=True)
    ],
    "saved_payment_methods": [
        _unique_where_set("fingerprint"),
        IndexModel([("customer_id", ASCENDING)], unique=True, partialFilterExpression={"is_default": True}),
        IndexModel([("customer_id", ASCENDING), ("is_default", DESCENDING), *NEWEST]),
    ],
    "auto_recharges": [
        _unique_where_set("pending.payment_id"),
        IndexModel([("is_on", ASCENDING), ("next_at", ASCENDING)]),
        IndexModel([("updated_at", DESCENDING), ("_id", DESCENDING)]),
    ],
    "rate_limit_counters": [IndexModel([("expireAt", ASCENDING)], expireAfterSeconds=0)],
    "rate_limit_windows": [IndexModel([("expireAt", ASCENDING)], expireAfterSeconds=0)],
}

NAMESPACE_EXISTS = 48  # Another process was faster.

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
