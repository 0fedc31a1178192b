"""What a wallet can do for its owner and for an admin, in words of the shop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo.database import Database

from backend.db import Document
from backend.ledger import Claim, Entry, Ledger, Posting, Row, Verb, Wallet
from backend.transactions import TransactionFilter, TransactionPage, Transactions

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

    def add_credits(self, customer_id: str, amount_minor: int, movement: Movement) -> Entry:
        """Put money into a wallet."""
        return self._move(Verb.CREDIT, customer_id, amount_minor, movement)

    def deduct_credits(self, customer_id: str, amount_minor: int, movement: Movement) -> Entry:
        """Take money out of a wallet, never more than is available."""
        return self._move(Verb.DEBIT, customer_id, amount_minor, movement)

    def refund_credits(self, customer_id: str, amount_minor: int, movement: Movement) -> Entry:
        """Give money back into a wallet."""
        return self._move(Verb.REFUND, customer_id, amount_minor, movement)

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
        posting = Posting(
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
            metadata=movement.metadata or {},
        )
        return self._ledger.move(posting, claims=movement.claims, rows=movement.rows)
