"""Gives the money of an order back into the wallet, whatever has paid it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from pymongo.database import Database

from backend.claims import decided_anew
from backend.db import Document
from backend.errors import RefundExceedsPayment, RefundNotAllowed
from backend.integration_log import Happening, LogKind, LogStatus
from backend.ledger import Claim, Row
from backend.ledger.chain import entry_id
from backend.ledger.documents import entry_document
from backend.order_service import Order, OrderPayment, OrderService
from backend.payment_events import refund_completed
from backend.payment_store import PaymentStore
from backend.payment_values import Payment
from backend.refund_booking import is_there, order_refunded, payment_refunded, refund_row
from backend.refund_values import Destination, RefundReason, RefundStatus, RefundWish
from backend.wallet_service import Movement, WalletService

REFUNDABLE = (OrderPayment.PAID, OrderPayment.PARTIALLY_REFUNDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefundWish:
    """What an admin wants to give back of an order."""

    refund_id: str
    order_id: str
    amount_minor: int
    reason: str
    admin_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """Where a refund is drawn from: the wallet's part of the order first, then the gateway's."""

    wallet_minor: int
    gateway_minor: int
    payment: Payment | None


class OrderRefunds:
    """Credits a wallet and books the refund on order and payment, all in one ledger batch."""

    def __init__(
        self, database: Database[Document], *, orders: OrderService, wallets: WalletService, most: int
    ) -> None:
        self._refunds = database["refunds"]
        self._store = PaymentStore(database)
        self._orders = orders
        self._wallets = wallets
        self._most = most

    def refund(self, wish: OrderRefundWish) -> Document:
        """Give money back at once, and give the entry; the same refund id never gives it back twice."""
        return decided_anew(
            partial(self._refund, wish),
            too_busy="Too many refunds of this order at once. Please try again.",
        )

    def _refund(self, wish: OrderRefundWish) -> Document:
        found = self._wallets.get_transaction(entry_id(wish.refund_id))
        if found is not None:
            return found
        order = self._orders.get(wish.order_id, owner_id=None)
        self._check_count(order)
        parts = self._parts(order, wish.amount_minor)
        movement = self._movement(order, wish, parts)
        entry = self._wallets.refund_credits(order.customer_id, wish.amount_minor, movement)
        return entry_document(entry)

    def _check_count(self, order: Order) -> None:
        """Allow only so many; the claim on the order's refunds sees to it that none slips in between."""
        if order.payment_status not in REFUNDABLE:
            raise RefundNotAllowed("Only what was paid can be refunded.", payment_status=order.payment_status)
        counted = {"order_id": order.id, "status": {"$ne": RefundStatus.FAILED.value}, "part_of": None}
        if self._refunds.count_documents(counted) >= self._most:
            raise RefundNotAllowed("This order was refunded too often.", limit=self._most)

    def _parts(self, order: Order, amount_minor: int) -> _Parts:
        payment = self._store.by_order(order.id)
        wallet_left_minor = order.paid_wallet_minor - order.wallet_refunded_minor
        gateway_left_minor = payment.refundable_minor if payment else 0
        if amount_minor > wallet_left_minor + gateway_left_minor:
            left_minor = wallet_left_minor + gateway_left_minor
            raise RefundExceedsPayment(refundable_minor=left_minor, currency=order.currency)
        wallet_minor = min(amount_minor, wallet_left_minor)
        return _Parts(wallet_minor=wallet_minor, gateway_minor=amount_minor - wallet_minor, payment=payment)

    def _movement(self, order: Order, wish: OrderRefundWish, parts: _Parts) -> Movement:
        claims, rows = [_order_claim(order, wish, parts)], []
        if parts.wallet_minor:
            rows.append(_wallet_part(order, wish, parts.wallet_minor))
        if parts.gateway_minor and parts.payment:
            claim, row = _gateway_part(wish, parts.payment, parts.gateway_minor)
            claims.append(claim)
            rows.append(row)
        first, *others = rows
        rows = [first, *(row | {"_id": f"{wish.refund_id}-2", "part_of": first["_id"]} for row in others)]
        return Movement(
            key=wish.refund_id,
            account="orders",
            reason=wish.reason,
            source="refund",
            order_id=order.id,
            claims=claims,
            rows=[
                *(Row(collection="refunds", document=row) for row in rows),
                _log_row(order, wish, parts),
                refund_completed(first | {"amount": wish.amount_minor}).row(),
            ],
        )


def _gateway_part(wish: OrderRefundWish, payment: Payment, amount_minor: int) -> tuple[Claim, Document]:
    """Describe what is drawn on the gateway's payment; the gateway itself has no part in it."""
    as_wish = RefundWish(
        payment_id=payment.id,
        refund_id=wish.refund_id,
        amount_minor=amount_minor,
        reason=RefundReason.OTHER,
        destination=Destination.WALLET,
        notes=wish.reason,
        admin_id=wish.admin_id,
    )
    claim = Claim(
        collection="payment_orders",
        id=payment.id,
        guard=is_there(as_wish, amount_minor),
        update=payment_refunded(amount_minor, wallet_refunded=amount_minor),
    )
    return claim, refund_row(payment, as_wish, amount_minor, 0) | _completed()


def _wallet_part(order: Order, wish: OrderRefundWish, amount_minor: int) -> Document:
    """Describe what goes back where it came from; the payment is the wallet's own transaction."""
    return {
        "_id": wish.refund_id,
        "payment_id": order.wallet_transaction_id,
        "order_id": order.id,
        "customer_id": order.customer_id,
        "amount": amount_minor,
        "currency": order.currency,
        "charge": 0,
        "charge_currency": order.currency,
        "destination": Destination.WALLET.value,
        "reason": RefundReason.OTHER.value,
        "notes": wish.reason,
        "gateway": "wallet",
        "gateway_payment_id": order.wallet_transaction_id,
        "requested_by": wish.admin_id,
        "created_at": datetime.now(UTC),
        **_completed(),
    }


def _completed() -> Document:
    return {"status": RefundStatus.COMPLETED.value, "completed_at": datetime.now(UTC)}


def _order_claim(order: Order, wish: OrderRefundWish, parts: _Parts) -> Claim:
    """Count the refund on the order, if it is still as it was when the amount was checked."""
    wallet_refunded_minor = order.wallet_refunded_minor + parts.wallet_minor
    counted = {"$set": {"wallet_refunded": wallet_refunded_minor}}
    guard = {
        "refund_amount": order.refund_amount_minor,
        "payment_status": order.payment_status.value,
        "status": order.status.value,
    }
    return Claim(
        collection="orders", id=order.id, guard=guard, update=[*order_refunded(wish.amount_minor), counted]
    )


def _log_row(order: Order, wish: OrderRefundWish, parts: _Parts) -> Row:
    payment = parts.payment if parts.gateway_minor else None
    happening = Happening(
        kind=LogKind.REFUND,
        status=LogStatus.REFUNDED,
        customer_id=order.customer_id,
        amount_minor=wish.amount_minor,
        currency=order.currency,
        order_id=order.id,
        transaction_id=entry_id(wish.refund_id),
        gateway="wallet",
    )
    if payment:
        happening = replace(happening, payment_id=payment.id, gateway=payment.attempt.gateway)
    return happening.row()
