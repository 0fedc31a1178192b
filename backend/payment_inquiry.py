"""Asks gateways what became of payments, takes what a payer has agreed to, and has it all applied."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pymongo.database import Database

from backend.db import Document
from backend.errors import AmountMismatch, OrderNotPayable
from backend.gateways.errors import (
    GatewayError,
    GatewayNotFound,
    GatewayRefused,
    InvalidSignature,
)
from backend.gateways.port import GatewayPayment, PaymentGateway, PaymentState
from backend.gateways.registry import Gateways
from backend.order_service import PAYABLE
from backend.payment_exceptions import ExceptionReason, PaymentExceptions
from backend.payment_outcomes import PaymentOutcomes, is_what_we_asked_for
from backend.payment_store import PaymentStore
from backend.payment_values import Attempt, Payment, PaymentStatus
from backend.refund_service import RefundService
from backend.split_holds import SplitHolds

log = logging.getLogger(__name__)

# What is applied first when a gateway knows several payments of one order: money before hopes.
_ORDER_OF_STATES = (
    PaymentState.CAPTURED,
    PaymentState.PENDING,
    PaymentState.AUTHORIZED,
    PaymentState.FAILED,
    PaymentState.CREATED,
)
_MAY_BECOME_MONEY = (PaymentState.AUTHORIZED, PaymentState.PENDING, PaymentState.CAPTURED)
# A charge while the payer is away is begun by the gateway, which gives notice and waits a day or more.
_NOTICE = timedelta(days=5)


class MoneyMisfits(AmountMismatch):
    """The money has come, and is not what the order asked for."""

    message = "The money has arrived but does not fit this order. The shop has been told and will settle it."


class MoneyTooLate(OrderNotPayable):
    """The money has come for an order that takes none any more."""

    message = "The money has arrived, but this order was paid or cancelled before. The shop will settle it."


class PaymentInquiry:
    """Finds out how payments stand; only here does asking lead to capturing."""

    def __init__(
        self,
        database: Database[Document],
        *,
        gateways: Gateways,
        outcomes: PaymentOutcomes,
        refunds: RefundService,
        exceptions: PaymentExceptions,
        holds: SplitHolds,
    ) -> None:
        self._orders = database["orders"]
        self._store = PaymentStore(database)
        self._gateways = gateways
        self._outcomes = outcomes
        self._refunds = refunds
        self._exceptions = exceptions
        self._holds = holds

    def verify(self, payment: Payment, *, gateway_payment_id: str, signature: str) -> Payment:
        """Believe the browser only as far as its signature goes; whether there is money, the gateway says."""
        attempt, gateway = self._signed_attempt(payment, gateway_payment_id, signature)
        if payment.is_paid and payment.gateway_payment_id == gateway_payment_id:
            return payment
        seen = gateway.fetch_payment(gateway_payment_id)
        if seen.order_id != attempt.gateway_order_id:
            raise InvalidSignature("This payment belongs to another order.")
        told = self._told(payment, seen, is_payer_back=True)
        paid = self._store.get(payment.id)
        if told.state is PaymentState.CAPTURED and paid.gateway_payment_id != told.id:
            self._check_applied(told)
        return paid

    def ask(self, payment: Payment, *, is_payer_back: bool = False) -> Payment:
        """Ask what happened to every attempt and apply it; a payer who comes back still wants to pay."""
        _, failures = self._ask(payment, is_payer_back=is_payer_back)
        asked = self._store.get(payment.id)
        if payment.attempt.number in failures and not asked.is_paid:
            raise failures[payment.attempt.number]
        return asked

    def expire(self, payment: Payment) -> Payment:
        """End a payment whose time is over, unless a gateway has money or a payer's word for it."""
        states, failures = self._ask(payment, is_payer_back=False)
        asked = self._store.get(payment.id)
        if failures and asked.is_open:
            raise next(iter(failures.values()))
        hopes = {*_MAY_BECOME_MONEY, PaymentState.CREATED} if _gives_notice(asked) else _MAY_BECOME_MONEY
        if asked.is_open and not any(state in hopes for state in states):
            self._store.move(payment.id, PaymentStatus.EXPIRED, guard={"status": asked.status.value})
            self._holds.settle(payment.id)
        return self._store.get(payment.id)

    def _ask(
        self, payment: Payment, *, is_payer_back: bool
    ) -> tuple[list[PaymentState], dict[int, GatewayError]]:
        """Ask about every attempt; give what was told, and by which attempts' gateways nothing was.

        All are asked before any is captured: money that is there already comes first.
        """
        known: list[GatewayPayment] = []
        failures: dict[int, GatewayError] = {}
        for attempt in payment.attempts:
            try:
                known += self._payments_of(attempt)
            except GatewayError as failure:
                failures[attempt.number] = failure
        told = [self._told(payment, seen, is_payer_back=is_payer_back) for seen in _in_order(known)]
        return [one.state for one in told], failures

    def _payments_of(self, attempt: Attempt) -> list[GatewayPayment]:
        """List what was tried; an order that the gateway does not know was not paid there."""
        if attempt.gateway_order_id is None or not self._gateways.is_configured(attempt.gateway):
            return []
        try:
            return self._gateways.get(attempt.gateway).payments_of(attempt.gateway_order_id)
        except GatewayNotFound:
            log.warning("a gateway does not know an order of ours", extra={"gateway": attempt.gateway})
            return []

    def _told(self, payment: Payment, seen: GatewayPayment, *, is_payer_back: bool) -> GatewayPayment:
        """Capture what may be captured, apply what the gateway says, and then what it has given back."""
        gateway = self._gateways.get(seen.gateway)
        if seen.state is PaymentState.AUTHORIZED and self._is_wanted(payment.id, seen, is_payer_back):
            seen = _captured(seen, gateway)
        self._outcomes.apply_to(payment, seen)
        if seen.state is PaymentState.CAPTURED and seen.refunded_minor:
            for refund in gateway.refunds_of(seen.id):
                self._refunds.apply(refund)
        return seen

    def _is_wanted(self, payment_id: str, seen: GatewayPayment, is_payer_back: bool) -> bool:
        """Tell whether to take authorised money: not for what was given up, unless the payer is back."""
        payment = self._store.get(payment_id)
        return (
            is_what_we_asked_for(payment, seen)
            and payment.attempt_for(seen.gateway, seen.order_id) == payment.attempt
            and (payment.is_open or (is_payer_back and not payment.is_paid))
            and self._takes_money(payment)
        )

    def _takes_money(self, payment: Payment) -> bool:
        """Tell whether there is something to pay: a wallet takes money at any time."""
        if payment.order_id is None:
            return True
        return self._orders.find_one({"_id": payment.order_id, **PAYABLE}, {"_id": 1}) is not None

    def _signed_attempt(
        self, payment: Payment, gateway_payment_id: str, signature: str
    ) -> tuple[Attempt, PaymentGateway]:
        """Find the attempt that the signature was made for; the order ids are our own."""
        for attempt in reversed(payment.attempts):
            if attempt.gateway_order_id is None or not self._gateways.is_configured(attempt.gateway):
                continue
            gateway = self._gateways.get(attempt.gateway)
            if gateway.signs_returns and _is_signed(gateway, attempt, gateway_payment_id, signature):
                return attempt, gateway
        raise InvalidSignature

    def _check_applied(self, seen: GatewayPayment) -> None:
        """Say so when money that has come was kept as an exception."""
        reason = self._exceptions.reason_of(seen)
        if reason in (ExceptionReason.PAID_TWICE, ExceptionReason.ORDER_NOT_PAYABLE):
            raise MoneyTooLate(reason=reason)
        if reason:
            raise MoneyMisfits(reason=reason)


def _gives_notice(payment: Payment) -> bool:
    """Tell whether a gateway may still be waiting before it takes money that nobody has to agree to."""
    attempt = payment.attempt
    return attempt.is_unattended and attempt.created_at + _NOTICE > datetime.now(UTC)


def _is_signed(gateway: PaymentGateway, attempt: Attempt, gateway_payment_id: str, signature: str) -> bool:
    try:
        gateway.check_return(
            order_id=attempt.gateway_order_id or "",
            gateway_payment_id=gateway_payment_id,
            signature=signature,
        )
    except InvalidSignature:
        return False
    return True


def _captured(seen: GatewayPayment, gateway: PaymentGateway) -> GatewayPayment:
    """Take authorised money; a refusal leaves it as it was."""
    try:
        return gateway.capture(seen)
    except GatewayRefused as refusal:
        log.warning("a gateway refused to capture", extra={"gateway": seen.gateway, "code": refusal.code})
        return seen


def _in_order(payments: Iterable[GatewayPayment]) -> list[GatewayPayment]:
    return sorted(payments, key=lambda seen: _ORDER_OF_STATES.index(seen.state))
