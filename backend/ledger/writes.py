"""Says what a batch changes in the books: guarded updates, and the holds that are new."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.ledger.core import Applied, Books
from backend.ledger.documents import Document, hold_document, hold_state, wallet_state
from backend.ledger.values import HoldState, Wallet

Update = tuple[Mapping[str, Any], Mapping[str, Any] | Sequence[Mapping[str, Any]]]


def wallet_updates(books: Books, applied: Applied) -> list[Update]:
    """Replace each wallet's state only where it still is the state that the rules saw."""
    return [
        (_seen(books.wallets[id_]), {"$set": wallet_state(wallet)}) for id_, wallet in applied.wallets.items()
    ]


def _seen(wallet: Wallet) -> Document:
    """Find the wallet only as it was read.

    The head tells the whole history, even from another one of the same length after a failover.
    """
    return {
        "_id": wallet.customer_id,
        "seq": wallet.seq,
        "held": wallet.held_minor,
        "head_hash": wallet.head_hash,
    }


def closed_holds(books: Books, applied: Applied) -> list[Update]:
    """Close holds that are open still; one closed by somebody else matches nothing."""
    return [
        ({"_id": hold.id, "state": HoldState.HELD.value}, {"$set": hold_state(hold)})
        for hold in applied.holds.values()
        if hold.id in books.holds
    ]


def new_holds(books: Books, applied: Applied) -> list[Document]:
    """Describe the holds that were not there before."""
    return [hold_document(hold) for hold in applied.holds.values() if hold.id not in books.holds]
