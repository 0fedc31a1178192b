"""How the collections are laid out: the orders in which they are read, their indexes and validators."""

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

NEWEST = [("created_at", DESCENDING), ("_id", DESCENDING)]
SEQ_IN_WALLET = [("customer_id", ASCENDING), ("seq", ASCENDING)]
NEWEST_IN_WALLET = [("created_at", DESCENDING), ("seq", DESCENDING)]
NEWEST_OF_ALL = NEWEST
UNASKED = [("asked_at", ASCENDING), ("_id", ASCENDING)]
DUE = [("state", ASCENDING), ("due_at", ASCENDING), ("created_at", ASCENDING)]
TOPUP_REVERSED = "topup_reversed"  # The source of entries that undo a top-up.
REVERSED_IN_WALLET = [("customer_id", ASCENDING), ("source", ASCENDING)]


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
        IndexModel(REVERSED_IN_WALLET, partialFilterExpression={"source": TOPUP_REVERSED}),
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
        IndexModel([("status", ASCENDING), *UNASKED]),
        IndexModel(NEWEST),
    ],
    "captures": [
        IndexModel(NEWEST),
        IndexModel([("gateway", ASCENDING), ("confirmed_at", ASCENDING), ("_id", ASCENDING)]),
    ],
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
        IndexModel([("status", ASCENDING), *UNASKED]),
        IndexModel([("gateway", ASCENDING), ("confirmed_at", ASCENDING), ("gateway_refund", ASCENDING)]),
    ],
    "webhook_events": [
        IndexModel([("state", ASCENDING), *UNASKED]),
        IndexModel([("received_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("state", ASCENDING), ("received_at", DESCENDING), ("_id", DESCENDING)]),
    ],
    "webhook_endpoints": [IndexModel(DUE), IndexModel([("deleted_at", ASCENDING), *NEWEST])],
    "webhook_deliveries": [
        IndexModel([("endpoint_id", ASCENDING), ("sequence", DESCENDING)], unique=True),
        IndexModel([("endpoint_id", ASCENDING), ("state", ASCENDING), ("sequence", DESCENDING)]),
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
    "settlement_rows": [
        IndexModel(
            [("gateway", ASCENDING), ("entity_id", ASCENDING), ("settlement_id", ASCENDING)], unique=True
        ),
        IndexModel([("settlement_id", ASCENDING), *NEWEST]),
    ],
    "reconciliation_logs": [
        IndexModel([("started_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("state", ASCENDING), ("window.to", DESCENDING)]),
        IndexModel([("state", ASCENDING), ("started_at", ASCENDING)]),
    ],
    "reconciliation_issues": [
        IndexModel([("first_seen", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("state", ASCENDING), ("first_seen", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("state", ASCENDING), ("kind", ASCENDING), ("last_seen", ASCENDING)]),
    ],
    "gateway_customers": [
        IndexModel([("gateway", ASCENDING), ("gateway_customer_id", ASCENDING)], unique=True)
    ],
    "saved_payment_methods": [
        _unique_where_set("fingerprint"),
        IndexModel([("customer_id", ASCENDING)], unique=True, partialFilterExpression={"is_default": True}),
        IndexModel([("customer_id", ASCENDING), ("is_default", DESCENDING), *NEWEST]),
    ],
    "outbox": [IndexModel(DUE)],
    "messages": [
        IndexModel(DUE),
        IndexModel([("customer_id", ASCENDING), *NEWEST]),
        IndexModel([("state", ASCENDING), *NEWEST]),
        IndexModel([("provider_id", ASCENDING)], sparse=True),
        IndexModel(NEWEST),
    ],
    "jobs": [],
    "job_slots": [IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)],
    "auto_recharges": [
        _unique_where_set("pending.payment_id"),
        IndexModel([("is_on", ASCENDING), ("next_at", ASCENDING)]),
        IndexModel([("updated_at", DESCENDING), ("_id", DESCENDING)]),
    ],
    "rate_limit_counters": [IndexModel([("expireAt", ASCENDING)], expireAfterSeconds=0)],
    "rate_limit_windows": [IndexModel([("expireAt", ASCENDING)], expireAfterSeconds=0)],
}

# The server itself refuses what no bug of ours may ever write.
VALIDATORS: dict[str, dict[str, Any]] = {
    "wallets": {
        "$expr": {"$and": [{"$gte": ["$held", 0]}, {"$gte": ["$balance", "$held"]}, {"$gte": ["$seq", 0]}]}
    },
    "wallet_transactions": {
        "$expr": {"$and": [{"$gt": ["$amount", 0]}, {"$gte": ["$balance_after", 0]}]},
    },
}
