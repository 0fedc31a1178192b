"""Lets a split payment become paid as a whole: the wallet's part and the gateway's together or not at all."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from pymongo.database import Database

from backend.claims import decided_anew
from backend.db import Document
from backend.errors import HoldClosed, IdempotencyKeyReused, InsufficientBalance, InvalidAmount
from backend.gateways.port import GatewayPayment
from backend.integration_log import Happening, LogKind
from backend.ledger import Claim, Entry, Row
from backend.ledger.chain import entry_id
from backend.order_service import PAYABLE, OrderPayment, OrderStatus
from backend.payment_completion import Misfit, completing
from backend.payment_events import paid_by_gateway
from backend.payment_exceptions import ExceptionReason, capture_document
from backend.payment_store import PaymentStore
from backend.payment_values import Attempt, Payment, PaymentStatus, gateway_key, method_of
from backend.split_holds import ACCOUNT
from backend.topup_completion import credit_of, metadata_of
from backend.wallet_service import Movement, WalletService

Move = Callable[[str, int, Movement], Entry]


class SplitCompletion:
    """Captures the hold; after it was freed, debits the wallet, or else keeps the money in it."""

    def __init__(self, database: Database[Document], *, wallets: WalletService) -> None:
        self._captures = database["captures"]
        self._orders = database["orders"]
        self._store = PaymentStore(database)
        self._wallets = wallets

    def complete(self, payment: Payment, attempt: Attempt, seen: GatewayPayment) -> None:
        """Find the way that is open now; when others change things meanwhile, look again."""
        decided_anew(
            partial(self._complete, payment, attempt, seen),
            too_busy="Too much happens to this payment at once. Please try again.",
        )

    def _complete(self, payment: Payment, attempt: Attempt, seen: GatewayPayment) -> None:
        if self._captures.find_one({"_id": gateway_key(seen.gateway, seen.id)}, {"_id": 1}):
            return None  # This money was applied before.
        self._check_payable(payment)
        capture, debit = self._wallets.capture_hold, self._wallets.deduct_credits
        money = gateway_key(seen.gateway, seen.id)  # Other money must never look like this money again.
        paying = _paying(payment, attempt, seen, key=f"{money}:held-part")
        try:
            return _pay(capture, payment, attempt, replace(paying, hold_id=attempt.hold_id))
        except HoldClosed:  # The hold was freed before the money came.
            paying = _paying(payment, attempt, seen, key=f"{money}:late-part")
        try:
            return _pay(debit, payment, attempt, paying)
        except InsufficientBalance:
            return self._keep(payment, attempt, seen)

    def _keep(self, payment: Payment, attempt: Attempt, seen: GatewayPayment) -> None:
        """Put the gateway's money into the wallet: the order stays unpaid, and nothing is lost."""
        current = self._store.get(payment.id)
        reason = f"Payment of order {payment.order_id} that came too late"
        credit = credit_of(payment, seen, kind=LogKind.LATE_CREDIT, reason=reason, attempt=attempt)
        movement = replace(credit, source="late_payment", claims=[_ended(current, attempt)])
        try:
            self._wallets.add_credits(payment.customer_id, attempt.amount_minor, movement)
        except InvalidAmount:
            raise Misfit(ExceptionReason.WALLET_REFUSED) from None
        except IdempotencyKeyReused:
            return  # This money was settled as an exception before.

    def _check_payable(self, payment: Payment) -> None:
        # The order first: should it be paid in between, by this payment, then that is what is said.
        is_payable = self._orders.find_one({"_id": payment.order_id, **PAYABLE}, {"_id": 1})
        if self._store.get(payment.id).is_paid:
            raise Misfit(ExceptionReason.PAID_TWICE)
        if not is_payable:
            raise Misfit(ExceptionReason.ORDER_NOT_PAYABLE)


def _pay(move: Move, payment: Payment, attempt: Attempt, movement: Movement) -> None:
    move(payment.customer_id, attempt.wallet_minor, movement)


def _paying(payment: Payment, attempt: Attempt, seen: GatewayPayment, *, key: str) -> Movement:
    """Describe how the wallet's part is taken, together with all that the whole payment changes."""
    happening = Happening(
        kind=LogKind.SPLIT_PAYMENT,
        customer_id=payment.customer_id,
        amount_minor=attempt.amount_minor + attempt.wallet_minor,
        currency=payment.currency,
        payment_id=payment.id,
        gateway_payment_id=seen.id,
        order_id=payment.order_id,
        transaction_id=entry_id(key),
        gateway=seen.gateway,
    )
    return Movement(
        key=key,
        account=ACCOUNT,
        reason=f"Part of order {payment.order_id}",
        source="purchase",
        order_id=payment.order_id,
        metadata=metadata_of(seen),
        claims=[completing(payment, attempt, seen), _order_claim(payment, attempt, seen, entry_id(key))],
        rows=[
            Row(collection="captures", document=capture_document(seen, became=payment.id)),
            happening.row(),
            paid_by_gateway(payment, attempt, seen).row(),
        ],
    )


def _order_claim(payment: Payment, attempt: Attempt, seen: GatewayPayment, transaction_id: str) -> Claim:
    now = datetime.now(UTC)
    paid = {
        "status": OrderStatus.CONFIRMED.value,
        "payment_status": OrderPayment.PAID.value,
        "payment_method": method_of(attempt, seen.method),
        "payment_transaction_id": seen.id,
        "paid_wallet": attempt.wallet_minor,
        "wallet_transaction_id": transaction_id,
        "paid_at": now,
        "updated_at": now,
    }
    change = {"$set": paid, "$inc": {"amount_paid": attempt.amount_minor + attempt.wallet_minor}}
    return Claim(collection="orders", id=payment.order_id or "", guard=PAYABLE, update=change)


def _ended(payment: Payment, attempt: Attempt) -> Claim:
    """End the attempt whose gateway order is used up; a newer one goes on as it is."""
    changes: Document = {"updated_at": datetime.now(UTC)}
    if payment.is_open and payment.attempt.number == attempt.number:
        error = {"code": "CREDITED_TO_WALLET", "message": "The money came too late and is in the wallet."}
        changes |= {"status": PaymentStatus.FAILED.value, "error": error}
    guard = {"status": payment.status.value, "attempts": {"$size": len(payment.attempts)}}
    return Claim(collection="payment_orders", id=payment.id, guard=guard, update={"$set": changes})
