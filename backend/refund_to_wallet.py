"""Gives the money of a gateway payment back into the wallet, through the ledger and nothing else."""

from datetime import UTC, datetime
from functools import partial

from pymongo.database import Database

from backend.claims import decided_anew
from backend.db import Document
from backend.integration_log import Happening, LogKind, LogStatus
from backend.ledger import Claim, Row
from backend.ledger.chain import entry_id
from backend.payment_events import refund_completed
from backend.payment_store import PaymentStore
from backend.payment_values import Payment
from backend.refund_booking import checked_amount, is_there, order_refunded, payment_refunded, refund_row
from backend.refund_values import Refund, RefundStatus, RefundWish, read_refund
from backend.wallet_service import Movement, WalletService


class RefundToWallet:
    """Credits a wallet and books the refund on payment and order, all in one ledger batch."""

    def __init__(self, database: Database[Document], *, wallets: WalletService) -> None:
        self._store = PaymentStore(database)
        self._wallets = wallets

    def refund(self, wish: RefundWish) -> Refund:
        """Give it back at once; when others change what is left meanwhile, decide anew."""
        return decided_anew(
            partial(self._refund, wish),
            too_busy="Too many refunds of this payment at once. Please try again.",
        )

    def _refund(self, wish: RefundWish) -> Refund:
        payment = self._store.get(wish.payment_id)
        amount_minor = checked_amount(payment, wish)
        document = _completed(payment, wish, amount_minor)
        movement = _movement(payment, wish, document)
        self._wallets.refund_credits(payment.customer_id, amount_minor, movement)
        return read_refund(document)


def _completed(payment: Payment, wish: RefundWish, amount_minor: int) -> Document:
    """Describe the refund; the gateway has no part in it."""
    ended = {"status": RefundStatus.COMPLETED.value, "completed_at": datetime.now(UTC)}
    return refund_row(payment, wish, amount_minor, 0) | ended


def _movement(payment: Payment, wish: RefundWish, document: Document) -> Movement:
    amount_minor = document["amount"]
    on_payment = Claim(
        collection="payment_orders",
        id=payment.id,
        guard=is_there(wish, amount_minor),
        update=payment_refunded(amount_minor, wallet_refunded=amount_minor),
    )
    on_order = Claim(
        collection="orders", id=payment.order_id or "", guard={}, update=order_refunded(amount_minor)
    )
    return Movement(
        key=wish.refund_id,
        account="orders",
        reason=f"Refund of order {payment.order_id}",
        source="refund",
        order_id=payment.order_id,
        metadata={"payment_id": payment.id, "gateway": payment.attempt.gateway},
        claims=[on_payment, on_order],
        rows=[
            Row(collection="refunds", document=document),
            _log_row(payment, wish, amount_minor),
            refund_completed(document).row(),
        ],
    )


def _log_row(payment: Payment, wish: RefundWish, amount_minor: int) -> Row:
    happening = Happening(
        kind=LogKind.REFUND,
        status=LogStatus.REFUNDED,
        customer_id=payment.customer_id,
        amount_minor=amount_minor,
        currency=payment.currency,
        payment_id=payment.id,
        gateway_payment_id=payment.gateway_payment_id,
        order_id=payment.order_id,
        transaction_id=entry_id(wish.refund_id),
        gateway=payment.attempt.gateway,
    )
    return happening.row()
