"""Gives the money of a gateway payment back into the wallet, through the ledger and nothing else."""

from datetime import UTC, datetime

from pymongo.database import Database

from backend.db import Document
from backend.errors import ClaimLost, Conflict, OrderNotFound
from backend.ledger import Claim, Row
from backend.order_service import OrderPayment, OrderStatus
from backend.payment_store import PaymentStore
from backend.payment_values import PAID, Payment, PaymentStatus
from backend.refund_booking import checked_amount, refund_document
from backend.refund_values import Refund, RefundStatus, RefundWish, read_refund
from backend.wallet_service import Movement, WalletService

MAX_TRIES = 20


class RefundToWallet:
    """Credits a wallet and books the refund on payment and order, all in one ledger batch."""

    def __init__(self, database: Database[Document], *, wallets: WalletService) -> None:
        self._payments = database["payment_orders"]
        self._orders = database["orders"]
        self._store = PaymentStore(database)
        self._wallets = wallets

    def refund(self, wish: RefundWish) -> Refund:
        """Give it back at once; when others change the payment meanwhile, decide anew."""
        for _ in range(MAX_TRIES):
            payment = self._store.get(wish.payment_id)
            amount_minor = checked_amount(payment, wish)
            document = self._document(payment, wish, amount_minor)
            movement = Movement(
                key=wish.refund_id,
                account="orders",
                reason=f"Refund of order {payment.order_id}",
                source="refund",
                order_id=payment.order_id,
                metadata={"payment_id": payment.id, "gateway": payment.attempt.gateway},
                claims=[_payment_claim(payment, document), self._order_claim(payment, amount_minor)],
                rows=[Row(collection="refunds", document=document)],
            )
            try:
                self._wallets.refund_credits(payment.customer_id, amount_minor, movement)
            except ClaimLost:
                continue
            return read_refund(document)
        raise Conflict("Too many refunds of this payment at once. Please try again.")

    def _document(self, payment: Payment, wish: RefundWish, amount_minor: int) -> Document:
        row = self._payments.find_one({"_id": payment.id}) or {}
        ended = {"status": RefundStatus.COMPLETED.value, "completed_at": datetime.now(UTC)}
        return refund_document(row, wish, amount_minor) | ended

    def _order_claim(self, payment: Payment, amount_minor: int) -> Claim:
        order = self._orders.find_one({"_id": payment.order_id})
        if order is None:
            raise OrderNotFound
        refunded_minor = order["refund_amount"] + amount_minor
        is_whole = refunded_minor >= order["amount"]
        changes = {
            "refund_amount": refunded_minor,
            "payment_status": str(OrderPayment.REFUNDED if is_whole else OrderPayment.PARTIALLY_REFUNDED),
            "status": OrderStatus.REFUNDED.value if is_whole else order["status"],
            "refunded_at": datetime.now(UTC),
            "updated_at": datetime.now(UTC),
        }
        guard = {"refund_amount": order["refund_amount"], "status": order["status"]}
        return Claim(collection="orders", id=payment.order_id, guard=guard, update={"$set": changes})


def _payment_claim(payment: Payment, refund: Document) -> Claim:
    """Count the refund on the payment, if it is still as it was when the amount was checked."""
    refunded_minor = payment.refunded_minor + refund["amount"]
    is_whole = refunded_minor >= payment.amount_minor
    status = PaymentStatus.REFUNDED if is_whole else PaymentStatus.PARTIAL_REFUND
    changes = {"refunded": refunded_minor, "status": status.value, "updated_at": datetime.now(UTC)}
    return Claim(
        collection="payment_orders",
        id=payment.id,
        guard={
            "status": {"$in": [status.value for status in PAID]},
            "refunded": payment.refunded_minor,
            "refund_reserved": payment.refund_reserved_minor,
        },
        update={"$set": changes, "$inc": {"refund_charge": refund["charge"]}},
    )
