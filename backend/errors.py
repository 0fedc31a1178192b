"""The one tree of failures that a caller may see; each names its HTTP status and its code."""

from collections.abc import Mapping
from typing import Any


class AppError(Exception):
    """A failure with a code for programs and a message for people."""

    status = 500
    code = "INTERNAL_ERROR"
    message = "Something went wrong on our side."

    def __init__(self, message: str | None = None, /, **details: Any) -> None:
        super().__init__(message or self.message)
        self.message = message or self.message
        self.details: Mapping[str, Any] = details


class Invalid(AppError):
    """The request is not well formed."""

    status, code, message = 400, "VALIDATION_ERROR", "The request is not valid."


class InvalidAmount(AppError):
    """The amount cannot be moved."""

    status, code, message = 400, "INVALID_AMOUNT", "The amount is not valid."


class AmountMismatch(AppError):
    """The amount sent is not the amount that is due."""

    status, code, message = 400, "AMOUNT_MISMATCH", "The amount is not what is due."


class BelowMinimum(AppError):
    """The amount is too small for this."""

    status, code, message = 400, "BELOW_MINIMUM", "The amount is below the minimum."


class InvalidPaymentMethod(AppError):
    """That way to pay does not exist, or not for this."""

    status, code, message = 400, "INVALID_PAYMENT_METHOD", "This payment method cannot be used here."


class RawCardDataRejected(AppError):
    """A card number or its check digits were sent here, where they must never come."""

    status, code = 400, "RAW_CARD_DATA_REJECTED"
    message = "Card numbers and security codes must not be sent here. Cards are entered at the gateway."


class InsufficientBalance(AppError):
    """The wallet does not have what was asked for."""

    status, code, message = 400, "INSUFFICIENT_BALANCE", "The wallet balance is not enough."


class Unauthenticated(AppError):
    """Nobody we know is asking."""

    status, code, message = 401, "UNAUTHENTICATED", "Please log in."


class Forbidden(AppError):
    """The caller is known and may not do this."""

    status, code, message = 403, "FORBIDDEN", "You may not do this."


class NotFound(AppError):
    """There is no such thing, or none the caller may know of."""

    status, code, message = 404, "NOT_FOUND", "Not found."


class CustomerNotFound(NotFound):
    """There is no such customer."""

    code, message = "CUSTOMER_NOT_FOUND", "There is no such customer."


class OrderNotFound(NotFound):
    """There is no such order, or none of the caller's."""

    code, message = "ORDER_NOT_FOUND", "There is no such order."


class PaymentNotFound(NotFound):
    """There is no such payment, or none of the caller's."""

    code, message = "PAYMENT_NOT_FOUND", "There is no such payment."


class RefundNotFound(NotFound):
    """There is no such refund, or none of the caller's."""

    code, message = "REFUND_NOT_FOUND", "There is no such refund."


class SavedMethodNotFound(NotFound):
    """There is no such saved method, or none of the caller's."""

    code, message = "SAVED_METHOD_NOT_FOUND", "There is no such saved payment method."


class HoldNotFound(NotFound):
    """There is no such hold on this wallet."""

    code, message = "HOLD_NOT_FOUND", "There is no such hold."


class Conflict(AppError):
    """The request fits no longer, or not yet, with what is stored."""

    status, code, message = 409, "CONFLICT", "This conflicts with what is stored."


class HoldClosed(Conflict):
    """The hold was captured or released before."""

    message = "The hold is already closed."


class ClaimLost(Conflict):
    """A row that had to change together with the money was not in the state it had to be in."""

    message = "What this payment was for has changed in the meantime."


class OrderNotPayable(Conflict):
    """The order is paid, cancelled or refunded already."""

    code, message = "ORDER_NOT_PAYABLE", "This order cannot be paid any more."


class DuplicatePayment(Conflict):
    """Another payment of the same order is under way."""

    code, message = (
        "DUPLICATE_PAYMENT",
        "Another payment of this order is under way. Finish or cancel it first.",
    )


class IllegalTransition(Conflict):
    """The thing cannot go from the state it is in to the one asked for."""

    code, message = "ILLEGAL_TRANSITION", "This is not possible in the present state."


class RefundNotAllowed(Conflict):
    """There is nothing here that could be refunded."""

    code, message = "REFUND_NOT_ALLOWED", "This payment cannot be refunded."


class RefundExceedsPayment(Conflict):
    """More is to be given back than was taken."""

    code, message = "REFUND_EXCEEDS_PAYMENT", "The refund is more than what is left of the payment."


class RefundableChanged(AppError):
    """What the admin saw is no longer true."""

    status, code = 412, "REFUNDABLE_CHANGED"
    message = "What can be refunded has changed in the meantime. Please look again."


class MaxAttemptsExceeded(AppError):
    """The order was tried to be paid too often."""

    status, code, message = 429, "MAX_ATTEMPTS_EXCEEDED", "This order was tried to be paid too often."


class RateLimited(AppError):
    """Too often for now; `retry_after_seconds` says when it is right to come again."""

    status, code, message = 429, "RATE_LIMITED", "Too many requests. Please wait and try again."


class RequestInProgress(AppError):
    """The same request is being worked on right now."""

    status, code = 409, "REQUEST_IN_PROGRESS"
    message = "The same request is still being processed. Try again in a moment."


class IdempotencyKeyReused(AppError):
    """The key was used before, for something else."""

    status, code = 422, "IDEMPOTENCY_KEY_REUSED"
    message = "This idempotency key was used before with another request."


class ServiceUnavailable(AppError):
    """A part we depend on is away; nothing was lost, and trying again is right."""

    status, code = 503, "SERVICE_UNAVAILABLE"
    message = "The service is not available right now. Please try again."


class OutcomeUnknown(ServiceUnavailable):
    """The movement has happened or it has not, and only its transaction can tell."""

    message = (
        "It is not known whether the money has moved. Send the same request again with the same "
        "Idempotency-Key, or look for the transaction first."
    )
