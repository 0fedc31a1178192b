"""Opens orders at gateways, so that each order of the shop can be paid at one place at a time."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.db import Document, in_transaction
from backend.errors import (
    AppError,
    DuplicatePayment,
    IllegalTransition,
    InvalidPaymentMethod,
    MaxAttemptsExceeded,
    OrderNotPayable,
    RequestInProgress,
)
from backend.gateway_customers import GatewayCustomers
from backend.gateways.errors import GatewayError, NotConfigured
from backend.gateways.port import GatewayOrder, Method, PaymentGateway
from backend.order_service import PAYABLE, Order, OrderPayment
from backend.payment_drafts import PaymentDrafts, request_of
from backend.payment_inquiry import PaymentInquiry
from backend.payment_methods import MethodCatalogue
from backend.payment_store import PaymentStore
from backend.payment_values import Payment, PaymentStatus
from backend.payment_wish import PaymentWish, Subject, check_wish, subject_of

log = logging.getLogger(__name__)

CHANGED = "This payment was ended or changed meanwhile. Please look at it again."
SAVABLE = (Method.CARD, Method.EMI, Method.RAZORPAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A payment that can be paid now, and whether this request opened it."""

    payment: Payment
    is_new: bool


class PaymentOpening:
    """Turns wishes into orders at gateways; one open attempt for each order of the shop."""

    def __init__(
        self,
        database: Database[Document],
        *,
        catalogue: MethodCatalogue,
        customers: GatewayCustomers,
        inquiry: PaymentInquiry,
        max_attempts: int,
        timeout_minutes: int,
        takes_upi_ids: bool,
    ) -> None:
        self._client = database.client
        self._order_rows = database["orders"]
        self._store = PaymentStore(database)
        self._catalogue = catalogue
        self._customers = customers
        self._inquiry = inquiry
        self._max_attempts = max_attempts
        self._drafts = PaymentDrafts(catalogue=catalogue, timeout_minutes=timeout_minutes)
        self._takes_upi_ids = takes_upi_ids

    def open(self, order: Order, wish: PaymentWish) -> Opened:
        """Open a payment of an order, or hand back the one that is open already."""
        order.check_payable()
        check_wish(wish, order, takes_upi_ids=self._takes_upi_ids)
        candidates = self._candidates(wish, order.currency)
        payment = self._store.by_order(order.id)
        if payment is None:
            owner = {"customer_id": order.customer_id, "order_id": order.id}
            row = self._drafts.payment(_new_id(), subject_of(order), wish, candidates[0])
            payment = self._store.begin(row | owner)
        payment = self._without_expired(payment)
        if payment.status is not PaymentStatus.PENDING and payment.is_open:
            return Opened(payment=matching(payment, wish), is_new=False)
        if not payment.is_open:
            payment = self._reopened(payment, order, wish, candidates[0])
        subject = subject_of(order)
        return Opened(payment=self._open_at_a_gateway(payment, subject, wish, candidates), is_new=True)

    def open_topup(self, payment_id: str, customer_id: str, subject: Subject, wish: PaymentWish) -> Opened:
        """Open a payment that fills a wallet; the same id again gives the same payment."""
        candidates = self._candidates(wish, subject.currency)
        payment = self._store.find(payment_id)
        if payment is None:
            row = self._drafts.payment(payment_id, subject, wish, candidates[0])
            payment = self._store.begin(row | {"customer_id": customer_id})
        if payment.status is not PaymentStatus.PENDING:
            return Opened(payment=payment, is_new=False)
        return Opened(payment=self._open_at_a_gateway(payment, subject, wish, candidates), is_new=True)

    def _candidates(self, wish: PaymentWish, currency: str) -> Sequence[PaymentGateway]:
        """List the gateways to try; for charges while the payer is away, only those that make them."""
        able = self._catalogue.candidates(wish.method, currency, wanted=wish.gateway)
        if not (wish.registers or wish.is_unattended):
            return able
        able = [gateway for gateway in able if gateway.charges_saved]
        if not able or (wish.registers and wish.method is not Method.CARD):
            raise InvalidPaymentMethod("Only cards, and not at every gateway, can be charged later.")
        return able

    def _registering(self, gateway: PaymentGateway, wish: PaymentWish) -> PaymentWish:
        """Introduce the payer first: only customers whom the gateway knows can allow later charges."""
        customer = self._customers.ensure(gateway, wish.payer)
        return replace(wish, payer=replace(wish.payer, gateway_customer_id=customer))

    def _without_expired(self, payment: Payment) -> Payment:
        """End an attempt whose time is over; the gateway is asked first whether it was paid."""
        if payment.status is not PaymentStatus.INITIATED or payment.attempt.expires_at > datetime.now(UTC):
            return payment
        payment = self._inquiry.expire(payment)
        if payment.is_paid:
            raise OrderNotPayable
        return payment

    def _reopened(
        self, payment: Payment, order: Order, wish: PaymentWish, gateway: PaymentGateway
    ) -> Payment:
        if payment.is_paid:
            raise OrderNotPayable
        if len(payment.attempts) >= self._max_attempts:
            raise MaxAttemptsExceeded(max_attempts=self._max_attempts)
        subject = subject_of(order)
        attempt = self._drafts.attempt(payment.id, len(payment.attempts) + 1, subject, wish, gateway)
        reopened = self._store.reopen(payment, attempt)
        if reopened is None:
            raise RequestInProgress
        return reopened

    def _open_at_a_gateway(
        self, payment: Payment, subject: Subject, wish: PaymentWish, candidates: Sequence[PaymentGateway]
    ) -> Payment:
        """Ask one gateway after the other; an order whose answer was lost was never seen by the customer."""
        lease = uuid.uuid4().hex
        if not self._store.lease(payment, lease):
            raise RequestInProgress
        failure: AppError = NotConfigured()
        for gateway in candidates:
            attempt = self._drafts.attempt(payment.id, len(payment.attempts), subject, wish, gateway)
            if not self._store.aim(payment, lease, attempt):
                raise IllegalTransition(CHANGED)
            try:
                known = self._registering(gateway, wish) if wish.registers else wish
                opened = gateway.create_order(request_of(payment.id, attempt, subject, known))
                return self._opened(payment, lease, attempt, self._introduce(gateway, wish, opened))
            except GatewayError as error:
                log.warning(
                    "a gateway could not open an order", extra={"gateway": gateway.name, "code": error.code}
                )
                failure = error
            except AppError as error:
                self._store.release(payment.id, lease, error=_told(error))
                raise
        self._store.release(payment.id, lease, error=_told(failure))
        raise failure

    def _opened(self, payment: Payment, lease: str, attempt: Document, opened: GatewayOrder) -> Payment:
        def write(session: ClientSession) -> None:
            if not self._store.opened(payment, lease, attempt, opened, session):
                raise IllegalTransition(CHANGED)
            if payment.order_id is None:
                return
            claim = {"_id": payment.order_id, **PAYABLE}
            waiting = {"$set": {"payment_status": OrderPayment.PENDING.value}}
            if self._order_rows.update_one(claim, waiting, session=session).matched_count == 0:
                raise OrderNotPayable

        in_transaction(self._client, write)
        return self._store.get(payment.id)

    def _introduce(self, gateway: PaymentGateway, wish: PaymentWish, opened: GatewayOrder) -> GatewayOrder:
        """Let the gateway's page offer the customer's saved cards; without that it can still be paid."""
        if wish.method not in SAVABLE or wish.is_unattended:
            return opened
        try:
            customer = self._customers.ensure(gateway, wish.payer)
        except AppError as error:
            log.warning("a gateway knows no customer", extra={"gateway": gateway.name, "code": error.code})
            return opened
        return replace(opened, checkout={**opened.checkout, "customer_id": customer, "save": 1})


def matching(payment: Payment, wish: PaymentWish) -> Payment:
    """Hand back the open attempt, if it is what is wanted now."""
    attempt = payment.attempt
    is_same_split = attempt.wallet_minor == wish.wallet_minor
    if attempt.method is not wish.method or wish.gateway not in (None, attempt.gateway) or not is_same_split:
        raise DuplicatePayment(payment_id=payment.id, gateway=attempt.gateway, payment_method=attempt.method)
    return payment


def _new_id() -> str:
    return f"PAY-{uuid.uuid4().hex[:24]}"


def _told(error: AppError) -> Document:
    return {"code": error.code, "message": error.message}
