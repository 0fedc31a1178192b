"""How a gateway can fail; adapters raise these and nothing of their SDKs'."""

from backend.errors import AppError, ServiceUnavailable


class InvalidSignature(AppError):
    """What the browser brought back is not what the gateway gave it."""

    status, code, message = 400, "INVALID_SIGNATURE", "The payment's signature is not right."


class WebhookSignatureInvalid(AppError):
    """A webhook that the gateway did not send."""

    status, code, message = 401, "INVALID_SIGNATURE", "The signature is missing or wrong."


class NotConfigured(ServiceUnavailable):
    """The installation has no account with the gateway asked for."""

    message = "This payment gateway is not configured."


class GatewayError(AppError):
    """The gateway failed; what happened there is not known."""

    status, code, message = 502, "GATEWAY_ERROR", "The payment gateway had a problem. Please try again."


class GatewayBusy(GatewayError):
    """The gateway is at work on the same request already, so it is well; the outcome comes later."""

    message = "The payment gateway is still working on this. Please try again in a moment."


class GatewayRefused(GatewayError):
    """The gateway understood and said no: nothing happened there."""

    message = "The payment gateway refused this."


class GatewayNotFound(GatewayRefused):
    """The gateway knows no such thing."""

    message = "The payment gateway does not know this."


class GatewayTimeout(GatewayError):
    """The gateway did not answer in time; what happened there is not known."""

    status, code, message = 504, "GATEWAY_TIMEOUT", "The payment gateway did not answer in time."


class GatewayUnavailable(GatewayError):
    """The gateway cannot be reached, and nothing was sent to it."""

    status, code = 503, "SERVICE_UNAVAILABLE"
    message = "The payment gateway is not available right now. Please try again."
