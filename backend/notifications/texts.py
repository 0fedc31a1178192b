"""Puts what has happened into words for a customer, in their language.

A text that changes needs a new version in the name of its template, because WhatsApp sends only what was
registered under that name. `docs/messages.md` lists what to register.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from types import ModuleType
from typing import Any

from backend.money import for_people
from backend.notifications import texts_en, texts_hi
from backend.notifications.errors import NoText

DEFAULT_LANGUAGE = "en"
LANGUAGES: Mapping[str, ModuleType] = {DEFAULT_LANGUAGE: texts_en, "hi": texts_hi}
TEMPLATES = {
    "wallet.topped_up": "batua_topup_received_v1",
    "order.paid": "batua_order_paid_v1",
    "refund.completed": "batua_refund_completed_v1",
    "payment.failed": "batua_payment_failed_v1",
    "wallet.low_balance": "batua_low_balance_v1",
    "wallet.late_payment_credited": "batua_late_payment_credited_v1",
    "campaign.paused": "batua_campaign_paused_v1",
}
# The first of these that an event names is what a customer can quote.
REFERENCES = ("order_id", "payment_id", "refund_id", "transaction_id")
LONGEST_VALUE = 60

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What a customer is told; the parameters stand in the order in which the text names them."""

    template: str
    language: str
    subject: str
    text: str
    parameters: tuple[str, ...]


def is_for_customers(event_type: str) -> bool:
    """Tell whether there are words for this event."""
    return event_type in TEMPLATES


def render(event_type: str, language: str | None, data: Data, *, shop_name: str) -> Rendered:
    """Say it; raises NoText for an event that no customer is told of, or that lacks what is to be told.

    A language that we do not speak becomes English.
    """
    if not is_for_customers(event_type):
        raise NoText(event_type=event_type)
    known = known_language(language)
    words = LANGUAGES[known]
    text, subject = words.TEXTS[event_type], words.SUBJECTS[event_type]
    values = {
        name: _value(name, event_type=event_type, data=data, words=words, shop_name=shop_name)
        for name in placeholders(text + subject)
    }
    return Rendered(
        template=TEMPLATES[event_type],
        language=known,
        subject=subject.format_map(values),
        text=text.format_map(values),
        parameters=tuple(values[name] for name in placeholders(text)),
    )


def known_language(language: str | None) -> str:
    """Find the language that is spoken to somebody who asks for this one, such as hi-IN."""
    wanted = (language or "").replace("_", "-").split("-")[0].lower()
    return wanted if wanted in LANGUAGES else DEFAULT_LANGUAGE


def placeholders(text: str) -> tuple[str, ...]:
    """Name what a text leaves open, in the order in which it does."""
    return tuple(dict.fromkeys(name for _, name, _, _ in Formatter().parse(text) if name))


def template_body(event_type: str, language: str) -> str:
    """Write a text the way it is registered with Meta: with {{1}}, {{2}} and so on."""
    text: str = LANGUAGES[language].TEXTS[event_type]
    return text.format_map({name: f"{{{{{n}}}}}" for n, name in enumerate(placeholders(text), start=1)})


def _value(name: str, *, event_type: str, data: Data, words: ModuleType, shop_name: str) -> str:
    try:
        return _VALUES[name](data, words) if name != "shop" else _plain(shop_name)
    except KeyError as error:
        raise NoText(event_type=event_type, missing=str(error.args[0])) from error


def _money(field: str) -> Callable[[Data, ModuleType], str]:
    return lambda data, _: for_people(data[field], currency=data["currency"])


def _first_of(*names: str) -> Callable[[Data, ModuleType], str]:
    """Take the first of these fields that has a value."""

    def value(data: Data, _: ModuleType) -> str:
        found = next((data[name] for name in names if data.get(name)), None)
        if found is None:
            raise KeyError(names[0])
        return _plain(str(found))

    return value


def _plain(text: str) -> str:
    """Bring a text onto one line, as channels want it."""
    return " ".join(text.split())[:LONGEST_VALUE]


_VALUES: Mapping[str, Callable[[Data, ModuleType], str]] = {
    "amount": _money("amount"),
    "balance": _money("balance"),
    "order": _first_of("order_id"),
    "reference": _first_of(*REFERENCES),
    "campaign": _first_of("campaign_name", "name", "campaign_id"),
    "destination": lambda data, words: words.DESTINATIONS[data["destination"]],
}
