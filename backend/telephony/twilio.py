"""Makes telephone calls through Twilio's Voice API.

Twilio's own package is left out: four requests need none of its many modules, and it knows one host only.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from backend.errors import Invalid
from backend.gateways.errors import GatewayError
from backend.gateways.outgoing import Outgoing
from backend.gateways.resilience import Line
from backend.telephony import twilio_answers as answers
from backend.telephony import twilio_callbacks as callbacks
from backend.telephony.errors import (
    CallOutcomeOpen,
    TelephonyError,
    TelephonyRefused,
    TelephonyUnavailable,
)
from backend.telephony.port import CallReport, CallRequest, Fields, ProviderCall
from backend.telephony.settings import TelephonySettings, is_e164

EVENTS = ("initiated", "ringing", "answered", "completed")
RING_SECONDS = 60
LONGEST_CALL_SECONDS = 14_400  # Twilio's own limit; what is longer would be refused.
PAGE_SIZE = 100


class Twilio:
    """The way to call customers; one for the whole process, because it knows how well Twilio is."""

    name = "twilio"

    def __init__(self, settings: TelephonySettings, *, line: Line | None = None) -> None:
        self._settings = settings
        self._line = line or Line(self.name)
        self._outgoing = Outgoing(timeout=self._line.patience.timeout)
        self._calls = f"/2010-04-01/Accounts/{quote(settings.account_sid, safe='')}/Calls"
        keys = f"{settings.account_sid}:{settings.auth_token}".encode()
        self._headers = {
            "Authorization": f"Basic {base64.b64encode(keys).decode()}",
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def start(self, request: CallRequest) -> ProviderCall:
        """Call somebody; Twilio knows no idempotency keys, so this is sent once."""
        if not is_e164(request.to_number):
            raise TelephonyRefused(reason="not a telephone number")
        if request.max_seconds < 1:  # Twilio would take its own limit, of hours.
            raise Invalid("A call needs time.", max_seconds=request.max_seconds)
        try:
            body = self._send("start", "POST", f"{self._calls}.json", form=self._form(request))
            return answers.call(body)
        except (TelephonyRefused, TelephonyUnavailable):
            raise
        except TelephonyError as error:
            raise CallOutcomeOpen(call_id=request.call_id) from error

    def fetch(self, provider_id: str) -> ProviderCall:
        """Ask how a call stands."""
        return answers.call(self._send("fetch", "GET", self._path(provider_id), is_repeatable=True))

    def hang_up(self, provider_id: str) -> ProviderCall:
        """End a call, be it ringing or talking; repeated, it does nothing more."""
        form = {"Status": "completed"}
        try:
            body = self._send("hang_up", "POST", self._path(provider_id), form=form, is_repeatable=True)
        except TelephonyRefused as error:
            if error.provider_code != answers.NOT_IN_PROGRESS:
                raise
            return self.fetch(provider_id)
        return answers.call(body)

    def calls_to(self, to_number: str, *, since: datetime) -> list[ProviderCall]:
        """List the latest calls to a number.

        Twilio is not asked for times: it filters by the day of the start, which waiting calls do not have.
        """
        found: list[ProviderCall] = []
        since = since.replace(microsecond=0)  # Twilio's times are whole seconds.
        query = {"To": to_number, "From": self._settings.from_number, "PageSize": PAGE_SIZE}
        path: str | None = f"{self._calls}.json?{urlencode(query)}"
        while path:
            calls, path = answers.page(self._send("list", "GET", path, is_repeatable=True), of=self._calls)
            recent = [one for one in calls if one.created_at is None or one.created_at >= since]
            found += recent
            if len(recent) < len(calls):
                break
        return found

    def read_report(self, url: str, fields: Fields, signature: str | None) -> CallReport | None:
        """Read what Twilio posts to a call's status_url."""
        callbacks.check_signature(url, fields, signature, auth_token=self._settings.auth_token)
        return callbacks.report(url, fields, account_sid=self._settings.account_sid)

    def _path(self, provider_id: str) -> str:
        return f"{self._calls}/{quote(provider_id, safe='')}.json"

    def _form(self, request: CallRequest) -> dict[str, Any]:
        """Describe a call; our ids come back in the addresses, because Twilio keeps no reference of ours."""
        return {
            "To": request.to_number,
            "From": self._settings.from_number,
            "Url": callbacks.with_query(request.answer_url, call_id=request.call_id, kb_id=request.kb_id),
            "Method": "POST",
            "StatusCallback": callbacks.with_query(request.status_url, call_id=request.call_id),
            "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": EVENTS,
            "TimeLimit": min(request.max_seconds, LONGEST_CALL_SECONDS),
            "Timeout": RING_SECONDS,
        }

    def _send(
        self,
        what: str,
        method: str,
        path: str,
        *,
        form: Mapping[str, Any] | None = None,
        is_repeatable: bool = False,
    ) -> dict[str, Any]:
        """Make an API call; raises TelephonyError or one of its kinds for all but a good answer."""
        url = self._settings.api_url + path
        data = urlencode(form, doseq=True).encode() if form else None

        def send() -> dict[str, Any]:
            return answers.body(self._outgoing.send(method, url, headers=self._headers, data=data))

        try:
            return self._line.call(what, send, is_repeatable=is_repeatable)
        except GatewayError as error:
            raise answers.meaning(error) from error
