"""Charges what a customer has saved while the customer is away: opens a top-up, charges it, asks about it."""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pymongo.database import Database

from backend.auto_recharge_values import Pending
from backend.db import Document
from backend.errors import AppError, ServiceUnavailable
from backend.gateways.errors import GatewayError, GatewayRefused, GatewayUnavailable
from backend.gateways.port import PaymentGateway, SavedCharge
from backend.gateways.registry import Gateways
from backend.gateways.resilience import KEYS_REFUSED
from backend.payment_inquiry import PaymentInquiry
from backend.payment_opening import PaymentOpening
from backend.payment_store import PaymentStore
from backend.payment_values import Payment, PaymentStatus, Purpose
from backend.payment_wish import PaymentWish, Subject, payer_of
from backend.saved_method_service import SavedMethods
from backend.user_service import UserService

log = logging.getLogger(__name__)

DESCRIPTION = "Wallet auto-recharge"


class NotSent(Exception):
    """The charge has not left, or the gateway would not even look at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An open top-up, and all that its charge needs."""

    payment: Payment
    gateway: PaymentGateway
    charge: SavedCharge


class UnattendedCharges:
    """Takes money by saved methods; each charge is a top-up like others, completed like others."""

    def __init__(
        self,
        database: Database[Document],
        *,
        users: UserService,
        saved: SavedMethods,
        gateways: Gateways,
        opening: PaymentOpening,
        inquiry: PaymentInquiry,
        currency: str,
    ) -> None:
        self._store = PaymentStore(database)
        self._users = users
        self._saved = saved
        self._gateways = gateways
        self._opening = opening
        self._inquiry = inquiry
        self._currency = currency

    def prepare(self, pending: Pending) -> Prepared:
        """Open the top-up where the method is kept; the same charge again gives the same top-up."""
        secret = self._saved.token_of(pending.customer_id, pending.saved_method_id)
        user = self._users.get(pending.customer_id)
        payer = replace(payer_of(user), gateway_customer_id=secret.gateway_customer_id)
        wish = PaymentWish(
            amount_minor=pending.amount_minor,
            method=secret.type,
            payer=payer,
            gateway=secret.gateway,
            saved_method_id=pending.saved_method_id,
            is_unattended=True,
        )
        subject = Subject(purpose=Purpose.TOPUP, currency=self._currency, description=DESCRIPTION)
        opened = self._opening.open_topup(pending.payment_id, user.id, subject, wish)
        attempt = opened.payment.attempt
        charge = SavedCharge(
            payment_id=pending.payment_id,
            order_id=attempt.gateway_order_id or "",
            amount_minor=attempt.charge_minor,
            currency=attempt.charge_currency,
            payer=payer,
            gateway_customer_id=secret.gateway_customer_id,
            token=secret.token,
            description=DESCRIPTION,
        )
        return Prepared(payment=opened.payment, gateway=self._gateways.get(secret.gateway), charge=charge)

    def send(self, prepared: Prepared) -> Payment:
        """Charge, once, and tell what became of the payment as far as the gateway says."""
        payment = prepared.payment
        try:
            prepared.gateway.charge_saved(prepared.charge)
        except GatewayRefused as refusal:
            if not is_verdict(refusal):
                raise NotSent from refusal
            return self._refused(payment, refusal)
        except GatewayUnavailable as error:
            raise NotSent from error
        except GatewayError as error:
            log.warning("what became of a charge is not known", extra={"code": error.code})
        return self.ask(payment.id)

    def ask(self, payment_id: str) -> Payment:
        """Tell how a charge stands; the gateway is asked while it is open, and may not answer."""
        payment = self._store.get(payment_id)
        if payment.is_paid:
            return payment
        with suppress(GatewayError, ServiceUnavailable):
            is_over = payment.is_open and payment.attempt.expires_at < datetime.now(UTC)
            return self._inquiry.expire(payment) if is_over else self._inquiry.ask(payment)
        return self._store.get(payment_id)

    def call_off(self, payment_id: str) -> None:
        """Give up a top-up for which nothing was charged."""
        self._store.move(payment_id, PaymentStatus.CANCELLED)

    def fail(self, payment_id: str, error: AppError) -> Payment | None:
        """End a top-up that a gateway has refused; money or a payer's word for it comes first."""
        told = {"code": error.code, "message": error.message}
        still_open = {"status": {"$in": [PaymentStatus.PENDING.value, PaymentStatus.INITIATED.value]}}
        return self._store.move(payment_id, PaymentStatus.FAILED, {"error": told}, guard=still_open)

    def _refused(self, payment: Payment, refusal: GatewayRefused) -> Payment:
        """Let the gateway say why; what it has not even written down has failed too."""
        asked = self.ask(payment.id)
        return self.fail(payment.id, refusal) or self._store.get(payment.id) if asked.is_open else asked


def is_verdict(refusal: GatewayRefused) -> bool:
    """Tell a no to this charge from a no to our keys, which says nothing about the customer."""
    return refusal.details.get("reason") != KEYS_REFUSED
