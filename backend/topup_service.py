"""Wallets that are filled through a gateway: start, follow, and prove."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass

from pymongo.database import Database

from backend.db import Document
from backend.errors import (
    AppError,
    BelowMinimum,
    Conflict,
    Invalid,
    InvalidAmount,
    PaymentNotFound,
    RequestInProgress,
    ServiceUnavailable,
)
from backend.gateways.errors import GatewayError
from backend.gateways.registry import Gateways
from backend.integration_log import Happening, IntegrationLog, LogKind, LogStatus
from backend.ledger.chain import entry_id
from backend.payment_inquiry import PaymentInquiry
from backend.payment_opening import Opened, PaymentOpening
from backend.payment_store import PaymentStore
from backend.payment_values import Payment, PaymentStatus, Purpose, gateway_key
from backend.payment_wish import PaymentWish, Subject
from backend.topup_limits import TopUpLimits
from backend.wallet_service import WalletService


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpRange:
    """The least and the most that one top-up may be."""

    min_amount_minor: int
    max_amount_minor: int

    def check(self, amount_minor: int, currency: str) -> None:
        """Refuse what is too little or too much."""
        if amount_minor < self.min_amount_minor:
            raise BelowMinimum(minimum_minor=self.min_amount_minor, currency=currency)
        if amount_minor > self.max_amount_minor:
            raise InvalidAmount(
                "That is more than one top-up may be.",
                maximum_minor=self.max_amount_minor,
                currency=currency,
            )


class TopUps:
    """Opens top-ups and tells what became of them; the credit itself comes with the captured money."""

    def __init__(
        self,
        database: Database[Document],
        *,
        gateways: Gateways,
        opening: PaymentOpening,
        inquiry: PaymentInquiry,
        wallets: WalletService,
        limits: TopUpLimits,
        log: IntegrationLog,
        allowed: TopUpRange,
        currency: str,
    ) -> None:
        self._store = PaymentStore(database)
        self._gateways = gateways
        self._opening = opening
        self._inquiry = inquiry
        self._wallets = wallets
        self._limits = limits
        self._log = log
        self._allowed = allowed
        self._currency = currency

    def initiate(self, customer_id: str, wish: PaymentWish, *, key: str) -> Opened:
        """Open a top-up at a gateway; the same key gives the same top-up."""
        self._allowed.check(wish.amount_minor, self._currency)
        payment_id = f"TOPUP-{hashlib.sha256(key.encode()).hexdigest()[:24]}"
        subject = Subject(purpose=Purpose.TOPUP, currency=self._currency, description="Wallet top-up")
        found = self._store.find(payment_id)
        if found and found.status is not PaymentStatus.PENDING:
            return Opened(payment=found, is_new=False)
        counter = self._limits.take(customer_id, payment_id)
        try:
            opened = self._opening.open_topup(payment_id, customer_id, subject, wish)
        except AppError as error:
            self._limits.give_back(counter, payment_id)
            self._log.note(self._failed(payment_id, customer_id, wish, error))
            raise
        return opened

    def verify(
        self, order_id: str, *, owner_id: str | None, gateway_payment_id: str | None, signature: str | None
    ) -> Document:
        """Find out whether a top-up is paid, by the gateway's ids, and give its entry."""
        payment = self._by_gateway_order(order_id, owner_id)
        attempt = next(a for a in payment.attempts if a.gateway_order_id == order_id)
        if self._gateways.get(attempt.gateway).signs_returns:
            if signature is None or gateway_payment_id is None:
                raise Invalid("Send payment_id and signature as the gateway gave them.")
            found = self._inquiry.verify(payment, gateway_payment_id=gateway_payment_id, signature=signature)
        else:
            found = payment if payment.is_paid else self._inquiry.ask(payment, is_payer_back=True)
        return self._entry(found)

    def follow(self, payment_id: str, *, owner_id: str | None) -> Payment:
        """Show a top-up; one that is not paid yet is asked about, as long as the gateway answers."""
        payment = self._store.get(payment_id, owner_id=owner_id)
        if payment.purpose is not Purpose.TOPUP:
            raise PaymentNotFound
        if payment.is_paid:
            return payment
        with suppress(GatewayError, ServiceUnavailable):
            return self._inquiry.ask(payment, is_payer_back=True)
        return payment

    def _by_gateway_order(self, order_id: str, owner_id: str | None) -> Payment:
        for gateway in self._gateways:
            payment = self._store.by_gateway_order(gateway.name, order_id)
            if payment and payment.purpose is Purpose.TOPUP and owner_id in (None, payment.customer_id):
                return payment
        raise PaymentNotFound

    def _entry(self, payment: Payment) -> Document:
        if payment.is_open:
            raise RequestInProgress("The money has not arrived yet. Try again in a moment.")
        entry = self._wallets.get_transaction(transaction_id_of(payment) or "")
        if entry is None:
            raise Conflict("This top-up was not paid.", status=payment.status)
        return entry

    def _failed(self, payment_id: str, customer_id: str, wish: PaymentWish, error: AppError) -> Happening:
        return Happening(
            kind=LogKind.TOPUP,
            status=LogStatus.FAILED,
            customer_id=customer_id,
            amount_minor=wish.amount_minor,
            currency=self._currency,
            payment_id=payment_id,
            gateway=wish.gateway,
            error=error.code,
        )


def transaction_id_of(payment: Payment) -> str | None:
    """Name the entry that a paid top-up has made."""
    if payment.gateway_payment_id is None:
        return None
    return entry_id(gateway_key(payment.attempt.gateway, payment.gateway_payment_id))
