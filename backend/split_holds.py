"""The wallet's part of a split payment: set aside, and freed as soon as its attempt has ended."""

import logging
from collections.abc import Iterator
from datetime import datetime
from itertools import count

from pymongo.database import Database

from backend.db import Document
from backend.errors import HoldClosed, InsufficientBalance, RequestInProgress
from backend.ledger import Hold
from backend.ledger.values import HoldState
from backend.order_service import PAYABLE, Order
from backend.payment_store import PaymentStore
from backend.payment_values import PaymentStatus
from backend.wallet_service import Movement, WalletService

log = logging.getLogger(__name__)

ACCOUNT = "orders"
BEING_PAID = (PaymentStatus.INITIATED, PaymentStatus.AUTHORIZED)


class SplitHolds:
    """Places and releases holds; what a release meets too late is judged when the money comes."""

    def __init__(self, database: Database[Document], *, wallets: WalletService) -> None:
        self._holds = database["wallet_holds"]
        self._orders = database["orders"]
        self._store = PaymentStore(database)
        self._wallets = wallets

    def place(self, order: Order, wallet_minor: int, *, key: str, expires_at: datetime) -> Hold:
        """Set the wallet's part aside; a repeated request finds its own hold again, unless it was freed."""
        for number in count():
            movement = Movement(
                key=f"split:{key}:{number}",
                account=ACCOUNT,
                reason=f"Part of order {order.id}",
                source="purchase",
                order_id=order.id,
                expires_at=expires_at,
            )
            hold = self._held(order, wallet_minor, movement)
            if hold.state is HoldState.HELD:
                return hold
        raise RequestInProgress

    def release(self, customer_id: str, hold_id: str) -> bool:
        """Free a hold, and tell whether it is free; one that was captured stays captured."""
        movement = Movement(
            key=f"release:{hold_id}",
            account=ACCOUNT,
            reason="The payment has ended",
            source="purchase",
            hold_id=hold_id,
        )
        try:
            self._wallets.release_hold(customer_id, movement)
        except HoldClosed:
            return False
        return True

    def settle(self, payment_id: str) -> None:
        """Free the holds of all attempts that have ended; an attempt that ended never lives again."""
        payment = self._store.get(payment_id)
        for attempt in payment.attempts:
            if attempt.hold_id is None or attempt.number == payment.paid_by:
                continue
            is_last = attempt is payment.attempts[-1]
            if not (is_last and payment.is_open and self._is_payable(payment.order_id)):
                self.release(payment.customer_id, attempt.hold_id)

    def forgotten(self, *, before: datetime) -> Iterator[Document]:
        """Give the holds that nobody is paying for, and that were placed before a moment."""
        query = {"state": HoldState.HELD.value, "account": ACCOUNT, "updated_at": {"$lt": before}}
        return (hold for hold in self._holds.find(query) if not self._is_wanted(hold))

    def _held(self, order: Order, wallet_minor: int, movement: Movement) -> Hold:
        try:
            return self._wallets.hold_credits(order.customer_id, wallet_minor, movement)
        except InsufficientBalance:
            mine = {"state": HoldState.HELD.value, "customer_id": order.customer_id, "order_id": order.id}
            if self._holds.find_one(mine, {"_id": 1}):  # Another request is opening the same payment.
                raise RequestInProgress from None
            raise

    def _is_wanted(self, hold: Document) -> bool:
        payment = self._store.by_order(hold["order_id"])
        if payment is None or payment.status not in BEING_PAID:
            return False
        return payment.attempt.hold_id == hold["_id"] and self._is_payable(payment.order_id)

    def _is_payable(self, order_id: str | None) -> bool:
        return self._orders.find_one({"_id": order_id, **PAYABLE}, {"_id": 1}) is not None
