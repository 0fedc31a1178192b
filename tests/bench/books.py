"""Fills databases with wallets and with true histories, much faster than traffic would."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice

import pymongo
from pymongo.database import Database

from backend.ledger import Posting, Verb, Wallet
from backend.ledger.chain import next_entry, wallet_after
from backend.ledger.documents import Document, entry_document, wallet_document

CURRENCY = "INR"
PLENTY_MINOR = 10**12
BATCH = 5000
CREDIT_EVERY = 10
WRITERS = 2
PATIENCE_SECONDS = 60  # For a batch thousands of times larger than what a request may write.


def customer_ids(count: int) -> list[str]:
    """Name customers, as requests.lua does too."""
    return [f"customer_{number}" for number in range(count)]


def open_wallets(database: Database[Document], customers: Sequence[str]) -> None:
    """Give each customer a wallet with more money than a benchmark can spend."""
    wallets, entries = [], []
    for customer in customers:
        wallet = _empty_wallet(customer, datetime.now(UTC))
        entry = next_entry(wallet, _posting(wallet, Verb.CREDIT, PLENTY_MINOR), wallet.created_at)
        entries.append(entry_document(entry))
        wallets.append(wallet_document(wallet_after(wallet, entry)))
    database["wallet_transactions"].insert_many(entries)
    database["wallets"].insert_many(wallets)


def write_history(database: Database[Document], customer: str, *, entries: int) -> None:
    """Give a customer a wallet with a long history; the chain and all sums are right."""
    history = _History(customer, entries)
    documents = iter(history)
    with ThreadPoolExecutor(WRITERS) as writers:
        pending = []
        while batch := list(islice(documents, BATCH)):
            pending.append(writers.submit(_insert, database, batch))
            if len(pending) > WRITERS:
                pending.pop(0).result()
        for write in pending:
            write.result()
    database["wallets"].insert_one(wallet_document(history.wallet))


def _insert(database: Database[Document], batch: list[Document]) -> None:
    with pymongo.timeout(PATIENCE_SECONDS):
        database["wallet_transactions"].insert_many(batch, ordered=False)


class _History:
    """Entries a second apart, one credit to nine debits."""

    def __init__(self, customer: str, entries: int) -> None:
        self._entries = entries
        self.wallet = _empty_wallet(customer, datetime.now(UTC) - timedelta(seconds=entries))

    def __iter__(self) -> Iterator[Document]:
        start = self.wallet.created_at
        for number in range(self._entries):
            verb, amount_minor = (Verb.DEBIT, 100) if number % CREDIT_EVERY else (Verb.CREDIT, 1000)
            posting = _posting(self.wallet, verb, amount_minor)
            entry = next_entry(self.wallet, posting, start + timedelta(seconds=number))
            self.wallet = wallet_after(self.wallet, entry)
            yield entry_document(entry)


def debit(customer: str, key: str) -> Posting:
    """Take the smallest coin, with the words that a debit by an admin carries."""
    return Posting(
        verb=Verb.DEBIT,
        customer_id=customer,
        key=key,
        amount_minor=1,
        currency=CURRENCY,
        account="adjustments",
        reason="Benchmark",
        source="admin",
        metadata={"admin_id": "admin"},
    )


def _empty_wallet(customer: str, now: datetime) -> Wallet:
    moment = now.replace(microsecond=0)
    return Wallet(customer_id=customer, currency=CURRENCY, created_at=moment, updated_at=moment)


def _posting(wallet: Wallet, verb: Verb, amount_minor: int) -> Posting:
    return Posting(
        verb=verb,
        customer_id=wallet.customer_id,
        key=f"bench:{wallet.customer_id}:{wallet.seq + 1}",
        amount_minor=amount_minor,
        currency=CURRENCY,
        account="adjustments",
        reason="Benchmark history",
        source="admin",
        metadata={"admin_id": "admin"},
    )
