"""What each test card does; only its last digits are ever kept."""

from dataclasses import dataclass

_NETWORKS = (("4", "Visa"), ("5", "MasterCard"), ("2", "MasterCard"), ("37", "American Express"))
_RUPAY = ("60", "65", "81", "82", "508")
_DECLINED = {"4100280000060003", "4100280006000003", "4000000000000002"}
_NO_FUNDS = {"4100280000080001", "4100280008000001"}
_KNOWN = {"4111111111111111", "4100280000001007", "5500670000001002", "6527658900001005"}


@dataclass(frozen=True)
class Card:
    """What the sandbox keeps of a card, and how paying with it ends."""

    last4: str
    network: str
    reason: str | None  # Why it fails; None means that it works.


def read(number: str) -> Card | None:
    """Tell what a card does; None means that there is no such card."""
    digits = "".join(number.split()).replace("-", "")
    if not digits.isascii() or not digits.isdigit() or not 12 <= len(digits) <= 19:
        return None
    tested = _KNOWN | _DECLINED | _NO_FUNDS
    if digits not in tested and not _passes_check(digits):
        return None
    reason = "card_declined" if digits in _DECLINED else "insufficient_funds" if digits in _NO_FUNDS else None
    return Card(last4=digits[-4:], network=_network(digits), reason=reason)


def _network(digits: str) -> str:
    if digits.startswith(_RUPAY):
        return "RuPay"
    return next((name for prefix, name in _NETWORKS if digits.startswith(prefix)), "Unknown")


def _passes_check(digits: str) -> bool:
    """Apply Luhn's check."""
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0
