"""Applies what gateways say about payments: the one way by which a payment moves forward."""

import logging
from dataclasses import replace

from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.db import Document, in_transaction
from backend.gateways.port import GatewayPayment, PaymentState
from backend.order_service import OrderPayment
from backend.payment_completion import PaymentCompletion
from backend.payment_events import payment_failed
from backend.payment_exceptions import ExceptionReason, PaymentExceptions
from backend.payment_store import PaymentStore
from backend.payment_values import OPEN, Payment, PaymentStatus, gateway_key
from backend.split_holds import SplitHolds

log = logging.getLogger(__name__)

# Money of another kind has used up the gateway's order; the customer needs a new one to pay.
UNPAYABLE_AFTER = (ExceptionReason.AMOUNT_MISMATCH, ExceptionReason.CURRENCY_MISMATCH)


class PaymentOutcomes:
    """Brings payments forward; verify, webhooks, polling and reconciliation all end here."""

    def __init__(
        self,
        database: Database[Document],
        *,
        completion: PaymentCompletion,
        exceptions: PaymentExceptions,
        holds: SplitHolds,
    ) -> None:
        self._database = database
        self._client = database.client
        self._orders = database["orders"]
        self._store = PaymentStore(database)
        self._completion = completion
        self._exceptions = exceptions
        self._holds = holds

    def apply(self, seen: GatewayPayment, *, is_snapshot: bool = False) -> None:
        """Apply what a gateway says; a snapshot may be old, anything else is how things are now."""
        self.apply_to(self._find(seen), seen, is_snapshot=is_snapshot)

    def apply_to(self, payment: Payment | None, seen: GatewayPayment, *, is_snapshot: bool = False) -> None:
        """Apply it to the payment it is known to be about."""
        if seen.state is PaymentState.CAPTURED:
            self._apply_money(payment, seen)
        elif payment is None:
            log.info("a payment of somebody else", extra={"gateway": seen.gateway, "state": seen.state.value})
        elif seen.state in (PaymentState.AUTHORIZED, PaymentState.PENDING):
            self._authorize(payment, seen)
        elif seen.state is PaymentState.FAILED:
            self._fail(payment, seen, is_snapshot=is_snapshot)

    def _apply_money(self, payment: Payment | None, seen: GatewayPayment) -> None:
        has_paid = self._completion.apply(payment, seen)
        reason = None if has_paid or payment is None else self._exceptions.reason_of(seen)
        if payment and reason in UNPAYABLE_AFTER:
            self._fail(payment, replace(seen, error_code=reason), is_snapshot=False)

    def _find(self, seen: GatewayPayment) -> Payment | None:
        """Find the payment by the gateway's order.

        Our own id that went along is good enough only to say whose money could not be applied:
        it may have come through a browser.
        """
        payment = self._store.by_gateway_order(seen.gateway, seen.order_id) if seen.order_id else None
        if payment is None and seen.payment_id and seen.state is PaymentState.CAPTURED:
            payment = self._store.find(seen.payment_id)
        return payment

    def _authorize(self, payment: Payment, seen: GatewayPayment) -> None:
        """Note that the payer of the present attempt has agreed to just what was asked for."""
        is_present = payment.attempt_for(seen.gateway, seen.order_id) == payment.attempt
        if is_present and is_what_we_asked_for(payment, seen):
            changes = {"authorized_payment": gateway_key(seen.gateway, seen.id)}
            unchanged = {"attempts": {"$size": len(payment.attempts)}}
            self._store.move(payment.id, PaymentStatus.AUTHORIZED, changes, guard=unchanged)

    def _fail(self, payment: Payment, seen: GatewayPayment, *, is_snapshot: bool) -> None:
        """End the present attempt; an old message must not undo what was authorised after it."""
        if payment.attempt_for(seen.gateway, seen.order_id) != payment.attempt:
            return
        guard: Document = {"attempts": {"$size": len(payment.attempts)}}
        if is_snapshot:
            guard["status"] = {"$ne": PaymentStatus.AUTHORIZED.value}
        else:
            # What was approved at PayPal goes by its order's id until it is captured.
            same = [gateway_key(seen.gateway, id_) for id_ in (seen.id, seen.order_id) if id_]
            guard["authorized_payment"] = {"$in": [None, *same]}
        error = {"code": seen.error_code, "message": seen.error_text}

        def write(session: ClientSession) -> None:
            failed = self._store.move(
                payment.id, PaymentStatus.FAILED, {"error": error}, guard=guard, session=session
            )
            if failed:
                payment_failed(payment, seen).write(self._database, session)
                self._orders.update_one(
                    {"_id": payment.order_id, "payment_status": OrderPayment.PENDING.value},
                    {"$set": {"payment_status": OrderPayment.FAILED.value}},
                    session=session,
                )

        if payment.status in OPEN:
            in_transaction(self._client, write)
            self._holds.settle(payment.id)


def is_what_we_asked_for(payment: Payment, seen: GatewayPayment) -> bool:
    """Tell whether a payment is for an attempt of ours, to the last paisa."""
    attempt = payment.attempt_for(seen.gateway, seen.order_id)
    asked = attempt and (attempt.charge_minor, attempt.charge_currency)
    return (seen.amount_minor, seen.currency) == asked
