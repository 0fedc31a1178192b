"""What happens to orders, payments, refunds and disputes, as the events that tell of it."""

from backend.db import Document
from backend.gateways.port import GatewayDispute, GatewayPayment
from backend.outbox import Event, EventType
from backend.payment_values import Attempt, Payment, gateway_key


def paid_by_gateway(payment: Payment, attempt: Attempt, seen: GatewayPayment) -> Event:
    """Tell that an order was paid, wholly or in part at a gateway."""
    return Event(
        type=EventType.ORDER_PAID,
        customer_id=payment.customer_id,
        key=gateway_key(seen.gateway, seen.id),
        data={
            "order_id": payment.order_id,
            "payment_id": payment.id,
            "gateway": seen.gateway,
            "gateway_payment_id": seen.id,
            "method": attempt.method.value,
            "amount": attempt.amount_minor + attempt.wallet_minor,
            "wallet_amount": attempt.wallet_minor,
            "currency": payment.currency,
        },
    )


def paid_by_wallet(
    *, customer_id: str, order_id: str, amount_minor: int, currency: str, transaction_id: str
) -> Event:
    """Tell that an order was paid out of the wallet alone."""
    return Event(
        type=EventType.ORDER_PAID,
        customer_id=customer_id,
        key=transaction_id,
        data={
            "order_id": order_id,
            "transaction_id": transaction_id,
            "method": "wallet",
            "amount": amount_minor,
            "wallet_amount": amount_minor,
            "currency": currency,
        },
    )


def payment_failed(payment: Payment, seen: GatewayPayment) -> Event:
    """Tell that an attempt to pay has failed; the next one may go better."""
    attempt = payment.attempt
    return Event(
        type=EventType.PAYMENT_FAILED,
        customer_id=payment.customer_id,
        key=f"{payment.id}:{attempt.number}",
        data={
            "payment_id": payment.id,
            "order_id": payment.order_id,
            "attempt": attempt.number,
            "gateway": attempt.gateway,
            "method": attempt.method.value,
            "amount": attempt.amount_minor,
            "currency": payment.currency,
            "error_code": seen.error_code,
        },
    )


def refund_completed(row: Document) -> Event:
    """Tell that money was given back; what found no room on the payment was given back all the same."""
    return _refund_ended(EventType.REFUND_COMPLETED, row)


def refund_failed(row: Document) -> Event:
    """Tell that money could not be given back."""
    return _refund_ended(EventType.REFUND_FAILED, row)


def topup_reversed(row: Document) -> Event:
    """Tell that a gateway has taken back what had filled a wallet."""
    return Event(
        type=EventType.TOPUP_REVERSED,
        customer_id=row["customer_id"],
        key=row["_id"],
        data={
            "refund_id": row["_id"],
            "payment_id": row["payment_id"],
            "amount": row["debited"],
            "shortfall": row["shortfall"],
            "currency": row["currency"],
        },
    )


def dispute_opened(payment: Payment, dispute: GatewayDispute) -> Event:
    """Tell that a customer's bank asks for a payment's money back."""
    return Event(
        type=EventType.DISPUTE_OPENED,
        customer_id=payment.customer_id,
        key=gateway_key(dispute.gateway, dispute.id),
        data={
            "dispute_id": dispute.id,
            "payment_id": payment.id,
            "order_id": payment.order_id,
            "gateway": dispute.gateway,
            "amount": dispute.amount_minor,
            "currency": dispute.currency,
            "reason": dispute.reason,
            "respond_by": dispute.respond_by,
        },
    )


def _refund_ended(type_: EventType, row: Document) -> Event:
    return Event(
        type=type_,
        customer_id=row["customer_id"],
        key=row["_id"],
        data={
            "refund_id": row["_id"],
            "order_id": row["order_id"],
            "payment_id": row["payment_id"],
            "amount": row["amount"] + row.get("shortfall", 0),
            "currency": row["currency"],
            "destination": row["destination"],
            "reason": row["reason"],
        },
    )
