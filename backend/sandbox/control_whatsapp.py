"""Controls that play Meta and the person who gets messages."""

from flask import Response, jsonify

from backend.sandbox import control_wire as control
from backend.sandbox import whatsapp_templates
from backend.sandbox.faults import Fault
from backend.sandbox.state import here
from backend.sandbox.whatsapp_api import report
from backend.sandbox.whatsapp_errors import error_body

whatsapp_controls = control.control_blueprint("control_whatsapp", "/whatsapp")

_STATUSES = ("sent", "delivered", "read", "failed")


@whatsapp_controls.post("/templates")
def register_template() -> Response:
    """Register a template; from then on only registered ones are taken."""
    sent = control.body()
    name, language, parameters = (sent.get(field) for field in ("name", "language", "parameters"))
    if not isinstance(name, str) or not isinstance(language, str) or not isinstance(parameters, int):
        control.refuse("a template has a name, a language and a number of parameters")
    return jsonify(whatsapp_templates.register(name, language, parameters))


@whatsapp_controls.post("/refuse")
def refuse_messages() -> Response:
    """Refuse the next messages with any of Meta's error codes."""
    sent = control.body()
    code, status, times = sent.get("code"), sent.get("status", 400), sent.get("times", 1)
    if not all(isinstance(number, int) for number in (code, status, times)):
        control.refuse("code, status and times are numbers")
    body = error_body(int(code or 0), str(sent.get("message", "Refused")))
    fault = Fault(kind="error", provider="whatsapp", status=status, times=times, body=body)
    here().faults.add(fault)
    return jsonify(vars(fault))


@whatsapp_controls.post("/messages/<message_id>/<status>")
def report_status(message_id: str, status: str) -> Response:
    """Report what became of a message."""
    message, sent = control.find(here().books.messages, message_id), control.body()
    control.choice({"status": status}, "status", _STATUSES)
    code = sent.get("code", 131026)
    if not isinstance(code, int):
        control.refuse("code is a number")
    report(message, status, code=code)
    return jsonify(message)
