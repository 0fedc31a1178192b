"""How a customer wants to pay an order, and what is wrong with wishes that cannot be met."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from backend.errors import AmountMismatch, Invalid, InvalidPaymentMethod
from backend.gateways.port import Method, Payer
from backend.order_service import Order
from backend.payment_methods import upi_id_is_plausible
from backend.payment_values import Purpose
from backend.user_service import User


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentWish:
    """How a customer wants to pay; the amount is the gateway's part, the wallet's comes out of a hold."""

    amount_minor: int
    method: Method
    payer: Payer
    gateway: str | None = None
    bank: str | None = None
    installments: int = 1
    saved_method_id: str | None = None
    vpa: str | None = None
    notes: str | None = None
    wallet_minor: int = 0
    hold_id: str | None = None
    registers: bool = False  # The payer also allows charges while away.
    is_unattended: bool = False  # It is such a charge.

    @property
    def whole_minor(self) -> int:
        """What the gateway and the wallet pay together."""
        return self.amount_minor + self.wallet_minor


def payer_of(user: User, *, ip: str | None = None, user_agent: str | None = None) -> Payer:
    """Say who pays, and from where."""
    return Payer(
        customer_id=user.id,
        name=user.name,
        email=user.email,
        phone=user.phone,
        ip=ip,
        user_agent=user_agent,
    )


def with_hold(wish: PaymentWish, hold_id: str) -> PaymentWish:
    """Say where the wallet's part is set aside."""
    return replace(wish, hold_id=hold_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is paid, as far as a gateway is told."""

    purpose: Purpose
    currency: str
    description: str
    notes: Mapping[str, str] = field(default_factory=dict)


def subject_of(order: Order) -> Subject:
    """Say what is paid with an order."""
    return Subject(
        purpose=Purpose.ORDER,
        currency=order.currency,
        description=f"Order {order.id}",
        notes={"order_id": order.id},
    )


def check_wish(wish: PaymentWish, order: Order, *, takes_upi_ids: bool) -> None:
    """Refuse a wish that does not fit the order or this installation."""
    if wish.whole_minor != order.amount_due_minor:
        raise AmountMismatch(amount_due_minor=order.amount_due_minor, currency=order.currency)
    if wish.installments != 1 and wish.method is not Method.EMI:
        raise InvalidPaymentMethod("Installments are paid by the method emi.")
    if wish.vpa is None:
        return
    if wish.method is not Method.UPI or not takes_upi_ids:
        raise InvalidPaymentMethod("UPI ids are not taken here. Open the link, or scan the QR code.")
    if not upi_id_is_plausible(wish.vpa):
        raise Invalid("Some fields are not valid.", fields={"vpa": ["Must look like name@bank."]})
