"""Twilio's Calls."""

import re
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, jsonify, request

from backend.sandbox import ids, keys
from backend.sandbox import twilio_switchboard as switchboard
from backend.sandbox.books import Document
from backend.sandbox.state import here

twilio = Blueprint("twilio", __name__, url_prefix="/2010-04-01/Accounts/<account_sid>")

_NUMBER = re.compile(r"\+[1-9][0-9]{7,14}")
_LONGEST_TWIML = 4000
_SOURCES = ("Url", "Twiml", "ApplicationSid")
_FILTERS = ("To", "From", "Status")


class TwilioError(Exception):
    """A refusal, as Twilio words it."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@twilio.errorhandler(TwilioError)
def answer_refusal(error: TwilioError) -> tuple[Response, int]:
    """Answer a refusal."""
    more = f"https://www.twilio.com/docs/errors/{error.code}"
    said = {"code": error.code, "message": error.message, "more_info": more, "status": error.status}
    return jsonify(said), error.status


@twilio.url_value_preprocessor
def read_account(_: str | None, values: dict[str, Any] | None) -> None:
    """Take the account out of the address, where every path has it."""
    g.account_sid = (values or {}).pop("account_sid", None)


@twilio.before_request
def require_account() -> None:
    """Refuse whoever does not show the account's token."""
    given = request.authorization
    shown = (given.username, given.password) if given else None
    wanted = (keys.TWILIO_ACCOUNT_SID, keys.TWILIO_AUTH_TOKEN)
    if shown != wanted or g.account_sid != keys.TWILIO_ACCOUNT_SID:
        raise TwilioError(401, 20003, "Authenticate")


@twilio.post("/Calls.json")
def create_call() -> tuple[Response, int]:
    """Start a call, which is dialled when a control says so."""
    _check()
    form = request.form
    call: Document = {
        "sid": ids.twilio("CA"),
        "account_sid": keys.TWILIO_ACCOUNT_SID,
        "to": form["To"],
        "from": form["From"],
        "status": "queued",
        "direction": "outbound-api",
        "duration": None,
        "price": None,
        "price_unit": "USD",
        "date_created": switchboard.now(),
        "start_time": None,
        "end_time": None,
        "api_version": "2010-04-01",
        "answered_by": None,
    }
    call["uri"] = f"/2010-04-01/Accounts/{keys.TWILIO_ACCOUNT_SID}/Calls/{call['sid']}.json"
    here().books.calls[call["sid"]] = call
    here().books.call_callbacks[call["sid"]] = {
        "sid": call["sid"],
        "url": form.get("StatusCallback"),
        "events": form.getlist("StatusCallbackEvent") or ["completed"],
        "time_limit": int(form.get("TimeLimit") or switchboard.LONGEST_CALL_SECONDS),
        "sequence": 0,
    }
    switchboard.report(call, "initiated")
    return jsonify(call), 201


def _check() -> None:
    form = request.form
    if not form.get("To"):
        raise TwilioError(400, 21201, "No 'To' number is specified")
    if not form.get("From"):
        raise TwilioError(400, 21213, "No 'From' number is specified")
    if not _NUMBER.fullmatch(form["To"]):
        raise TwilioError(
            400, 21211, f"The phone number you are attempting to call, {form['To']}, is not valid."
        )
    if form["From"] != keys.TWILIO_FROM_NUMBER:
        raise TwilioError(
            400, 21210, f"The source phone number provided, {form['From']}, is not yet verified."
        )
    if not any(form.get(name) for name in _SOURCES):
        raise TwilioError(400, 21205, "Url parameter is required.")
    if len(form.get("Twiml", "")) > _LONGEST_TWIML:
        raise TwilioError(400, 21622, "Twiml parameter is too long.")
    limit = form.get("TimeLimit", "1")
    if not limit.isdecimal() or not 1 <= int(limit) <= switchboard.LONGEST_CALL_SECONDS:
        raise TwilioError(400, 21218, "Invalid TimeLimit")


@twilio.get("/Calls.json")
def list_calls() -> Response:
    """List calls, newest first, by page."""
    asked = {name.lower(): request.args[name] for name in _FILTERS if request.args.get(name)}
    calls = [call for call in here().books.calls.values() if asked.items() <= call.items()][::-1]
    size, number = int(request.args.get("PageSize", 50)), int(request.args.get("Page", 0))
    begin, end = number * size, (number + 1) * size
    query = urlencode(request.args.to_dict() | {"Page": number + 1})
    following = f"{request.path}?{query}" if end < len(calls) else None
    return jsonify({"calls": calls[begin:end], "next_page_uri": following})


@twilio.get("/Calls/<sid>.json")
def get_call(sid: str) -> Response:
    """Give one call."""
    return jsonify(_call(sid))


@twilio.post("/Calls/<sid>.json")
def update_call(sid: str) -> Response:
    """End a call."""
    call, status = _call(sid), request.form.get("Status")
    if status not in ("completed", "canceled"):
        raise TwilioError(400, 20001, "Status must be completed or canceled")
    if call["status"] in switchboard.ENDED:
        raise TwilioError(400, 21220, "Call is not in-progress. Cannot redirect.")
    if call["status"] == "in-progress":
        switchboard.end(call, "completed")
    else:
        switchboard.end(call, "canceled")
    return jsonify(call)


def _call(sid: str) -> Document:
    if sid not in here().books.calls:
        raise TwilioError(404, 20404, f"The requested resource {request.path} was not found")
    return here().books.calls[sid]
