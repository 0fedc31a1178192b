"""What a wallet can do for its owner and for an admin, in words of the shop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo.database import Database

from backend.db import Document
from backend.ledger import Claim, Entry, Hold, Ledger, Posting, Row, Verb, Wallet
from backend.transactions import TransactionFilter, TransactionPage, Transactions
from backend.wallet_events import credited_row, low_balance_row

CALL_RATE = "call_rate_per_minute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Why money moves, and the key that lets it move only once."""

    key: str
    account: str
    reason: str
    source: str
    order_id: str | None = None
    call_id: str | None = None
    hold_id: str | None = None
    expires_at: datetime | None = None
    metadata: dict[str, str] | None = None
    claims: Sequence[Claim] = ()
    rows: Sequence[Row] = ()


class WalletService:
    """Adds, takes and gives back credits, and tells what is there."""

    def __init__(
        self,
        database: Database[Document],
        ledger: Ledger,
        transactions: Transactions,
        *,
        currency: str,
        default_call_rate_minor: int,
        low_balance_threshold_minor: int,
    ) -> None:
        self._settings = database["wallet_settings"]
        self._ledger = ledger
        self._transactions = transactions
        self._currency = currency
        self._default_call_rate_minor = default_call_rate_minor
        self._low_balance_threshold_minor = low_balance_threshold_minor
        if_low = low_balance_row(low_balance_threshold_minor)
        self._told_of = {Verb.CREDIT: [credited_row()], Verb.DEBIT: [if_low], Verb.CAPTURE: [if_low]}

    def add_credits(self, customer_id: str, amount_minor: int, movement: Movement) -> Entry:
        """Put money into a wallet."""
        return self._move(Verb.CREDIT, customer_id, amount_minor, movement)

    def deduct_credits(self, customer_id: str, amount_minor: int, movement: Movement) -> Entry:
        """Take money out of a wallet, never more than is available."""
        return self._move(Verb.DEBIT, customer_id, amount_minor, movement)

    def refund_credits(self, customer_id: str, amount_minor: int, movement: Movement) -> Entry:
        """Give money back into a wallet."""
        return self._move(Verb.REFUND, customer_id, amount_minor, movement)

    def hold_credits(self, customer_id: str, amount_minor: int, movement: Movement) -> Hold:
        """Set money aside; the same key gives the same hold as it is now."""
        posting = self._posting(Verb.HOLD, customer_id, amount_minor, movement)
        return self._ledger.reserve(posting, claims=movement.claims, rows=movement.rows)

    def capture_hold(self, customer_id: str, amount_minor: int, movement: Movement) -> Entry:
        """Take money that was set aside; what was held beyond it is free again."""
        return self._move(Verb.CAPTURE, customer_id, amount_minor, movement)

    def release_hold(self, customer_id: str, movement: Movement) -> Hold:
        """Free all the money that was set aside."""
        posting = self._posting(Verb.RELEASE, customer_id, 0, movement)
        return self._ledger.reserve(posting, claims=movement.claims, rows=movement.rows)

    def get_transaction(self, transaction_id: str) -> Document | None:
        """Find an entry as it is stored."""
        return self._transactions.find(transaction_id)

    def get_wallet(self, customer_id: str) -> Wallet:
        """Show a wallet as it is now."""
        return self._ledger.wallet(customer_id)

    def is_low(self, wallet: Wallet) -> bool:
        """Tell whether the owner should be reminded to top up."""
        return wallet.available_minor < self._low_balance_threshold_minor

    def get_transaction_history(self, customer_id: str, *, limit: int, skip: int) -> TransactionPage:
        """List a wallet's entries, newest first."""
        self._ledger.wallet(customer_id)
        return self._transactions.page(TransactionFilter(customer_id=customer_id), limit=limit, skip=skip)

    def call_rate_minor(self) -> int:
        """Tell what a minute costs."""
        setting = self._settings.find_one({"_id": CALL_RATE})
        return int(setting["value_minor"]) if setting else self._default_call_rate_minor

    def set_call_rate(self, rate_minor: int, *, changed_by: str) -> int:
        """Change what a minute costs, and remember who did it and when."""
        change = {"value_minor": rate_minor, "changed_by": changed_by, "changed_at": datetime.now(UTC)}
        self._settings.update_one(
            {"_id": CALL_RATE},
            {"$set": {"value_minor": rate_minor}, "$push": {"history": change}},
            upsert=True,
        )
        return rate_minor

    def _move(self, verb: Verb, customer_id: str, amount_minor: int, movement: Movement) -> Entry:
        posting = self._posting(verb, customer_id, amount_minor, movement)
        rows = [*movement.rows, *self._told_of.get(verb, [])]
        return self._ledger.move(posting, claims=movement.claims, rows=rows)

    def _posting(self, verb: Verb, customer_id: str, amount_minor: int, movement: Movement) -> Posting:
        return Posting(
            verb=verb,
            customer_id=customer_id,
            key=movement.key,
            amount_minor=amount_minor,
            currency=self._currency,
            account=movement.account,
            reason=movement.reason,
            source=movement.source,
            order_id=movement.order_id,
            call_id=movement.call_id,
            hold_id=movement.hold_id,
            expires_at=movement.expires_at,
            metadata=movement.metadata or {},
        )
