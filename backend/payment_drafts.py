"""What is written down about a payment before any gateway is asked, and what the gateway is then told."""

import uuid
from datetime import UTC, datetime, timedelta

from backend.db import Document
from backend.gateways.port import OrderRequest, PaymentGateway
from backend.payment_methods import MethodCatalogue
from backend.payment_values import PaymentStatus, Purpose
from backend.payment_wish import PaymentWish, Subject


class PaymentDrafts:
    """Writes payments and attempts as rows."""

    def __init__(self, *, catalogue: MethodCatalogue, timeout_minutes: int) -> None:
        self._catalogue = catalogue
        self._timeout = timedelta(minutes=timeout_minutes)

    def payment(
        self, payment_id: str, subject: Subject, wish: PaymentWish, gateway: PaymentGateway
    ) -> Document:
        """Describe a new payment with its first attempt."""
        now = datetime.now(UTC)
        attempt = self.attempt(payment_id, 1, subject, wish, gateway)
        return {
            "_id": payment_id,
            "purpose": attempt["purpose"],
            "amount": wish.amount_minor,
            "currency": subject.currency,
            "status": PaymentStatus.PENDING.value,
            "attempts": [attempt],
            "installments": wish.installments,
            "notes": wish.notes,
            "refunded": 0,
            "refund_reserved": 0,
            "refund_charge": 0,
            "created_at": now,
            "updated_at": now,
        }

    def attempt(
        self, payment_id: str, number: int, subject: Subject, wish: PaymentWish, gateway: PaymentGateway
    ) -> Document:
        """Describe a try to open an order; its receipt is new, so that an orphan is told apart."""
        now = datetime.now(UTC)
        charge = self._catalogue.charge(gateway, wish.amount_minor, subject.currency)
        return {
            "number": number,
            "purpose": str(Purpose.SPLIT if wish.hold_id else subject.purpose),
            "gateway": gateway.name,
            "method": wish.method.value,
            "installments": wish.installments,
            "saved_method_id": wish.saved_method_id,
            "is_unattended": wish.is_unattended,
            "receipt": f"{payment_id}-{uuid.uuid4().hex[:8]}",
            "amount": wish.amount_minor,
            "wallet_amount": wish.wallet_minor,
            "hold_id": wish.hold_id,
            "charge": charge.amount_minor,
            "charge_currency": charge.currency,
            "rate": charge.rate,
            "created_at": now,
            "expires_at": now + self._timeout,
        }


def request_of(payment_id: str, attempt: Document, subject: Subject, wish: PaymentWish) -> OrderRequest:
    """Say what a gateway is to open for an attempt."""
    return OrderRequest(
        payment_id=payment_id,
        receipt=attempt["receipt"],
        amount_minor=attempt["charge"],
        currency=attempt["charge_currency"],
        method=wish.method,
        payer=wish.payer,
        description=subject.description,
        bank=wish.bank,
        installments=wish.installments,
        vpa=wish.vpa,
        registers=wish.registers,
        is_unattended=wish.is_unattended,
        notes=subject.notes,
    )
