"""How an entry gets its identity, its place in the wallet and its link in the hash chain."""

import hashlib
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson

from backend.ledger.values import Entry, EntryType, Hold, HoldState, Posting, Verb, Wallet

TYPE_OF_ENTRY = {
    Verb.CREDIT: EntryType.CREDIT,
    Verb.REFUND: EntryType.REFUND,
    Verb.DEBIT: EntryType.DEBIT,
    Verb.CAPTURE: EntryType.DEBIT,
}
TOTAL_OF_TYPE = {EntryType.CREDIT: "credits", EntryType.DEBIT: "debits", EntryType.REFUND: "refunds"}


def entry_id(key: str) -> str:
    """Derive an entry's id from its key, so that one key can never make two entries."""
    return "tx_" + hashlib.sha256(f"entry:{key}".encode()).hexdigest()[:32]


def hold_id(key: str) -> str:
    """Derive a hold's id from its key, so that a retry finds the same hold."""
    return "hold_" + hashlib.sha256(f"hold:{key}".encode()).hexdigest()[:32]


CONTENT_FIELDS = [entry_field.name for entry_field in fields(Entry) if entry_field.name != "hash"]
_content = attrgetter(*CONTENT_FIELDS)


def chain_hash(entry: Entry) -> str:
    """Hash an entry's whole content, which includes the hash of the entry before it."""
    return _digest(_content(entry))


def _digest(content: tuple[Any, ...]) -> str:
    """Hash the canonical JSON of the content; times are taken as UTC to the millisecond."""
    canonical = orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    return hashlib.sha256(canonical).hexdigest()


def next_entry(wallet: Wallet, posting: Posting, now: datetime) -> Entry:
    """Write the entry that follows the wallet's last one."""
    entry_type = TYPE_OF_ENTRY[posting.verb]
    change = -posting.amount_minor if entry_type is EntryType.DEBIT else posting.amount_minor
    content = (
        entry_id(posting.key),
        wallet.customer_id,
        wallet.seq + 1,
        entry_type,
        posting.amount_minor,
        wallet.currency,
        wallet.balance_minor,
        wallet.balance_minor + change,
        posting.account,
        posting.reason,
        posting.source,
        posting.order_id,
        posting.call_id,
        posting.hold_id,
        posting.metadata,
        posting.key,
        wallet.head_hash,
        max(now, wallet.updated_at),  # A clock that jumps back never reorders a wallet.
    )
    return Entry(*content, hash=_digest(content))


def wallet_after(wallet: Wallet, entry: Entry) -> Wallet:
    """Write the wallet as its newest entry leaves it."""
    totals = {"credits": wallet.credits, "debits": wallet.debits, "refunds": wallet.refunds}
    name = TOTAL_OF_TYPE[entry.type]
    totals[name] = totals[name].plus(entry.amount_minor)
    return Wallet(
        customer_id=wallet.customer_id,
        currency=wallet.currency,
        balance_minor=entry.balance_after_minor,
        held_minor=wallet.held_minor,
        seq=entry.seq,
        head_hash=entry.hash,
        created_at=wallet.created_at,
        updated_at=entry.created_at,
        **totals,
    )


def new_hold(posting: Posting, now: datetime) -> Hold:
    """Write the hold that a posting asks for."""
    return Hold(
        id=hold_id(posting.key),
        customer_id=posting.customer_id,
        amount_minor=posting.amount_minor,
        captured_minor=0,
        currency=posting.currency,
        state=HoldState.HELD,
        account=posting.account,
        reason=posting.reason,
        order_id=posting.order_id,
        call_id=posting.call_id,
        idempotency_key=posting.key,
        closed_by=None,
        expires_at=posting.expires_at,
        created_at=now,
        updated_at=now,
    )
