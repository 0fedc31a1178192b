"""The floor: what a shop writes by hand on MongoDB, one transaction for each request."""

import uuid
from datetime import UTC, datetime

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from backend.indexes import INDEXES
from backend.ledger.documents import Document
from tests.bench.books import CURRENCY, PLENTY_MINOR

DURABLE = WriteConcern(w="majority", j=True)


class RawTransactions:
    """A guarded update of a balance and one history document, committed together.

    It has no rules but the balance, no hash chain and no look-up of keys, so it does less than
    the ledger. With its indexes its history serves the same queries as the ledger's.
    """

    def __init__(self, database: Database[Document], name: str) -> None:
        self._client = database.client
        self._wallets = database[f"raw_wallets_{name}"]
        self._history = database[f"raw_history_{name}"]

    def add_indexes(self) -> None:
        """Make the history as easy to query as the ledger's."""
        self._history.create_indexes(INDEXES["wallet_transactions"])

    def open_wallets(self, customers: list[str]) -> None:
        """Give each customer a wallet with more money than a benchmark can spend."""
        self._wallets.insert_many(
            [
                {"_id": customer, "currency": CURRENCY, "balance": PLENTY_MINOR, "seq": 0}
                for customer in customers
            ]
        )

    def debit(self, customer: str) -> Document:
        """Take the smallest coin."""
        with self._client.start_session() as session:
            entry: Document = session.with_transaction(
                lambda session: self._debit(customer, session),
                read_concern=ReadConcern("local"),
                write_concern=DURABLE,
            )
        return entry

    def _debit(self, customer: str, session: ClientSession) -> Document:
        wallet = self._wallets.find_one_and_update(
            {"_id": customer, "balance": {"$gte": 1}},
            {"$inc": {"balance": -1, "seq": 1}},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        if wallet is None:
            raise LookupError(f"{customer} has no wallet or no money")
        entry = _entry(wallet)
        self._history.insert_one(entry, session=session)
        return entry


def _entry(wallet: Document) -> Document:
    return {
        "_id": uuid.uuid4().hex,
        "customer_id": wallet["_id"],
        "seq": wallet["seq"],
        "type": "debit",
        "amount": 1,
        "currency": wallet["currency"],
        "balance_before": wallet["balance"] + 1,
        "balance_after": wallet["balance"],
        "account": "adjustments",
        "reason": "Benchmark",
        "source": "admin",
        "order_id": None,
        "call_id": None,
        "metadata": {"admin_id": "admin"},
        "created_at": datetime.now(UTC),
    }
