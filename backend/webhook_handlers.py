"""What each kind of webhook does: one small function a kind, and one table of them for each gateway."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from backend.dispute_service import TAKEN, DisputeService
from backend.gateways.port import GatewayEvent, PaymentGateway
from backend.payment_inquiry import PaymentInquiry
from backend.payment_outcomes import PaymentOutcomes
from backend.payment_store import PaymentStore
from backend.refund_service import RefundService


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the handlers work with."""

    payments: PaymentStore
    outcomes: PaymentOutcomes
    inquiry: PaymentInquiry
    refunds: RefundService
    disputes: DisputeService


Handler = Callable[[Desk, PaymentGateway, GatewayEvent], None]


def payment_told(desk: Desk, _gateway: PaymentGateway, event: GatewayEvent) -> None:
    """Apply a payment as the message shows it; the signature covers every byte of it."""
    if event.payment:
        desk.outcomes.apply(event.payment, is_snapshot=True)


def refund_told(desk: Desk, gateway: PaymentGateway, event: GatewayEvent) -> None:
    """Apply a refund, after the payment it belongs to: they may arrive in any order."""
    payment_told(desk, gateway, event)
    if event.refund:
        desk.refunds.apply(event.refund)


def dispute_told(desk: Desk, gateway: PaymentGateway, event: GatewayEvent) -> None:
    """Note a dispute; money that was taken back can be refunded to nobody any more."""
    payment_told(desk, gateway, event)
    if event.dispute:
        payment = desk.disputes.record(event.dispute, occurred_at=event.occurred_at)
        if payment and event.dispute.state in TAKEN:
            desk.refunds.book_chargeback(payment, event.dispute)


def dispute_noted(desk: Desk, _gateway: PaymentGateway, event: GatewayEvent) -> None:
    """Note a dispute; what PayPal takes back for it comes as a reversal of its own."""
    if event.dispute:
        desk.disputes.record(event.dispute, occurred_at=event.occurred_at)


def settlement_told(desk: Desk, _gateway: PaymentGateway, event: GatewayEvent) -> None:
    """Note a settlement."""
    if event.settlement:
        desk.disputes.settle(event.settlement)


def order_asked(desk: Desk, gateway: PaymentGateway, event: GatewayEvent) -> None:
    """Ask what became of an order, and take the money that the buyer has approved."""
    payment = desk.payments.by_gateway_order(gateway.name, event.order_id) if event.order_id else None
    if payment:
        desk.inquiry.ask(payment)


def capture_asked(desk: Desk, gateway: PaymentGateway, event: GatewayEvent) -> None:
    """Fetch a capture before believing in it: the signature covers the message only by a checksum."""
    if event.payment:
        desk.outcomes.apply(gateway.fetch_payment(event.payment.id))


def refund_asked(desk: Desk, gateway: PaymentGateway, event: GatewayEvent) -> None:
    """Fetch a refund, and its capture first, before believing in them."""
    if event.refund:
        refund = gateway.fetch_refund(event.refund)
        if refund.gateway_payment_id:
            desk.outcomes.apply(gateway.fetch_payment(refund.gateway_payment_id))
        desk.refunds.apply(refund)


def reversal_asked(desk: Desk, gateway: PaymentGateway, event: GatewayEvent) -> None:
    """Note money that PayPal says it took back, and book as much of it as PayPal's own books confirm."""
    if event.dispute is None or event.dispute.gateway_payment_id is None:
        return
    capture = gateway.fetch_payment(event.dispute.gateway_payment_id)
    desk.outcomes.apply(capture)
    payment = desk.disputes.record(event.dispute, occurred_at=event.occurred_at)
    if payment is None:
        return
    unbooked_minor = capture.refunded_minor - desk.refunds.given_back_minor(payment.id)
    taken_minor = min(event.dispute.amount_minor, unbooked_minor)
    if taken_minor > 0:
        desk.refunds.book_chargeback(payment, replace(event.dispute, amount_minor=taken_minor))


HANDLERS: Mapping[str, Mapping[str, Handler]] = {
    "razorpay": {
        "payment.authorized": payment_told,
        "payment.captured": payment_told,
        "payment.failed": payment_told,
        "order.paid": payment_told,
        "refund.created": refund_told,
        "refund.processed": refund_told,
        "refund.completed": refund_told,  # An old name that some texts still use.
        "refund.failed": refund_told,
        "refund.speed_changed": refund_told,
        "payment.dispute.created": dispute_told,
        "payment.dispute.under_review": dispute_told,
        "payment.dispute.action_required": dispute_told,
        "payment.dispute.won": dispute_told,
        "payment.dispute.lost": dispute_told,
        "payment.dispute.closed": dispute_told,
        "settlement.processed": settlement_told,
    },
    "paypal": {
        "CHECKOUT.ORDER.APPROVED": order_asked,
        "CHECKOUT.ORDER.COMPLETED": order_asked,
        "CHECKOUT.PAYMENT-APPROVAL.REVERSED": order_asked,
        "PAYMENT.CAPTURE.COMPLETED": capture_asked,
        "PAYMENT.CAPTURE.PENDING": capture_asked,
        "PAYMENT.CAPTURE.DECLINED": capture_asked,
        "PAYMENT.CAPTURE.DENIED": capture_asked,
        "PAYMENT.CAPTURE.REFUNDED": refund_asked,
        "PAYMENT.CAPTURE.REVERSED": reversal_asked,
        "CUSTOMER.DISPUTE.CREATED": dispute_noted,
        "CUSTOMER.DISPUTE.UPDATED": dispute_noted,
        "CUSTOMER.DISPUTE.RESOLVED": dispute_noted,
    },
}
