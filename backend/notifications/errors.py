"""How the sending of a message can end badly; channels raise these and nothing of their libraries'."""

from backend.errors import AppError

LONGEST_REASON = 200


class DeliveryFailed(AppError):
    """The message will not be taken, however often it is tried."""

    status, code, message = 502, "DELIVERY_FAILED", "The message cannot be delivered."

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason=reason[:LONGEST_REASON])
        self.reason = reason[:LONGEST_REASON]


class DeliveryDelayed(AppError):
    """The message may be taken later.

    `may_have_arrived` says that it was handed over, but no answer came: sent again, it may come twice.
    """

    status, code, message = 503, "DELIVERY_DELAYED", "The message cannot be delivered right now."

    def __init__(
        self, *, reason: str, retry_after_seconds: float | None = None, may_have_arrived: bool = False
    ) -> None:
        super().__init__(reason=reason[:LONGEST_REASON])
        self.reason = reason[:LONGEST_REASON]
        self.retry_after_seconds = retry_after_seconds
        self.may_have_arrived = may_have_arrived


class NoText(AppError):
    """There are no words for this event, or it does not say what they need."""

    message = "There is no text for this event."

    def __init__(self, *, event_type: str, missing: str | None = None) -> None:
        super().__init__(event_type=event_type, missing=missing)
        self.event_type, self.missing = event_type, missing
