"""Makes identifiers that look like the real ones."""

import secrets
import string
import uuid

_LETTERS_AND_DIGITS = string.ascii_letters + string.digits
_UPPER_AND_DIGITS = string.ascii_uppercase + string.digits


def razorpay(prefix: str) -> str:
    """Make an id such as "order_" with 14 letters and digits."""
    return f"{prefix}_{_random(_LETTERS_AND_DIGITS, 14)}"


def razorpay_event() -> str:
    """Make the id by which an event is known when it comes twice."""
    return _random(_LETTERS_AND_DIGITS, 14)


def paypal() -> str:
    """Make an id of 17 capitals and digits, as orders, captures and refunds have."""
    return _random(_UPPER_AND_DIGITS, 17)


def paypal_event() -> str:
    """Make the id of a PayPal event, such as "WH-…-…"."""
    return f"WH-{paypal()}-{paypal()}"


def paypal_payer() -> str:
    """Make the id of a PayPal account."""
    return _random(_UPPER_AND_DIGITS, 13)


def vault() -> str:
    """Make the id of something in PayPal's vault."""
    return _random(string.ascii_lowercase + string.digits, 17)


def debug() -> str:
    """Make the id by which PayPal finds a request again."""
    return secrets.token_hex(7)[:13]


def digits(length: int) -> str:
    """Make a number of so many digits, such as a bank's reference."""
    return _random(string.digits, length)


def twilio(prefix: str) -> str:
    """Make an id such as "CA" with 32 hexadecimal digits."""
    return f"{prefix}{uuid.uuid4().hex}"


def whatsapp() -> str:
    """Make the id of a WhatsApp message."""
    return f"wamid.{secrets.token_urlsafe(36)}"


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
