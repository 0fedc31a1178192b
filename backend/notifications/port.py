"""What every way to reach a customer takes, gives back and promises."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message in its final words.

    `template` and `parameters` are for channels that send only texts registered beforehand, the parameters
    in the order of the text. Without a template, the text is sent as it is.
    """

    id: str
    to: str
    template: str
    language: str
    subject: str
    text: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was taken by the channel, and what it calls it; whether it arrives is told later, if ever."""

    provider_id: str | None


class Channel(Protocol):
    """A way to reach a customer; safe to share between threads."""

    name: str

    def send(self, message: Message) -> Sent:
        """Hand a message over; raises DeliveryFailed (never try again) or DeliveryDelayed (try later)."""
        ...
