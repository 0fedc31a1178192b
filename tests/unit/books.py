"""Books in memory, for tests of the rules without a database."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backend.ledger.core import Applied, Books, Outcome, apply
from backend.ledger.values import Entry, Hold, HoldState, Posting, Wallet

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def empty_wallet(customer_id: str = "cust_1", *, currency: str = "INR") -> Wallet:
    return Wallet(customer_id=customer_id, currency=currency, created_at=NOON, updated_at=NOON)


@dataclass
class Desk:
    """Keeps the books between batches, as the store does."""

    wallets: dict[str, Wallet] = field(default_factory=lambda: {"cust_1": empty_wallet()})
    holds: dict[str, Hold] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)

    def batch(self, postings: Iterable[Posting], *, now: datetime = NOON) -> Applied:
        applied = apply(Books(self.wallets, self.holds, self.entries), list(postings), now=now)
        self.wallets |= applied.wallets
        self.holds |= applied.holds
        self.entries |= applied.entries
        return applied

    def post(self, posting: Posting, *, now: datetime = NOON) -> Outcome:
        return self.batch([posting], now=now).outcomes[0]

    def moves(self, posting: Posting, *, now: datetime = NOON) -> Entry:
        outcome = self.post(posting, now=now)
        assert isinstance(outcome, Entry), outcome
        return outcome

    def reserves(self, posting: Posting, *, now: datetime = NOON) -> Hold:
        outcome = self.post(posting, now=now)
        assert isinstance(outcome, Hold), outcome
        return outcome

    def funds(self, customer_id: str = "cust_1") -> tuple[int, int]:
        """Tell balance and held of a wallet."""
        wallet = self.wallets[customer_id]
        return wallet.balance_minor, wallet.held_minor

    def history(self, customer_id: str = "cust_1") -> list[Entry]:
        return sorted(
            (e for e in self.entries.values() if e.customer_id == customer_id), key=lambda entry: entry.seq
        )

    def open_minor(self, customer_id: str = "cust_1") -> int:
        """Add up the open holds of a wallet."""
        return sum(
            hold.amount_minor
            for hold in self.holds.values()
            if hold.customer_id == customer_id and hold.state is HoldState.HELD
        )
