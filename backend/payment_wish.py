"""How a customer wants to pay an order, and what is wrong with wishes that cannot be met."""

from dataclasses import dataclass

from backend.errors import AmountMismatch, Invalid, InvalidPaymentMethod
from backend.gateways.port import Method, Payer
from backend.order_service import Order
from backend.payment_methods import upi_id_is_plausible


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentWish:
    """How a customer wants to pay an order."""

    amount_minor: int
    method: Method
    payer: Payer
    gateway: str | None = None
    bank: str | None = None
    installments: int = 1
    saved_method_id: str | None = None
    vpa: str | None = None
    notes: str | None = None


def check_wish(wish: PaymentWish, order: Order, *, takes_upi_ids: bool) -> None:
    """Refuse a wish that does not fit the order or this installation."""
    if wish.amount_minor != order.amount_due_minor:
        raise AmountMismatch(amount_due_minor=order.amount_due_minor, currency=order.currency)
    if wish.installments != 1 and wish.method is not Method.EMI:
        raise InvalidPaymentMethod("Installments are paid by the method emi.")
    if wish.vpa is None:
        return
    if wish.method is not Method.UPI or not takes_upi_ids:
        raise InvalidPaymentMethod("UPI ids are not taken here. Open the link, or scan the QR code.")
    if not upi_id_is_plausible(wish.vpa):
        raise Invalid("Some fields are not valid.", fields={"vpa": ["Must look like name@bank."]})
