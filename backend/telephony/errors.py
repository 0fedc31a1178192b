"""How a telephone call can go wrong; adapters raise these and nothing of their libraries'."""

from backend.errors import AppError

LONGEST_REASON = 200


class TelephonyError(AppError):
    """The provider failed; what happened there is not known."""

    status, code, message = 502, "TELEPHONY_ERROR", "The telephone provider had a problem. Please try again."


class CallOutcomeOpen(TelephonyError):
    """A call was asked for and no usable answer came: the number may be ringing. Never ask again."""

    code, message = "CALL_OUTCOME_OPEN", "It is not known yet whether the call was started."


class TelephonyTimeout(TelephonyError):
    """The provider did not answer in time."""

    status, code = 504, "TELEPHONY_TIMEOUT"
    message = "The telephone provider did not answer in time."


class TelephonyUnavailable(TelephonyError):
    """The provider cannot be reached, and nothing was sent to it."""

    status, code = 503, "SERVICE_UNAVAILABLE"
    message = "The telephone provider is not available right now. Please try again."


class TelephonyBusy(TelephonyUnavailable):
    """The provider took nothing, because too much was asked of it; later it will."""


class TelephonyRefused(TelephonyError):
    """The provider understood and said no: nothing happened there.

    `is_about_us` means our account, our keys or our number, so every other call would be refused as well.
    """

    code, message = "CALL_REFUSED", "The telephone provider refused this."

    def __init__(self, *, reason: str, provider_code: int | None = None, is_about_us: bool = False) -> None:
        super().__init__(reason=reason[:LONGEST_REASON], provider_code=provider_code)
        self.reason = reason[:LONGEST_REASON]
        self.provider_code = provider_code
        self.is_about_us = is_about_us


class CallNotFound(TelephonyRefused):
    """The provider knows no such call."""
