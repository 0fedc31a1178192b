"""Brings phone numbers, however they were typed, into the one form that WhatsApp knows people by."""

import re

from backend.notifications.errors import DeliveryFailed

INDIA = "91"
_DECORATION = re.compile(r"[\s().\-\u2010-\u2013\u2060\u200e\u202a\u202c]+")
_INDIAN_MOBILE = re.compile(r"0?([6-9][0-9]{9})")
# Many write the 0 of national calls after the country's code, too.
_INDIAN_WITH_ZERO = re.compile(r"910([6-9][0-9]{9})")
_INTERNATIONAL = re.compile(r"[1-9][0-9]{7,14}")


class BadNumber(DeliveryFailed):
    """This is no phone number."""

    def __init__(self) -> None:
        super().__init__(reason="not a phone number")


def international(number: str) -> str:
    """Give the digits from the country's code on; an Indian mobile number may come without it."""
    bare = _DECORATION.sub("", number)
    has_prefix = bare.startswith(("+", "00"))
    digits = bare.removeprefix("+") if bare.startswith("+") else bare.removeprefix("00")
    indian = _INDIAN_WITH_ZERO.fullmatch(digits) or (not has_prefix and _INDIAN_MOBILE.fullmatch(digits))
    if indian:
        return INDIA + indian[1]
    if not _INTERNATIONAL.fullmatch(digits) or (len(digits) <= 10 and not has_prefix):
        raise BadNumber
    return digits
