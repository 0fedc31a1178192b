"""Twilio as the sandbox plays it, with a shop's server that hears its reports."""

from typing import Any
from urllib.parse import parse_qsl

from backend.gateways.resilience import Line
from backend.sandbox import keys
from backend.telephony.port import CallStatus
from backend.telephony.settings import TelephonySettings
from backend.telephony.twilio import Twilio
from backend.telephony.twilio_callbacks import SIGNATURE
from tests.gateways.controls import HANGS_FOR_SECONDS, Controls, quick_line
from tests.gateways.local_servers import LocalServer
from tests.telephony.contract_exchange import SECRET, Heard, Started

API = "^/2010-04-01/"
_ACTIONS = {
    CallStatus.COMPLETED: "complete",
    CallStatus.BUSY: "busy",
    CallStatus.NO_ANSWER: "no-answer",
    CallStatus.FAILED: "fail",
}


def twilio(url: str, *, line: Line | None = None, **changes: Any) -> Twilio:
    values: dict[str, Any] = {
        "account_sid": keys.TWILIO_ACCOUNT_SID,
        "auth_token": keys.TWILIO_AUTH_TOKEN,
        "from_number": keys.TWILIO_FROM_NUMBER,
        "api_url": url,
    }
    return Twilio(TelephonySettings(**(values | changes)), line=line or quick_line("twilio"))


class SandboxExchange:
    """Plays the people who are called, and the network."""

    name = "twilio"

    def __init__(self, sandbox: Controls, shop: LocalServer) -> None:
        self.sandbox, self.shop = sandbox, shop
        self.telephony = twilio(sandbox.url)
        self.status_url = f"{shop.url}/webhooks/telephony"

    def started(self) -> list[Started]:
        books = self.sandbox.books()
        limits = {one["sid"]: one["time_limit"] for one in books["call_callbacks"]}
        return [Started(one["sid"], one["to"], limits[one["sid"]]) for one in books["calls"]]

    def rings(self, call_id: str) -> None:
        self.sandbox.post(f"twilio/calls/{call_id}/ringing")

    def is_answered(self, call_id: str) -> None:
        self.sandbox.post(f"twilio/calls/{call_id}/answer")

    def ends(self, call_id: str, how: CallStatus, *, seconds: int = 0) -> None:
        self.sandbox.post(f"twilio/calls/{call_id}/{_ACTIONS[how]}", duration=seconds)

    def breaks(self, kind: str, *, times: int = 1) -> None:
        self.sandbox.fault(API, kind, seconds=HANGS_FOR_SECONDS, times=times)

    def heard(self) -> list[Heard]:
        self.sandbox.post("webhooks/flush")
        return [
            Heard(
                self.shop.url + asked.path,
                parse_qsl(asked.body.decode(), keep_blank_values=True),
                asked.headers[SIGNATURE],
            )
            for asked in self.shop.asked
        ]

    def nobody_listens(self) -> Twilio:
        return twilio("http://127.0.0.1:1")

    def refuses_us(self) -> Twilio:
        return twilio(self.sandbox.url, auth_token=SECRET)
