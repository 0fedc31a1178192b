"""How the ledger's values are written as MongoDB documents, and read back."""

from typing import Any

from backend.ledger.values import Entry, EntryType, Hold, HoldState, Total, Wallet

Document = dict[str, Any]


def wallet_document(wallet: Wallet) -> Document:
    """Write a wallet as its document."""
    return {"_id": wallet.customer_id, "created_at": wallet.created_at, **wallet_state(wallet)}


def wallet_state(wallet: Wallet) -> Document:
    """Write the part of a wallet that postings change."""
    return {
        "currency": wallet.currency,
        "balance": wallet.balance_minor,
        "held": wallet.held_minor,
        "seq": wallet.seq,
        "head_hash": wallet.head_hash,
        "credits": _total_document(wallet.credits),
        "debits": _total_document(wallet.debits),
        "refunds": _total_document(wallet.refunds),
        "updated_at": wallet.updated_at,
    }


def read_wallet(document: Document) -> Wallet:
    """Read a wallet from its document."""
    return Wallet(
        customer_id=document["_id"],
        currency=document["currency"],
        balance_minor=document["balance"],
        held_minor=document["held"],
        seq=document["seq"],
        head_hash=document["head_hash"],
        credits=_read_total(document["credits"]),
        debits=_read_total(document["debits"]),
        refunds=_read_total(document["refunds"]),
        created_at=document["created_at"],
        updated_at=document["updated_at"],
    )


def entry_document(entry: Entry) -> Document:
    """Write an entry as its document."""
    return {
        "_id": entry.id,
        "customer_id": entry.customer_id,
        "seq": entry.seq,
        "type": entry.type.value,
        "amount": entry.amount_minor,
        "currency": entry.currency,
        "balance_before": entry.balance_before_minor,
        "balance_after": entry.balance_after_minor,
        "account": entry.account,
        "reason": entry.reason,
        "source": entry.source,
        "order_id": entry.order_id,
        "call_id": entry.call_id,
        "hold_id": entry.hold_id,
        "metadata": dict(entry.metadata),
        "idempotency_key": entry.idempotency_key,
        "prev_hash": entry.prev_hash,
        "hash": entry.hash,
        "created_at": entry.created_at,
    }


def read_entry(document: Document) -> Entry:
    """Read an entry from its document."""
    return Entry(
        document["_id"],
        document["customer_id"],
        document["seq"],
        EntryType(document["type"]),
        document["amount"],
        document["currency"],
        document["balance_before"],
        document["balance_after"],
        document["account"],
        document["reason"],
        document["source"],
        document["order_id"],
        document["call_id"],
        document["hold_id"],
        document["metadata"],
        document["idempotency_key"],
        document["prev_hash"],
        document["created_at"],
        document["hash"],
    )


def hold_document(hold: Hold) -> Document:
    """Write a hold as its document."""
    return {
        "_id": hold.id,
        "customer_id": hold.customer_id,
        "amount": hold.amount_minor,
        "currency": hold.currency,
        "account": hold.account,
        "reason": hold.reason,
        "order_id": hold.order_id,
        "call_id": hold.call_id,
        "idempotency_key": hold.idempotency_key,
        "expires_at": hold.expires_at,
        "created_at": hold.created_at,
        **hold_state(hold),
    }


def hold_state(hold: Hold) -> Document:
    """Write the part of a hold that capture and release change."""
    return {
        "state": hold.state.value,
        "captured": hold.captured_minor,
        "closed_by": hold.closed_by,
        "updated_at": hold.updated_at,
    }


def read_hold(document: Document) -> Hold:
    """Read a hold from its document."""
    return Hold(
        id=document["_id"],
        customer_id=document["customer_id"],
        amount_minor=document["amount"],
        captured_minor=document["captured"],
        currency=document["currency"],
        state=HoldState(document["state"]),
        account=document["account"],
        reason=document["reason"],
        order_id=document["order_id"],
        call_id=document["call_id"],
        idempotency_key=document["idempotency_key"],
        closed_by=document["closed_by"],
        expires_at=document["expires_at"],
        created_at=document["created_at"],
        updated_at=document["updated_at"],
    )


def _total_document(total: Total) -> Document:
    return {"count": total.count, "amount": total.amount_minor}


def _read_total(document: Document) -> Total:
    return Total(document["count"], document["amount"])
