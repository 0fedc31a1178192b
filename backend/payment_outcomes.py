"""Applies what gateways say about payments: the one way by which a payment becomes paid."""

import logging
from collections.abc import Iterable
from dataclasses import replace

from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.db import Document, in_transaction
from backend.errors import AmountMismatch
from backend.gateways.errors import GatewayNotFound, GatewayRefused, InvalidSignature
from backend.gateways.port import GatewayPayment, PaymentGateway, PaymentState
from backend.gateways.registry import Gateways
from backend.order_service import PAYABLE, OrderPayment
from backend.payment_completion import PaymentCompletion
from backend.payment_exceptions import ExceptionReason, PaymentExceptions
from backend.payment_store import PaymentStore
from backend.payment_values import OPEN, Attempt, Payment, PaymentStatus, gateway_key

log = logging.getLogger(__name__)

# What is applied first when a gateway knows several payments of one order: money before hopes.
_ORDER_OF_STATES = (
    PaymentState.CAPTURED,
    PaymentState.PENDING,
    PaymentState.AUTHORIZED,
    PaymentState.FAILED,
    PaymentState.CREATED,
)


# Money of another kind has used up the gateway's order; the customer needs a new one to pay.
UNPAYABLE_AFTER = (ExceptionReason.AMOUNT_MISMATCH, ExceptionReason.CURRENCY_MISMATCH)


class MoneyMisfits(AmountMismatch):
    """The money has come, and cannot be applied to the order it was meant for."""

    message = "The money has arrived but does not fit this order. The shop has been told and will settle it."


