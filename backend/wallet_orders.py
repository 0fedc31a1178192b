"""Orders that are paid out of the wallet alone."""

from datetime import UTC, datetime

from pymongo.database import Database

from backend.db import Document
from backend.errors import AmountMismatch, ClaimLost, OrderNotPayable
from backend.integration_log import Happening, LogKind
from backend.ledger import Claim, Entry
from backend.ledger.chain import entry_id
from backend.order_service import PAYABLE, Order, OrderPayment, OrderStatus
from backend.outbox import Event
from backend.payment_events import paid_by_wallet
from backend.payment_store import PaymentStore
from backend.payment_values import PaymentStatus
from backend.split_holds import SplitHolds
from backend.wallet_service import Movement, WalletService

METHOD = "wallet"


class WalletOrders:
    """Takes an order's whole amount out of the wallet, once."""

    def __init__(
        self,
        database: Database[Document],
        *,
        wallets: WalletService,
        holds: SplitHolds,
    ) -> None:
        self._store = PaymentStore(database)
        self._wallets = wallets
        self._holds = holds

    def pay(self, order: Order, amount_minor: int) -> Entry:
        """Pay an order and give the entry; for an order that was paid so before, the entry of that time."""
        key = f"order:{order.id}:wallet"
        if not _is_paid_so(order, key):
            order.check_payable()
        due_minor = order.amount_due_minor or order.paid_wallet_minor
        if amount_minor != due_minor:
            raise AmountMismatch(amount_due_minor=order.amount_due_minor, currency=order.currency)
        try:
            entry = self._wallets.deduct_credits(order.customer_id, amount_minor, _movement(order, key))
        except ClaimLost:
            raise OrderNotPayable from None
        self._give_up_gateway(order.id)
        return entry

    def _give_up_gateway(self, order_id: str) -> None:
        """Cancel the payment that was open at a gateway; money that comes all the same is not lost."""
        payment = self._store.by_order(order_id)
        if payment and payment.is_open:
            self._store.move(payment.id, PaymentStatus.CANCELLED)
            self._holds.settle(payment.id)


def _is_paid_so(order: Order, key: str) -> bool:
    return order.wallet_transaction_id == entry_id(key)


def _movement(order: Order, key: str) -> Movement:
    happening = Happening(
        kind=LogKind.ORDER_PAYMENT,
        customer_id=order.customer_id,
        amount_minor=order.amount_due_minor,
        currency=order.currency,
        order_id=order.id,
        transaction_id=entry_id(key),
        gateway=METHOD,
    )
    return Movement(
        key=key,
        account="orders",
        reason=f"Order {order.id}",
        source="purchase",
        order_id=order.id,
        claims=[_claim(order, entry_id(key))],
        rows=[happening.row(), _event(order, entry_id(key)).row()],
    )


def _event(order: Order, transaction_id: str) -> Event:
    return paid_by_wallet(
        customer_id=order.customer_id,
        order_id=order.id,
        amount_minor=order.amount_due_minor,
        currency=order.currency,
        transaction_id=transaction_id,
    )


def _claim(order: Order, transaction_id: str) -> Claim:
    now = datetime.now(UTC)
    paid = {
        "status": OrderStatus.CONFIRMED.value,
        "payment_status": OrderPayment.PAID.value,
        "payment_method": METHOD,
        "payment_transaction_id": transaction_id,
        "wallet_transaction_id": transaction_id,
        "paid_wallet": order.amount_due_minor,
        "amount_paid": order.amount_minor,
        "paid_at": now,
        "updated_at": now,
    }
    guard = {**PAYABLE, "amount": order.amount_minor, "amount_paid": order.amount_paid_minor}
    return Claim(collection="orders", id=order.id, guard=guard, update={"$set": paid})
