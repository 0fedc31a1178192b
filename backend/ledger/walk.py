"""What must hold along one wallet's entries, from the first to the last."""

from dataclasses import dataclass, field
from typing import Any

from backend.ledger.chain import chain_hash
from backend.ledger.documents import Document, read_entry, read_wallet
from backend.ledger.values import GENESIS_HASH, Entry, EntryType, Total, Wallet

UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


class Broken(Exception):
    """A wallet failed a check at an entry, or at its end."""

    def __init__(self, what: str, document: Document | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.entry_id: Any = document.get("_id") if document else None
        self.seq: Any = document.get("seq") if document else None


@dataclass(slots=True)
class Walk:
    """A walk along one wallet, and where it has come to; `accounts` are the other sides so far."""

    wallet: Wallet
    seq: int = 0
    balance_minor: int = 0
    head_hash: str = GENESIS_HASH
    totals: dict[EntryType, Total] = field(default_factory=lambda: {t: Total() for t in EntryType})
    accounts: dict[str, int] = field(default_factory=dict)

    def step(self, document: Document) -> None:
        """Check that this entry is the one that must come next, and go there."""
        try:
            entry = read_entry(document)
            fault = self._fault(entry)
            self._move_to(entry)
        except UNREADABLE as error:
            raise Broken("the entry's document is damaged", document) from error
        if fault:
            raise Broken(fault, document)

    def arrive(self) -> None:
        """Check that the wallet says what its entries add up to."""
        wallet = self.wallet
        if self.seq != wallet.seq:
            raise Broken(f"entry {self.seq + 1} is missing: the wallet counts {wallet.seq}")
        if self.head_hash != wallet.head_hash:
            raise Broken("the wallet's head is not its last entry")
        if self.balance_minor != wallet.balance_minor:
            raise Broken("the wallet's balance is not the sum of its entries")
        if list(self.totals.values()) != [wallet.credits, wallet.debits, wallet.refunds]:
            raise Broken("the wallet's totals are not those of its entries")

    def _fault(self, entry: Entry) -> str | None:
        if entry.seq != self.seq + 1:
            return f"entry {self.seq + 1} is missing or out of order"
        if entry.prev_hash != self.head_hash:
            return "the entry does not follow the one before it"
        if chain_hash(entry) != entry.hash:
            return "the entry was changed after it was written"
        if entry.currency != self.wallet.currency:
            return "the entry's currency is not the wallet's"
        if entry.balance_before_minor != self.balance_minor:
            return "the balance before is not the balance after the entry before"
        if entry.balance_after_minor != self.balance_minor + entry.signed_minor:
            return "the balance after is not the balance before plus the amount"
        if entry.amount_minor <= 0 or entry.balance_after_minor < 0:
            return "the amount or the balance is below what is allowed"
        return None

    def _move_to(self, entry: Entry) -> None:
        self.seq, self.head_hash, self.balance_minor = entry.seq, entry.hash, entry.balance_after_minor
        self.totals[entry.type] = self.totals[entry.type].plus(entry.amount_minor)
        self.accounts[entry.account] = self.accounts.get(entry.account, 0) - entry.signed_minor


def read_checked(document: Document) -> Wallet:
    """Read a wallet, or say that its document is damaged."""
    try:
        wallet = read_wallet(document)
        if wallet.seq < 0 or not 0 <= wallet.held_minor <= wallet.balance_minor:
            raise Broken("the wallet holds back more than it has")
    except UNREADABLE as error:
        raise Broken("the wallet's document is damaged") from error
    return wallet