class PaymentOutcomes:
    """Brings payments forward; verify, webhooks, polling and reconciliation all end here."""

    def __init__(
        self, database: Database[Document], *, gateways: Gateways, exceptions: PaymentExceptions
    ) -> None:
        self._client = database.client
        self._orders = database["orders"]
        self._store = PaymentStore(database)
        self._gateways = gateways
        self._exceptions = exceptions
        self._completion = PaymentCompletion(database, exceptions=exceptions)

    def verify(self, payment: Payment, *, gateway_payment_id: str, signature: str) -> Payment:
        """Believe the browser only as far as its signature goes; whether there is money, the gateway says."""
        attempt, gateway = self._signed_attempt(payment, gateway_payment_id, signature)
        if payment.is_paid and payment.gateway_payment_id == gateway_payment_id:
            return payment
        seen = gateway.fetch_payment(gateway_payment_id)
        if seen.order_id != attempt.gateway_order_id:
            raise InvalidSignature("This payment belongs to another order.")
        seen = self._captured(payment, seen, gateway)
        self._apply(payment, seen)
        paid = self._store.get(payment.id)
        if seen.state is PaymentState.CAPTURED and paid.gateway_payment_id != seen.id:
            raise MoneyMisfits(exception=self._exceptions.reason_of(seen))
        return paid

    def ask(self, payment: Payment) -> Payment:
        """Ask the gateways what happened to every attempt, take what is authorised, and apply it all."""
        for attempt in payment.attempts:
            if attempt.gateway_order_id is None:
                continue
            gateway = self._gateways.get(attempt.gateway)
            for seen in _in_order(_payments_of(attempt.gateway_order_id, gateway)):
                self._apply(payment, self._captured(payment, seen, gateway))
        return self._store.get(payment.id)

    def expire(self, payment: Payment) -> Payment:
        """End a payment whose time is over, unless the gateway knows of money or of a payer who agreed."""
        asked = self.ask(payment)
        if asked.status in (PaymentStatus.PENDING, PaymentStatus.INITIATED):
            self._store.move(payment.id, PaymentStatus.EXPIRED, guard={"status": asked.status.value})
        return self._store.get(payment.id)

    def apply(self, seen: GatewayPayment, *, is_snapshot: bool = False) -> None:
        """Apply what a gateway says; a snapshot may be old, anything else is how things are now."""
        self._apply(self._find(seen), seen, is_snapshot=is_snapshot)

    def _apply(self, payment: Payment | None, seen: GatewayPayment, *, is_snapshot: bool = False) -> None:
        if seen.state is PaymentState.CAPTURED:
            reason = self._completion.apply(payment, seen)
            if payment and reason in UNPAYABLE_AFTER:
                self._fail(payment, replace(seen, error_code=reason.value), is_snapshot=False)
        elif payment is None:
            log.info("a payment of somebody else", extra={"gateway": seen.gateway, "state": seen.state.value})
        elif seen.state in (PaymentState.AUTHORIZED, PaymentState.PENDING):
            if _is_what_we_asked_for(payment, seen):
                changes = {"authorized_payment": gateway_key(seen.gateway, seen.id)}
                self._store.move(payment.id, PaymentStatus.AUTHORIZED, changes)
        elif seen.state is PaymentState.FAILED:
            self._fail(payment, seen, is_snapshot=is_snapshot)

    def _find(self, seen: GatewayPayment) -> Payment | None:
        """Find the payment by the gateway's order.

        Our own id that went along is good enough only to say whose money could not be applied:
        it may have come through a browser.
        """
        payment = self._store.by_gateway_order(seen.gateway, seen.order_id) if seen.order_id else None
        if payment is None and seen.payment_id and seen.state is PaymentState.CAPTURED:
            payment = self._store.find(seen.payment_id)
        return payment

    def _signed_attempt(
        self, payment: Payment, gateway_payment_id: str, signature: str
    ) -> tuple[Attempt, PaymentGateway]:
        """Find the attempt that the signature was made for; the order ids are our own."""
        for attempt in reversed(payment.attempts):
            gateway = self._gateways.get(attempt.gateway)
            if attempt.gateway_order_id is None or not gateway.signs_returns:
                continue
            try:
                gateway.check_return(
                    order_id=attempt.gateway_order_id,
                    gateway_payment_id=gateway_payment_id,
                    signature=signature,
                )
            except InvalidSignature:
                continue
            return attempt, gateway
        raise InvalidSignature

    def _captured(self, payment: Payment, seen: GatewayPayment, gateway: PaymentGateway) -> GatewayPayment:
        """Take authorised money, if it is what we asked for and the order still wants it."""
        is_wanted = (
            seen.state is PaymentState.AUTHORIZED
            and _is_what_we_asked_for(payment, seen)
            and not payment.is_paid
            and self._orders.find_one({"_id": payment.order_id, **PAYABLE}, {"_id": 1}) is not None
        )
        if not is_wanted:
            return seen
        try:
            return gateway.capture(seen)
        except GatewayRefused as refusal:
            log.warning("a gateway refused to capture", extra={"gateway": seen.gateway, "code": refusal.code})
            return seen

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
                self._orders.update_one(
                    {"_id": payment.order_id, "payment_status": OrderPayment.PENDING.value},
                    {"$set": {"payment_status": OrderPayment.FAILED.value}},
                    session=session,
                )

        if payment.status in OPEN:
            in_transaction(self._client, write)


def _is_what_we_asked_for(payment: Payment, seen: GatewayPayment) -> bool:
    """Tell whether a payment is for an attempt of ours, to the last paisa."""
    attempt = payment.attempt_for(seen.gateway, seen.order_id)
    asked = attempt and (attempt.charge_minor, attempt.charge_currency)
    return (seen.amount_minor, seen.currency) == asked


def _payments_of(gateway_order_id: str, gateway: PaymentGateway) -> list[GatewayPayment]:
    """List what was tried; an order that the gateway does not know was not paid there."""
    try:
        return gateway.payments_of(gateway_order_id)
    except GatewayNotFound:
        log.warning("a gateway does not know an order of ours", extra={"gateway": gateway.name})
        return []


def _in_order(payments: Iterable[GatewayPayment]) -> list[GatewayPayment]:
    return sorted(payments, key=lambda seen: _ORDER_OF_STATES.index(seen.state))
