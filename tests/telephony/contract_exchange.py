"""A provider of calls under test: the adapter, the look-alike behind it, and what the shop hears."""

from dataclasses import dataclass
from typing import Any, Protocol

from backend.telephony.port import CallReport, CallRequest, CallStatus, Fields, Telephony

NUMBER = "+919876543210"
SECRET = "hunter2"


@dataclass(frozen=True)
class Started:
    """A call as the provider has it in its books."""

    id: str
    to_number: str
    max_seconds: int


@dataclass(frozen=True)
class Heard:
    """A report as it arrived."""

    url: str
    fields: Fields
    signature: str


class Exchange(Protocol):
    """A provider under test."""

    telephony: Telephony
    name: str
    status_url: str

    def started(self) -> list[Started]: ...

    def rings(self, call_id: str) -> None: ...

    def is_answered(self, call_id: str) -> None: ...

    def ends(self, call_id: str, how: CallStatus, *, seconds: int = 0) -> None: ...

    def breaks(self, kind: str, *, times: int = 1) -> None: ...

    def heard(self) -> list[Heard]: ...

    def nobody_listens(self) -> Telephony: ...

    def refuses_us(self) -> Telephony: ...


def request(exchange: Exchange, **changes: Any) -> CallRequest:
    values: dict[str, Any] = {
        "call_id": "call_1",
        "to_number": NUMBER,
        "kb_id": "kb_1",
        "max_seconds": 120,
        "status_url": exchange.status_url,
        "answer_url": "https://voice.example.in/answer",
    }
    return CallRequest(**(values | changes))


def reports(exchange: Exchange) -> list[CallReport]:
    """Read all that the provider has told."""
    read = [exchange.telephony.read_report(one.url, one.fields, one.signature) for one in exchange.heard()]
    return [one for one in read if one]
