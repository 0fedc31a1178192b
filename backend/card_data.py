"""Keeps card numbers and security codes out, wherever in a request they hide."""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import unquote_plus

from backend.errors import RawCardDataRejected
from backend.logs import is_card_number

SHORTEST, LONGEST = 13, 19
_LEAST, _TOO_MUCH = 10 ** (SHORTEST - 1), 10**LONGEST

# Digits between non-word characters, in groups with spaces and dashes between them. Possessive, so that
# the time it takes grows with the length of the text and no faster.
_GAP = r"[\s\u2010-\u2015\u2212-]{1,3}+"
_RUN = re.compile(rf"(?<!\w)\d++(?!\w)(?:{_GAP}\d++(?!\w))*+")
_GROUP = re.compile(r"\d+")
_UUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)
# As cards are printed; so one is seen between other numbers, such as its expiry and security code.
_PRINTED = {
    *((4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (6, 13)),
    *((4, 4, 4, rest) for rest in (1, 2, 3)),
    *((4, 4, 4, 4, rest) for rest in (1, 2, 3)),
    *((digits,) for digits in range(SHORTEST, LONGEST + 1)),
}
_MOST_GROUPS = 5

_NAMES = {
    *("pan", "primaryaccountnumber", "csc", "cvn", "cvn2"),
    *("ccnumber", "ccnum", "ccno", "cardnum", "track1", "track2", "track1data", "track2data", "trackdata"),
}
_NAME_ENDINGS = ("cardnumber", "cardno", "securitycode")
_NAME_PARTS = ("cvv", "cvc", "cardverification")
_ENCODINGS = 3  # How often a text may be percent-encoded over and over.


def refuse_card_data(value: Any) -> None:
    """Raise RawCardDataRejected when decoded JSON holds a card number or a security code anywhere."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            _refuse(any(_names_card_data(str(key)) and _is_data(content) for key, content in item.items()))
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
        else:
            _refuse(_is_card(item))


def _refuse(is_found: bool) -> None:
    if is_found:
        raise RawCardDataRejected  # Without a word about where or what: answers and logs must not repeat it.


def _names_card_data(key: str) -> bool:
    name = "".join(character for character in _plain(key).casefold() if character.isalnum())
    return name in _NAMES or name.endswith(_NAME_ENDINGS) or any(part in name for part in _NAME_PARTS)


def _is_data(content: Any) -> bool:
    """Tell content from its absence; a yes or no, as in `cvv_required`, is no security code."""
    if isinstance(content, str):
        return bool(content.strip())
    return content is not None and not isinstance(content, bool) and content not in ([], {})


def _is_card(value: Any) -> bool:
    if isinstance(value, str):
        if len(value) < SHORTEST and value.isascii():
            return False
        return any(_has_card_number(reading) for reading in _readings(value))
    if isinstance(value, Decimal) and (not value.is_finite() or value.adjusted() > LONGEST):
        return False
    if isinstance(value, int | float | Decimal) and _LEAST <= abs(value) < _TOO_MUCH:
        return value == int(value) and is_card_number(str(abs(int(value))))
    return False


def _readings(text: str) -> Iterator[str]:
    """Give a text in plain characters, as it is and with percent-encoding undone."""
    yield _plain(text)
    for _ in range(_ENCODINGS):
        decoded = unquote_plus(text)
        if decoded == text:
            return
        text = decoded
        yield _plain(text)


def _plain(text: str) -> str:
    """Write full-width and other fancy characters plainly, without what cannot be seen."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text)
    return "".join(character for character in plain if unicodedata.category(character) != "Cf")


def _has_card_number(text: str) -> bool:
    """Look at each run of digits as a whole and, when it is in groups, for a card among them."""
    runs = (_GROUP.findall(run[0]) for run in _RUN.finditer(_UUID.sub(".", text)))
    return any(is_card_number("".join(groups)) or _has_printed_card(groups) for groups in runs)


def _has_printed_card(groups: list[str]) -> bool:
    sizes = [len(group) for group in groups]
    return any(
        tuple(sizes[start:end]) in _PRINTED and is_card_number("".join(groups[start:end]))
        for start in range(len(groups))
        for end in range(start + 1, start + _MOST_GROUPS + 1)
    )
