"""Orders that the wallet and a gateway pay together."""

from datetime import UTC, datetime, timedelta

from pymongo.database import Database

from backend.db import Document
from backend.errors import AppError, InvalidAmount
from backend.order_service import Order
from backend.payment_inquiry import PaymentInquiry
from backend.payment_opening import Opened, PaymentOpening, matching
from backend.payment_store import PaymentStore
from backend.payment_values import Payment, PaymentStatus
from backend.payment_wish import PaymentWish, with_hold
from backend.split_holds import BEING_PAID, SplitHolds


class SplitPayments:
    """Sets the wallet's part aside, and opens a payment of the rest."""

    def __init__(
        self,
        database: Database[Document],
        *,
        opening: PaymentOpening,
        inquiry: PaymentInquiry,
        holds: SplitHolds,
        timeout_minutes: int,
    ) -> None:
        self._store = PaymentStore(database)
        self._opening = opening
        self._inquiry = inquiry
        self._holds = holds
        self._timeout = timedelta(minutes=timeout_minutes)

    def open(self, order: Order, wish: PaymentWish, *, key: str) -> Opened:
        """Open a split payment, or hand back the one that is open already."""
        order.check_payable()
        if wish.wallet_minor >= order.amount_due_minor:
            raise InvalidAmount(
                "The wallet's part must be less than what is due.",
                amount_due_minor=order.amount_due_minor,
                currency=order.currency,
            )
        found = self._present(order)
        if found and found.status in BEING_PAID:
            return Opened(payment=matching(found, wish), is_new=False)
        expires_at = datetime.now(UTC) + self._timeout
        hold = self._holds.place(order, wish.wallet_minor, key=key, expires_at=expires_at)
        try:
            opened = self._opening.open(order, with_hold(wish, hold.id))
        except AppError:
            self._release_unless_paying(order, hold.id)
            raise
        if opened.payment.attempt.hold_id != hold.id:  # Somebody else was faster.
            self._holds.release(order.customer_id, hold.id)
        return opened

    def _present(self, order: Order) -> Payment | None:
        """Find the order's payment; one whose time is over is ended first."""
        payment = self._store.by_order(order.id)
        if payment is None or payment.status is not PaymentStatus.INITIATED:
            return payment
        is_over = payment.attempt.expires_at <= datetime.now(UTC)
        return self._inquiry.expire(payment) if is_over else payment

    def _release_unless_paying(self, order: Order, hold_id: str) -> None:
        payment = self._store.by_order(order.id)
        is_paying = payment is not None and payment.status in BEING_PAID
        if not (is_paying and payment and payment.attempt.hold_id == hold_id):
            self._holds.release(order.customer_id, hold_id)
